from __future__ import annotations

import asyncio
import json
import ssl
import time
from email.utils import formatdate

import aiohttp
import pytest
from aiohttp import client_exceptions
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from as_engine import as_engine
from yarl import URL

from fms_dgt.core.generator import Completion, Request, shaping
from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode, encode
from fms_dgt.errors import (
    BadResponse,
    ConnectionFailed,
    EveryCallFails,
    GeneratorError,
    Overloaded,
    RequestRefused,
)
from fms_dgt.generators.openai.generator import OpenAIGenerator
from fms_dgt.generators.openai.options import OpenAIOptions
from fms_dgt.generators.openai.wire import translate_errors
from fms_dgt.generators.openai.answers import AnswerReader
from fms_dgt.testing import Answer, Fault, GeneratorContract, ModelServer

KEY = "sk-very-secret-key"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def generator(server: ModelServer, **options) -> OpenAIGenerator:
    given = {"base_url": server.base_url, "model_id_or_path": "tiny", "api_key": KEY, "timeout": 5, **options}
    problems: list = []
    decoded = decode(OpenAIOptions, Node.of(given, "config.yaml"), problems)
    assert decoded is not None, problems
    return as_engine(OpenAIGenerator(decoded))


async def asked(server: ModelServer, request: Request | None = None, **options) -> Completion:
    one = generator(server, **options)
    await one.open()
    try:
        return await one.generate(request or Request(({"role": "user", "content": "Say hello."},), seed=5))
    finally:
        await one.close()


async def asked_of(fault: Fault, **options) -> Completion:
    async with ModelServer(lambda _: "hello", faults=lambda *_: fault) as server:
        return await asked(server, **options)


async def failure_of(fault: Fault, **options) -> GeneratorError:
    with pytest.raises(GeneratorError) as caught:
        await asked_of(fault, **options)
    return caught.value


async def test_what_is_sent():
    messages = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hé \ud83d 你好"})
    request = Request(messages, {"temperature": 0.2, "stop": ["END"]}, seed=2**62)
    async with ModelServer(lambda _: "ok") as server:
        await asked(server, request, temperature=1.0, max_tokens=64, top_p=0.5)
        [one] = server.requests
    assert one.path == "/v1/chat/completions"
    assert one.body == {
        "model": "tiny",
        "messages": list(messages),
        "temperature": 0.2,
        "max_tokens": 64,
        "top_p": 0.5,
        "stop": ["END"],
        "seed": 2**62,
    }


async def test_what_comes_back():
    answer = Answer("Grüße 你好\n", "length", 12, 34, {"reasoning_content": "Hm."})
    async with ModelServer(lambda _: answer) as server:
        assert await asked(server) == Completion("Grüße 你好\n", "length", 12, 34, {"reasoning": "Hm."})


@pytest.mark.parametrize("enforced", [True, False])
async def test_a_schema_is_sent_where_the_server_enforces_it(enforced):
    request = Request(({"role": "user", "content": "x"},), schema={"type": "object"})
    async with ModelServer(lambda _: "{}") as server:
        await asked(server, request, enforce_schema=enforced)
        assert generator(server, enforce_schema=enforced).enforces_schema is enforced
        sent = server.requests[0].body.get("response_format")
    schema = {"name": "reply", "schema": {"type": "object"}, "strict": True}
    assert sent == ({"type": "json_schema", "json_schema": schema} if enforced else None)


async def test_the_key_and_headers_are_sent():
    seen = []
    async with ModelServer(lambda _: "ok", api_key=KEY) as server:
        assert (await asked(server)).text == "ok"
        with pytest.raises(EveryCallFails) as caught:
            await asked(server, api_key="sk-wrong-key")
        seen.append(str(caught.value))
    assert seen == [
        f"{server.base_url} answered 401: Incorrect API key provided; check the key",
    ]


def chat(**choice) -> dict:
    return {
        "choices": [{"message": {"role": "assistant", "content": "x"}, "finish_reason": "stop", **choice}]
    }


def error(message: str, **more) -> dict:
    return {"error": {"message": message, **more}}


