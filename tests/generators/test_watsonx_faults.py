from __future__ import annotations

import asyncio
import traceback

import pytest
from watsonx_calls import certificates_fixture, no_environment, stand_in_fixture  # noqa: F401
from watsonx_calls import (
    HELLO,
    asked,
    chat,
    failure_of,
    generator,
)

from fms_dgt.errors import (
    BadResponse,
    ConnectionFailed,
    EveryCallFails,
    GeneratorError,
    Overloaded,
    RequestRefused,
    Unreachable,
)
from fms_dgt.testing import Fault
from fms_dgt.testing.watsonx_server import error_payload


@pytest.mark.parametrize("status", [401, 429, 500, 502, 503, 504, 520, 524])
async def test_nothing_is_tried_again_below_us(stand_in, monkeypatch, status):
    monkeypatch.setenv("WATSONX_MAX_RETRIES", "3")
    async with stand_in(faults=lambda *_: Fault(status=status)) as server:
        with pytest.raises(GeneratorError):
            await asked(server)
        assert len(server.requests) == 1


async def test_more_calls_than_the_sdk_would_let_through(stand_in):
    """The SDK's own bucket would need 24 s for these, its ten connections 20."""
    async with stand_in(service=1.0) as server:
        one = generator(server)
        await one.open()
        await asyncio.gather(*(one.generate(HELLO) for _ in range(200)))
        await one.close()
        arrived = [request.arrived for request in server.requests]
    assert server.ledger.peak > 100
    assert len(arrived) / (max(arrived) - min(arrived)) > 8 * 3


async def test_refusals_do_not_slow_down_what_follows(stand_in):
    faults = lambda _, number: Fault(status=429) if number % 2 else None
    async with stand_in(faults=faults) as server:
        one = generator(server)
        await one.open()
        ended = await asyncio.gather(*(one.generate(HELLO) for _ in range(100)), return_exceptions=True)
        await one.close()
        arrived = [request.arrived for request in server.requests]
    assert sorted(type(end).__name__ for end in ended) == ["Completion"] * 50 + ["Overloaded"] * 50
    assert len(arrived) / (max(arrived) - min(arrived)) > 8 * 3


async def test_a_server_that_is_not_vouched_for(stand_in):
    server = stand_in()
    failed = await failure_of(server, verify=True)
    assert type(failed) is EveryCallFails
    assert "has a certificate that is not trusted: " in str(failed)
    assert server.sign_ins == 0


async def test_trust_may_be_waived(stand_in, monkeypatch):
    async with stand_in() as server:
        assert (await asked(server, verify=False)).text == "hello"
        monkeypatch.setenv("WX_CLIENT_VERIFY_REQUESTS", str(server.certificates.ca))
        assert (await asked(server, verify=None)).text == "hello"


async def test_a_proxy_of_the_environment_is_used(stand_in, monkeypatch):
    async with stand_in() as server:
        one = generator(server)
        await one.open()
        await one.generate(HELLO)
        await one.close()
        await one.open()
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        with pytest.raises(ConnectionFailed):
            await one.generate(HELLO)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        await one.close()
        assert (await asked(server)).text == "hello"


