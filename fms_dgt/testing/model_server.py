"""A stand-in model server: speaks the OpenAI protocol on loopback, as slowly and as badly as it is told.

`python -m fms_dgt.testing.server --port 8123 --slots 64 --median 0.2 --sigma 0.6` runs one by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
import signal
import ssl
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeAlias

from aiohttp import web

from fms_dgt.testing.answers import echo_answers, lognormal
from fms_dgt.testing.faults import Fault, spoiled
from fms_dgt.testing.ledger import CLIENT_GONE, Ledger, Served
from fms_dgt.testing.wire import (
    Answer,
    answer_payload,
    encoded,
    error_payload,
    models_payload,
    prompt_of,
)

Body: TypeAlias = Mapping[str, Any]
Answering: TypeAlias = Callable[[Body], str | Answer | Awaitable[str | Answer]]
Faulting: TypeAlias = Callable[[Body, int], Fault | None]

GRACE = 1.0  # seconds that answers under way get when the server stops
START = 10.0  # seconds that a server in a thread may take to start or stop
HTTP_ERRORS = 400
NO_REQUEST = "the body is not a JSON object with a prompt"
JUST_ACCEPTED = 5  # rounds of the event loop until an accepted connection is the server's

CHAT, PLAIN, MODELS, STATS = "/chat/completions", "/completions", "/v1/models", "/stats"
CALLS = (CHAT, PLAIN)


class ModelServer:
    """Answers `/v1/chat/completions`, `/v1/completions` and `/v1/models`; `/stats` has its totals.

    Calls may come on longer paths that end like these, as gateways have them. With `tls` it speaks https.
    `answer` makes the answer of a request's body; the default follows the form that the prompt asks
    for. `slots` requests are served at once, the others wait; each takes `service` seconds, or what
    `service(prompt)` says. Above `max_in_flight` requests (waiting ones included) it answers 429, with
    `retry_after` if given. `faults(body, index)` may spoil any request; `index` counts requests from 0.
    With an `api_key` it wants that key, as a bearer token or, bare, in `key_header`. `remember=False`
    keeps counts but no requests; `log` names a file that gets a line at every arrival and every answer.
    """

    def __init__(
        self,
        answer: Answering = echo_answers,
        *,
        slots: int | None = None,
        service: float | Callable[[str], float] = 0.0,
        max_in_flight: int | None = None,
        retry_after: str | float | None = None,
        faults: Faulting | None = None,
        api_key: str | None = None,
        key_header: str | None = None,
        tls: ssl.SSLContext | None = None,
        model: str = "stand-in",
        remember: bool = True,
        log: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.host = host
        self.port = port
        self.ledger = Ledger(remember=remember, log=log)
        self._answer = answer
        self._slots = slots
        self._service = service
        self._max_in_flight = max_in_flight
        self._retry_after = retry_after
        self._faults = faults
        self._api_key = api_key
        self._key_header = key_header
        self._tls = tls
        self._model = model
        self._free: asyncio.Semaphore | None = None
        self._web: web.Server | None = None
        self._listener: asyncio.Server | None = None

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL."""
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}/v1"

    @property
    def requests(self) -> Sequence[Served]:
        """Every request so far, in the order of arrival."""
        return self.ledger.requests

    def count(self, prompt: str, *seeds: int | None) -> int:
        """How often this prompt came, with one of these seeds or (none given) with any."""
        return self.ledger.count(prompt, *seeds)

    async def start(self) -> None:
        """Listen; afterwards `port` is the real one. A stopped server may start again, on its port."""
        self._free = asyncio.Semaphore(self._slots) if self._slots else None
        # a client that leaves frees its slot
        self._web = web.Server(self._handle, access_log=None, handler_cancellation=True)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            self._web, self.host, self.port, ssl=self._tls, backlog=4096, reuse_address=True
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self, grace: float = GRACE) -> None:
        """Stop listening, wait `grace` seconds for answers under way, drop the rest."""
        listener, server = self._listener, self._web
        self._listener = self._web = None
        if listener is not None and server is not None:
            listener.close()
            for _ in range(JUST_ACCEPTED):
                # a connection that was accepted a moment ago is not the server's yet, nor closed by it
                await asyncio.sleep(0)
            server.pre_shutdown()
            await server.shutdown(grace)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        self.ledger.close()

    @contextmanager
    def in_thread(self) -> Iterator[Self]:
        """Serve from a thread with an event loop of its own, for code that is not async."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="model-server", daemon=True)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self.__aenter__(), loop).result(START)
            try:
                yield self
            finally:
                asyncio.run_coroutine_threadsafe(self.__aexit__(), loop).result(START)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(START)
            loop.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path == MODELS:
            return _json(200, models_payload(self._model))
        if path == STATS:
            return _json(200, self.ledger.totals(self._slots))
        if not path.endswith(CALLS) or request.method != "POST":
            return self._error(404, f"no such path: {request.method} {path}")
        try:
            body = json.loads(await request.content.read())
            prompt = prompt_of(body)
        except (ValueError, AttributeError, TypeError):
            return self._error(400, NO_REQUEST)
        return await self._serve(request, body, self.ledger.arrive(path, prompt, body))

    async def _serve(self, request: web.BaseRequest, body: Body, one: Served) -> web.StreamResponse:
        status = CLIENT_GONE
        try:
            response = await self._respond(request, body, one)
            status = response.status
        except ConnectionError:
            # the client left in the middle of a slow answer
            return web.Response(status=CLIENT_GONE)
        except Exception as error:  # noqa: BLE001 (`answer` and `faults` are anybody's code)
            status = 500
            return self._error(status, f"{type(error).__name__}: {error}")
        finally:
            self.ledger.leave(one, status)
        return response

    async def _respond(self, request: web.BaseRequest, body: Body, one: Served) -> web.StreamResponse:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        fault = self._faults(body, one.number) if self._faults else None
        if fault is not None:
            content = b"" if fault.hang or fault.raw is not None else await self._content(body, one, fault)
            return await spoiled(request, fault, content)
        return _json(200, await self._work(body, one))

    def _refusal(self, request: web.BaseRequest) -> web.Response | None:
        if not self._let_in(request.headers):
            return self._error(401, "Incorrect API key provided")
        if self._max_in_flight is None or self.ledger.in_flight <= self._max_in_flight:
            return None
        headers = {} if self._retry_after is None else {"Retry-After": str(self._retry_after)}
        return self._error(429, "too many requests in flight", headers)

    def _let_in(self, headers: Mapping[str, str]) -> bool:
        if self._api_key is None:
            return True
        if self._key_header is not None:
            return headers.get(self._key_header) == self._api_key
        return headers.get("Authorization") == f"Bearer {self._api_key}"

    async def _work(self, body: Body, one: Served) -> dict[str, Any]:
        """Take a slot for as long as the service takes, and answer."""
        if self._free is None:
            return await self._answered(body, one)
        async with self._free:
            return await self._answered(body, one)

    async def _answered(self, body: Body, one: Served) -> dict[str, Any]:
        seconds = self._service(one.prompt) if callable(self._service) else self._service
        if seconds:
            await asyncio.sleep(seconds)
            self.ledger.busy += seconds
        said = self._answer(body)
        given = await said if inspect.isawaitable(said) else said
        answer = Answer(given) if isinstance(given, str) else given
        return self._payload(answer, body, one)

    async def _content(self, body: Body, one: Served, fault: Fault) -> bytes:
        if fault.body is not None:
            return encoded(fault.body)
        if fault.status < HTTP_ERRORS:
            return encoded(await self._work(body, one))
        return encoded(self._error_payload(fault.status, f"stand-in fault {fault.status}"))

    def _payload(self, answer: Answer, body: Body, one: Served) -> dict[str, Any]:
        """An answer in the words of the protocol; a server that speaks another one has its own."""
        return answer_payload(answer, body, number=one.number, chat=one.path.endswith(CHAT))

    def _error_payload(self, status: int, message: str) -> dict[str, Any]:
        """An error in the words of the protocol, likewise."""
        return error_payload(status, message)

    def _error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
        return _json(status, self._error_payload(status, message), headers)


def _json(status: int, payload: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
    given = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(status=status, body=encoded(payload), headers=given)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m fms_dgt.testing.server", description=ModelServer.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--slots", type=int, help="requests served at once")
    parser.add_argument("--median", type=float, default=0.0, help="seconds of service, lognormal")
    parser.add_argument("--sigma", type=float, default=0.0, help="spread of the service time")
    parser.add_argument("--slow-share", type=float, default=0.0, help="share of calls 25 times as slow")
    parser.add_argument("--max-in-flight", type=int, help="requests above this are answered 429")
    parser.add_argument("--retry-after", type=float, help="seconds that a 429 asks to wait")
    parser.add_argument("--api-key", help="the key that clients must send")
    parser.add_argument("--log", type=Path, help="a file that gets a line at every arrival and answer")
    return parser.parse_args(given)


async def _until_told(server: ModelServer) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        await stop.wait()


def main(given: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the first line of the output is the base URL."""
    said = _arguments(given)
    server = ModelServer(
        slots=said.slots,
        service=lognormal(said.median, said.sigma, slow_share=said.slow_share) if said.median else 0.0,
        max_in_flight=said.max_in_flight,
        retry_after=said.retry_after,
        api_key=said.api_key,
        remember=False,
        log=said.log,
        host=said.host,
        port=said.port,
    )
    asyncio.run(_until_told(server))
    return 0


if __name__ == "__main__":
    sys.exit(main())