STATUSES = [
    (Fault(status=400), RequestRefused, "answered 400: stand-in fault 400"),
    (Fault(status=413, body="too long"), RequestRefused, "answered 413: too long"),
    (Fault(status=422, body={"detail": "no such field"}), RequestRefused, "answered 422: no such field"),
    (Fault(status=401), EveryCallFails, "check the key"),
    (Fault(status=402), EveryCallFails, "answered 402"),
    (Fault(status=403), EveryCallFails, "check what the key may do"),
    (
        Fault(status=404, body=error("The model `tiny` does not exist.")),
        EveryCallFails,
        "check the model's name",
    ),
    (Fault(status=404, body={"detail": "Not Found"}), EveryCallFails, "often in /v1"),
    (Fault(status=400, body=error("x", code="model_not_found")), EveryCallFails, "answered 400"),
    (Fault(status=429, body=error("x", code="insufficient_quota")), EveryCallFails, "answered 429"),
    (Fault(status=403, body=error("x", metadata={"flagged_input": "y"})), RequestRefused, "answered 403"),
    (Fault(status=302, headers={"Location": "https://elsewhere/"}), EveryCallFails, "it has moved"),
    (Fault(status=408), ConnectionFailed, "answered 408"),
    (Fault(status=409), ConnectionFailed, "answered 409"),
    (Fault(status=500), ConnectionFailed, "answered 500"),
    (
        Fault(status=502, body="<html>Bad\n\n  Gateway</html>"),
        ConnectionFailed,
        "502: <html>Bad Gateway</html>",
    ),
    (Fault(status=429), Overloaded, "answered 429"),
    (Fault(status=503), Overloaded, "answered 503"),
    (Fault(status=529), Overloaded, "answered 529"),
    (Fault(status=204, body=b""), BadResponse, "answered 204"),
]

ANSWERS = [
    (Fault(body=b'{"choices": [{"mess'), BadResponse, 'sent no valid JSON: {"choices": [{"mess'),
    (Fault(body=b""), BadResponse, "sent no valid JSON"),
    (Fault(body=b"\xff\xfe\xfa"), BadResponse, "sent no valid JSON"),
    (
        Fault(body='{"choices": [{"message": {"content": "é"}}]}'.encode("latin-1")),
        BadResponse,
        "no valid JSON",
    ),
    (Fault(body=b"[" * 100_000), BadResponse, "sent no valid JSON"),
    (Fault(body=b"[]"), BadResponse, "an answer without choices"),
    (Fault(body=b"null"), BadResponse, "an answer without choices"),
    (Fault(body={"choices": []}), BadResponse, "an answer without choices"),
    (Fault(body={"choices": {"a": 1}}), BadResponse, "of an unknown shape"),
    (Fault(body={"choices": [None]}), BadResponse, "of an unknown shape"),
    (Fault(body=chat(message=None)), BadResponse, "of an unknown shape"),
    (Fault(body=chat(message={"content": 7})), BadResponse, "of an unknown shape"),
    (Fault(body=chat(message={"content": ["x"]})), BadResponse, "of an unknown shape"),
    (Fault(body=chat(finish_reason=3)), BadResponse, "of an unknown shape"),
    (Fault(body=chat(message={"content": None, "refusal": "I won't."})), RequestRefused, "answer: I won't."),
    (Fault(body=chat(message={"content": ""}, finish_reason="content_filter")), RequestRefused, "filtered"),
    (Fault(body=error("slow down", code=429)), Overloaded, "answered 429: slow down"),
    (Fault(body=error("upstream died", code=502)), ConnectionFailed, "answered 502: upstream died"),
    (Fault(body=error("odd")), BadResponse, "without choices"),
]

CONNECTIONS = [
    (Fault(reset_after=0), ConnectionFailed, "broke off in the middle of its answer"),
    (Fault(reset_after=40), ConnectionFailed, "broke off in the middle of its answer"),
    (Fault(raw=b""), ConnectionFailed, "closed the connection without an answer"),
    (Fault(raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), BadResponse, "did not speak HTTP"),
    (Fault(headers={"Content-Encoding": "gzip"}), ConnectionFailed, "failed: "),
]


@pytest.mark.parametrize(("fault", "kind", "said"), STATUSES + ANSWERS + CONNECTIONS)
async def test_faults(fault, kind, said):
    failed = await failure_of(fault)
    assert type(failed) is kind
    assert said in str(failed)
    assert str(failed).startswith(("http://127.0.0.1", "the model refused"))
    assert len(str(failed)) < 500