@pytest.mark.parametrize(("status", "kind"), [(407, EveryCallFails), (502, ConnectionFailed)])
async def test_a_proxy_that_refuses_shows_no_password(stand_in, monkeypatch, status, kind):
    async def refuse(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    proxy = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    async with stand_in() as server:
        token = server.new_token()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter22@127.0.0.1:{port}")
        with pytest.raises(kind, match=f"the proxy on the way to 127.0.0.1 answered {status}: No") as caught:
            await asked(server, api_key=None, token=token)
    proxy.close()
    assert "hunter22" not in "".join(traceback.format_exception(caught.value))


def failing(status: int, code: str, message: str = "x") -> Fault:
    return Fault(status=status, body=error_payload(status, code, message))


FAULTS = [
    (Fault(status=400), RequestRefused, "answered 400: stand-in fault 400"),
    (failing(400, "invalid_input_argument", "too long"), RequestRefused, "answered 400: too long"),
    (failing(400, "model_no_support_for_function"), EveryCallFails, "answered 400: x"),
    (Fault(status=413, body="too long"), RequestRefused, "answered 413: too long"),
    (Fault(status=422), RequestRefused, "answered 422"),
    (failing(401, "authentication_token_expired"), EveryCallFails, "check the key or token"),
    (failing(403, "token_quota_reached"), EveryCallFails, "and its quota"),
    (failing(404, "model_not_supported", "Model 'tiny' is not supported"), EveryCallFails, "this region"),
    (Fault(status=404, body="<!DOCTYPE html>"), EveryCallFails, "answered 404: <!DOCTYPE html>"),
    (Fault(status=302, headers={"Location": "https://elsewhere/"}), EveryCallFails, "answered 302"),
    (Fault(status=408), ConnectionFailed, "answered 408"),
    (Fault(status=409), ConnectionFailed, "answered 409"),
    (Fault(status=429), Overloaded, "answered 429"),
    (Fault(status=503), Overloaded, "answered 503"),
    (Fault(status=500), ConnectionFailed, "answered 500"),
    (Fault(status=502, body="<html>Bad\n\n  Gateway</html>"), ConnectionFailed, "<html>Bad Gateway</html>"),
    (Fault(status=204, body=b""), BadResponse, "answered 204"),
    (Fault(body=b'{"choices": [{"mess'), BadResponse, "sent no valid JSON"),
    (Fault(body=b""), BadResponse, "sent no valid JSON"),
    (Fault(body=b"\xff\xfe\xfa"), BadResponse, "sent no valid JSON"),
    (Fault(body=b"[" * 100_000), BadResponse, "sent no valid JSON"),
    (Fault(body=b"[]"), BadResponse, "of an unknown shape"),
    (Fault(body=b"null"), BadResponse, "of an unknown shape"),
    (Fault(body={"choices": []}), BadResponse, "of an unknown shape"),
    (Fault(body={"choices": [None]}), BadResponse, "of an unknown shape"),
    (Fault(body=chat(message=None)), BadResponse, "of an unknown shape"),
    (Fault(body=chat(message={"content": 7})), BadResponse, "of an unknown shape"),
    (Fault(body=chat(finish_reason=3)), BadResponse, "of an unknown shape"),
    (Fault(body=chat(finish_reason="error")), BadResponse, "broke off the answer"),
    (Fault(body=chat(message={"content": None, "refusal": "I won't."})), RequestRefused, "answer: I won't."),
    (Fault(reset_after=0), ConnectionFailed, "failed: "),
    (Fault(reset_after=40), ConnectionFailed, "failed: "),
    (Fault(raw=b""), ConnectionFailed, "failed: "),
    (Fault(raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), ConnectionFailed, "failed: "),
    (Fault(headers={"Content-Encoding": "gzip"}), ConnectionFailed, "failed: "),
]


@pytest.mark.parametrize(("fault", "kind", "said"), FAULTS)
async def test_faults(stand_in, fault, kind, said):
    server = stand_in(faults=lambda *_: fault)
    failed = await failure_of(server)
    assert type(failed) is kind
    assert said in str(failed)
    assert str(failed).startswith((server.url, "the model refused"))
    assert len(str(failed)) < 500


@pytest.mark.parametrize("fault", [Fault(hang=True), Fault(trickle=0.05)])
async def test_how_long_an_answer_takes_is_the_runners_affair(stand_in, fault):
    async with stand_in(faults=lambda *_: fault) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await asked(server, timeout=0.1)


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7), ("0.5", 0.5), ("-3", 0), ("soon", None), ("nan", None)]
)
async def test_retry_after(stand_in, said, seconds):
    failed = await failure_of(stand_in(faults=lambda *_: Fault(status=429, headers={"Retry-After": said})))
    assert failed.retry_after == seconds


@pytest.mark.parametrize(
    "options",
    [
        {"url": "https://127.0.0.1:9", "auth_url": "https://127.0.0.1:9/identity/token"},
        {"url": "https://127.0.0.1:9", "platform_url": None, "username": "user"},
        {"url": "https://no-such-host.invalid", "auth_url": "https://no-such-host.invalid/identity/token"},
    ],
)
async def test_servers_that_are_not_there(stand_in, options):
    assert type(await failure_of(stand_in(), **options)) is Unreachable


async def test_a_server_that_comes_back(stand_in):
    async with stand_in() as server:
        one = generator(server)
        await one.open()
        assert (await one.generate(HELLO)).text == "hello"
        await server.stop()
        with pytest.raises(ConnectionFailed):
            await one.generate(HELLO)
        await server.start()
        assert (await one.generate(HELLO)).text == "hello"
        await one.close()
