"""Connections that are not made, in words that are not those of the libraries."""

from __future__ import annotations

import asyncio
import socket
import ssl

import aiohttp
import httpx
import pytest
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from fms_dgt.core.generator import Request
from fms_dgt.errors import ConnectionFailed, Unreachable
from fms_dgt.generators.openai.answers import AnswerReader
from fms_dgt.generators.openai.generator import OpenAIGenerator
from fms_dgt.generators.openai.options import OpenAIOptions
from fms_dgt.generators.openai.wire import translate_errors
from fms_dgt.generators.shared.connections import no_connection
from fms_dgt.testing import Fault, ModelServer

HOST = ConnectionKey("host", 443, True, True, None, None, None)
WRONG_VERSION = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
WRONG_VERSION.reason = "WRONG_VERSION_NUMBER"
HELLO = Request(({"role": "user", "content": "Hello."},))
REASONS = {
    "refused": (ConnectionRefusedError(111, "Connect call failed"), "refused the connection"),
    "refused at each of several addresses": (
        OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 9), [Errno 111] Connect call"),
        "refused the connection",
    ),
    "an unknown name": (
        socket.gaierror(-2, "Name or service not known"),
        "cannot be found: its host name cannot be looked up",
    ),
    "no route": (OSError(113, "No route to host"), "cannot be reached: there is no route to it"),
    "no network": (OSError(101, "Network is unreachable"), "cannot be reached: there is no route to it"),
    "no answer to the call": (TimeoutError(110, "x"), "cannot be reached: it did not answer in time"),
    "no TLS": (
        WRONG_VERSION,
        "could not be reached with TLS (wrong version number): does its address begin with http://?",
    ),
    "something else": (OSError(9999, "x"), ""),
}


@pytest.mark.parametrize("name", REASONS)
def test_what_keeps_a_connection_from_being_made(name: str) -> None:
    reason, words = REASONS[name]
    assert no_connection(aiohttp.ClientConnectorError(HOST, reason)) == words
    theirs = httpx.ConnectError(str(reason))
    theirs.__cause__ = reason
    assert no_connection(theirs) == words


@pytest.mark.parametrize("name", [name for name, (_, words) in REASONS.items() if words])
def test_the_error_says_that_the_call_is_not_to_blame(name: str) -> None:
    reason, words = REASONS[name]
    with pytest.raises(Unreachable) as caught, translate_errors(AnswerReader("http://host/v1")):
        raise aiohttp.ClientConnectorError(HOST, reason)
    assert str(caught.value) == f"http://host/v1 {words}"


def test_the_proxy_is_named_where_it_is_the_one_that_refuses() -> None:
    reason = ConnectionRefusedError(111, "Connect call failed")
    with pytest.raises(Unreachable) as caught, translate_errors(AnswerReader("http://host/v1")):
        raise aiohttp.ClientProxyConnectionError(HOST, reason)
    assert str(caught.value) == "the proxy on the way to http://host/v1 refused the connection"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(raw=b""), "closed the connection without an answer"),
        (Fault(reset_after=0), "broke off in the middle of its answer"),
    ],
)
async def test_a_connection_that_is_broken_off_may_be_the_calls_fault(fault: Fault, words: str) -> None:
    async with ModelServer(faults=lambda *_: fault) as server:
        backend = OpenAIGenerator(OpenAIOptions(model_id_or_path="m", base_url=server.base_url))
        await backend.open()
        with pytest.raises(ConnectionFailed) as caught:
            await backend.generate(HELLO)
        await backend.close()
    assert type(caught.value) is ConnectionFailed
    assert str(caught.value) == f"{server.base_url} {words}"


@pytest.mark.parametrize("status", [200, 401, 404, 500])
async def test_any_answer_is_a_sign_of_life(status: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode())
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    asked: list[str] = []
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = URL.build(scheme="http", host="127.0.0.1", port=server.sockets[0].getsockname()[1], path="/v1")
    backend = OpenAIGenerator(OpenAIOptions(model_id_or_path="m", base_url=str(url)))
    await backend.open()
    await backend.ping()
    await backend.close()
    server.close()
    assert asked == ["GET /v1/models HTTP/1.1\r\n"]


async def test_no_answer_is_none(free_port: int) -> None:
    backend = OpenAIGenerator(
        OpenAIOptions(model_id_or_path="m", base_url=f"http://127.0.0.1:{free_port}/v1")
    )
    await backend.open()
    with pytest.raises(Unreachable, match="refused the connection"):
        await backend.ping()
    await backend.close()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