@pytest.mark.parametrize("fault", [Fault(hang=True), Fault(trickle=0.05)])
async def test_how_long_an_answer_takes_is_the_runners_affair(fault):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await asked_of(fault, timeout=0.1)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (chat(message={"content": None}), ""),
        (chat(message={}), ""),
        (chat(message={"content": ""}), ""),
        (chat(message={"content": "half", "refusal": None}, finish_reason="content_filter"), "half"),
        (chat(message={"content": "a\ud800b 😀"}), "a\ufffdb 😀"),
        (chat(finish_reason=None), "x"),
        ({**chat(), "usage": None}, "x"),
        ({**chat(), "usage": {"prompt_tokens": None}}, "x"),
        ({**chat(), "usage": "many"}, "x"),
        ({**chat(), "usage": {"prompt_tokens": -3, "prompt_tokens_details": [1]}}, "x"),
        ({**chat(), "usage": {"prompt_tokens": 2**70, "completion_tokens": True}}, "x"),
        (chat(message={"content": [{"type": "output_text", "text": "x"}]}), "x"),
        (chat(message={"content": None, "tool_calls": [{}]}, finish_reason="tool_calls"), ""),
        ({**chat(), "choices": chat()["choices"] * 3}, "x"),
    ],
)
async def test_answers_that_are_odd_but_good(body, text):
    completion = await asked_of(Fault(body=body))
    assert completion.text == text
    assert completion.input_tokens == 0


async def test_a_large_answer_and_a_large_request():
    text = "word " * 2_000_000
    async with ModelServer(lambda _: text) as server:
        completion = await asked(server, Request(({"role": "user", "content": text},)))
        assert completion.text == text
        assert server.requests[0].prompt == text


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        ("-3", 0, 0),
        # offsets, not dates: between collecting tests and running them minutes may pass
        (100, 60, 100),
        (-100, 0, 0),
    ],
)
@pytest.mark.parametrize("status", [429, 503, 500])
async def test_retry_after(status, said, low, high):
    when = formatdate(time.time() + said, usegmt=True) if isinstance(said, int) else said
    failed = await failure_of(Fault(status=status, headers={"Retry-After": when}))
    assert failed.retryable
    assert failed.retry_after is not None
    assert low <= failed.retry_after <= high


@pytest.mark.parametrize("said", [None, "", "soon", "nan", "inf", "Fri, 99 Foo"])
async def test_no_retry_after(said):
    headers = {} if said is None else {"Retry-After": said}
    assert (await failure_of(Fault(status=429, headers=headers))).retry_after is None


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:9", ConnectionFailed),
        ("https://no-such-host.invalid/v1", ConnectionFailed),
        ("nonsense", EveryCallFails),
        ("ftp://127.0.0.1/v1", EveryCallFails),
        ("http://127.0.0.1:99999/v1", EveryCallFails),
    ],
)
async def test_servers_that_are_not_there(url, kind):
    with pytest.raises(kind):
        await asked(ModelServer(), base_url=url)


async def test_tls_where_there_is_none():
    async with ModelServer() as server:
        with pytest.raises(ConnectionFailed):
            await asked(server, base_url=server.base_url.replace("http", "https"))


async def test_a_header_that_cannot_be_sent():
    async with ModelServer() as server:
        with pytest.raises(EveryCallFails, match="cannot be called"):
            await asked(server, headers={"X-Project": "a\nb"})


async def test_a_server_that_comes_back():
    server = ModelServer(lambda _: "hello")
    one = generator(server, base_url=None)
    async with server:
        one = generator(server)
        await one.open()
        request = Request(({"role": "user", "content": "x"},))
        assert (await one.generate(request)).text == "hello"
        await server.stop()
        with pytest.raises(ConnectionFailed):
            await one.generate(request)
        await server.start()
        assert (await one.generate(request)).text == "hello"
        await one.close()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=401, body=error(f"Incorrect API key provided: {KEY}")),
        Fault(status=401, body=error(f"key={'in-the-query'} is wrong")),
        Fault(status=400, body=f"bad header: Bearer {KEY}, X-Token: other-secret, hunter22"),
        Fault(body=f"not JSON, but {KEY} and other-secret and hunter22"),
        Fault(body={"choices": [], "echo": [KEY, "other-secret", "hunter22"]}),
        Fault(body={"choices": [3], "echo": [KEY, "other-secret", "hunter22"]}),
        Fault(reset_after=3),
        Fault(raw=f"{KEY} other-secret hunter22\r\n\r\n".encode()),
    ],
)
async def test_no_secret_is_in_an_error(fault, monkeypatch):
    async with ModelServer(faults=lambda *_: fault) as server:
        url = server.base_url.replace("http://", "http://user:hunter22@") + "?key=in-the-query"
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        one = generator(server, base_url=None, headers={"X-Token": "other-secret"})
        await one.open()
        with pytest.raises(GeneratorError) as caught:
            await one.generate(Request(({"role": "user", "content": "x"},)))
        await one.close()
    for text in (str(caught.value), one.endpoint, str(one.options)):
        assert not [secret for secret in (KEY, "other-secret", "hunter22", "in-the-query") if secret in text]
    assert server.base_url in str(caught.value)


def test_a_secret_is_known_in_every_form():
    proxy = "http://user:pass%20word@127.0.0.1:9"
    secrets = ["Bearer in-a-header", "in-a-header", "pass word", "pass%20word", KEY]
    one = generator(ModelServer(), proxy=proxy, headers={"X-Sign-In": "Bearer in-a-header"})
    assert one._answers.excerpt("; ".join(secrets)) == "; ".join(["***"] * len(secrets))


async def test_a_status_that_is_told_as_text():
    body = {"error": {"code": "429", "message": "slow down"}, "choices": []}
    assert type(await failure_of(Fault(body=body))) is Overloaded


async def test_credentials_in_the_url_are_sent():
    async with ModelServer(lambda _: "ok", api_key=None) as server:
        url = server.base_url.replace("http://", "http://user:hunter22@")
        assert (await asked(server, base_url=url, api_key=None)).text == "ok"


def test_secrets_are_in_no_listing():
    options = OpenAIOptions(
        model_id_or_path="m", api_key=KEY, headers={"X": "other-secret"}, base_url="http://h"
    )
    one = OpenAIGenerator(options)
    for text in (repr(options), json.dumps(encode(options)), json.dumps(shaping(one)), repr(one)):
        assert KEY not in text
        assert "other-secret" not in text


def test_what_shapes_answers():
    shaped = shaping(OpenAIGenerator(OpenAIOptions(model_id_or_path="m", base_url="http://h", timeout=3)))
    assert shaped["model_id_or_path"] == "m"
    assert "enforce_schema" in shaped
    assert not {"base_url", "api_key", "headers", "timeout", "max_concurrency"} & shaped.keys()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"model_id_or_path": "m", "api_key": "k"}, []),
        ({"model_id_or_path": "m", "base_url": "http://localhost:8000/v1"}, []),
        ({"base_url": "http://h/v1"}, ["the openai generator has no model; add 'model_id_or_path: ...'"]),
        (
            {"model_id_or_path": "m"},
            [
                "the openai generator has no key for https://api.openai.com/v1; "
                "set OPENAI_API_KEY, or 'base_url' for a server of your own"
            ],
        ),
        (
            {"model_id_or_path": "m", "base_url": "user:pw@host:8000/v1?key=x"},
            [
                "the openai generator's base URL 'host:8000/v1' is not a URL of a server; "
                "write 'base_url: http://localhost:8000/v1', say",
                "the openai generator's base URL holds a secret and would be written down; "
                "put it in 'api_key' or 'headers', which never are",
            ],
        ),
    ],
)
def test_what_check_finds(options, expected):
    assert [str(problem) for problem in OpenAIGenerator(OpenAIOptions(**options)).check()] == expected


async def test_the_environment_is_the_default(monkeypatch):
    async with ModelServer(lambda _: "ok", api_key=KEY) as server:
        monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url + "/")
        one = generator(server, base_url=None, api_key=None)
        assert one.check() == []
        assert one.endpoint == f"{server.base_url} tiny"
        assert (await asked(server, base_url=None, api_key=None)).text == "ok"


async def test_connections_are_shared_and_not_limited():
    async with ModelServer(lambda _: "ok", service=0.05) as server:
        one = generator(server, max_concurrency=4)
        await one.open()
        calls = [Request(({"role": "user", "content": str(i)},)) for i in range(200)]
        await asyncio.gather(*map(one.generate, calls))
        await one.close()
    assert server.ledger.peak == 200


HOST = ConnectionKey("host", 443, True, True, None, None, None)
INFO = aiohttp.RequestInfo(URL("http://host/?key=in-the-query"), "POST", CIMultiDictProxy(CIMultiDict()))
NO_ROUTE = OSError(113, "No route to host")
FOREIGN = {
    "ClientError": (aiohttp.ClientError("x"), ConnectionFailed),
    "ClientConnectionError": (aiohttp.ClientConnectionError("x"), ConnectionFailed),
    "ClientConnectionResetError": (aiohttp.ClientConnectionResetError("x"), ConnectionFailed),
    "ClientOSError": (aiohttp.ClientOSError(104, "x"), ConnectionFailed),
    "ClientConnectorError": (aiohttp.ClientConnectorError(HOST, NO_ROUTE), ConnectionFailed),
    "ClientConnectorDNSError": (aiohttp.ClientConnectorDNSError(HOST, NO_ROUTE), ConnectionFailed),
    "ClientProxyConnectionError": (aiohttp.ClientProxyConnectionError(HOST, NO_ROUTE), ConnectionFailed),
    "ClientSSLError": (aiohttp.ClientSSLError(HOST, NO_ROUTE), ConnectionFailed),
    "ClientConnectorSSLError": (aiohttp.ClientConnectorSSLError(HOST, NO_ROUTE), ConnectionFailed),
    "ClientConnectorCertificateError": (
        aiohttp.ClientConnectorCertificateError(HOST, ssl.SSLCertVerificationError("self-signed")),
        EveryCallFails,
    ),
    "ClientPayloadError": (aiohttp.ClientPayloadError("x"), ConnectionFailed),
    "ServerConnectionError": (aiohttp.ServerConnectionError("x"), ConnectionFailed),
    "ServerDisconnectedError": (aiohttp.ServerDisconnectedError(), ConnectionFailed),
    "ServerFingerprintMismatch": (aiohttp.ServerFingerprintMismatch(b"a", b"b", "h", 1), ConnectionFailed),
    "ServerTimeoutError": (aiohttp.ServerTimeoutError("x"), ConnectionFailed),
    "ConnectionTimeoutError": (aiohttp.ConnectionTimeoutError("x"), ConnectionFailed),
    "SocketTimeoutError": (aiohttp.SocketTimeoutError("x"), ConnectionFailed),
    "ClientResponseError": (aiohttp.ClientResponseError(INFO, (), message="x"), BadResponse),
    "ContentTypeError": (aiohttp.ContentTypeError(INFO, (), message="x"), BadResponse),
    "ClientHttpProxyError": (aiohttp.ClientHttpProxyError(INFO, (), message="x"), ConnectionFailed),
    "WSServerHandshakeError": (aiohttp.WSServerHandshakeError(INFO, (), message="x"), BadResponse),
    "TooManyRedirects": (aiohttp.TooManyRedirects(INFO, (), message="x"), BadResponse),
    "InvalidURL": (aiohttp.InvalidURL("x"), EveryCallFails),
    "InvalidUrlClientError": (aiohttp.InvalidUrlClientError("x"), EveryCallFails),
    "RedirectClientError": (aiohttp.RedirectClientError("x"), ConnectionFailed),
    "NonHttpUrlClientError": (aiohttp.NonHttpUrlClientError("x"), ConnectionFailed),
    "InvalidUrlRedirectClientError": (aiohttp.InvalidUrlRedirectClientError("x"), EveryCallFails),
    "NonHttpUrlRedirectClientError": (aiohttp.NonHttpUrlRedirectClientError("x"), ConnectionFailed),
    "WSMessageTypeError": None,  # of sockets that are never opened here
}
# of newer releases
if hasattr(aiohttp, "UploadAbortedError"):
    FOREIGN["UploadAbortedError"] = (aiohttp.UploadAbortedError("x"), ConnectionFailed)


def test_every_exception_of_the_http_client_is_known():
    names = {
        name for name in client_exceptions.__all__ if issubclass(getattr(client_exceptions, name), Exception)
    }
    assert names <= FOREIGN.keys()


@pytest.mark.parametrize("name", [name for name, entry in FOREIGN.items() if entry])
def test_exceptions_of_the_http_client(name):
    foreign, kind = FOREIGN[name]
    with pytest.raises(kind) as caught, translate_errors(AnswerReader("http://host")):
        raise foreign
    assert caught.value.__cause__ is foreign
    assert "in-the-query" not in str(caught.value)


@pytest.mark.parametrize("foreign", [asyncio.CancelledError(), KeyboardInterrupt(), RequestRefused("x")])
def test_what_is_not_translated(foreign):
    with pytest.raises(type(foreign)) as caught, translate_errors(AnswerReader("http://host")):
        raise foreign
    assert caught.value is foreign


class TestContract(GeneratorContract):
    @pytest.fixture(autouse=True)
    def server(self):
        with ModelServer().in_thread() as self.running:
            yield

    def make_generator(self):
        return generator(self.running)
