"""What callers of `fms_dgt serve` talk to: it passes their requests on to llama.cpp's own server.

llama.cpp's server takes requests by any host name, so that a web page whose name is made to lead to this
machine can talk to it, and it lets every page read its answers. So it listens on a port of its own, with a
key that nobody has, and requests are looked at here first.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp
from aiohttp import web
from yarl import URL

from fms_dgt.generators.llama_cpp.nonsense import nonsense_in

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
# a request with many pictures, as base64
LARGEST: Final = 1 << 28
_HOST: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:\d{1,5})?")
# who has no key may know that the server runs
_OPEN: Final = ("/health", "/v1/health")
# what belongs to one connection, and what is ours to answer
_NOT_PASSED: Final = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
        *("transfer-encoding", "upgrade", "content-length", "host", "authorization", "x-api-key", "origin"),
        *("cookie", "set-cookie", "server", "date"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may call: with which key, by which host names, and from pages of which origin."""

    key: str
    names: frozenset[str]
    origin: str = ""

    def refusal(self, request: web.Request) -> tuple[HTTPStatus, str] | None:
        """Why a request is refused; None where it is not."""
        if not self._is_ours(request.headers.get("Host", "")):
            text = (
                "this server is not known by that host name; use its address, or start it with --allow-host"
            )
            return HTTPStatus.FORBIDDEN, text
        origin = request.headers.get("Origin")
        if origin is not None and (not self.origin or origin != self.origin):
            text = "pages of that origin may not use this server; start it with --allow-origin"
            return HTTPStatus.FORBIDDEN, text
        if request.method != "OPTIONS" and request.path not in _OPEN and not self._has_key(request.headers):
            return HTTPStatus.UNAUTHORIZED, "the API key is missing or wrong"
        return None

    def _is_ours(self, host: str) -> bool:
        """Whether a host is one of our names, or an address: no page can have that as its name."""
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1].strip("[]").lower().removesuffix(".")
        if name in self.names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _has_key(self, headers: Mapping[str, str]) -> bool:
        bearer = headers.get("Authorization", "").removeprefix("Bearer ")
        given = [bearer, headers.get("X-Api-Key", "")]
        matches = [hmac.compare_digest(each.encode("utf-8", "replace"), self.key.encode()) for each in given]
        return not self.key or any(matches)


class Front:
    """A web server that passes requests on to `upstream`, whose key is `upstream_key`."""

    def __init__(self, access: Access, *, upstream: str, upstream_key: str) -> None:
        self._access = access
        self._upstream = upstream
        self._key = {"Authorization": f"Bearer {upstream_key}"}
        self._template = ""

    async def serve(self, host: str, port: int, ready: Callable[[int], None]) -> int:
        """Serve until a signal comes, and return its number; `ready` is told the port."""
        stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, _settle, stopped, number)
        # a call takes as long as it takes
        timeout = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            timeout=timeout, connector=connector, auto_decompress=False, trust_env=False
        ) as session:
            self._template = await self._chat_template(session)
            app = web.Application(client_max_size=LARGEST)
            app.router.add_route("*", "/{path:.*}", lambda request: self._answer(session, request))
            runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
            await runner.setup()
            site = web.TCPSite(runner, host, port)
            await site.start()
            ready(runner.addresses[0][1])
            return await stopped

    async def _chat_template(self, session: aiohttp.ClientSession) -> str:
        """The model's own; "" where the server does not give it."""
        try:
            async with session.get(f"{self._upstream}/props", headers=self._key) as answer:
                return str((await answer.json()).get("chat_template", ""))
        except (aiohttp.ClientError, ValueError, AttributeError):
            return ""

    async def _answer(self, session: aiohttp.ClientSession, request: web.Request) -> web.StreamResponse:
        refused = self._access.refusal(request)
        allowed = {"Access-Control-Allow-Origin": self._access.origin, "Vary": "Origin"}
        extra = allowed if refused is None and "Origin" in request.headers else {}
        if refused is not None:
            return _error(*refused, {})
        if request.method == "OPTIONS":
            methods = {
                "Access-Control-Allow-Methods": "GET, POST",
                "Access-Control-Allow-Headers": "*, Authorization",
            }
            return web.Response(headers=extra | methods if extra else {})
        body = await request.read()
        if fault := nonsense_in(request.path, body, self._template):
            return _error(HTTPStatus.BAD_REQUEST, fault, extra)
        try:
            async with session.request(
                request.method,
                URL(f"{self._upstream}{request.rel_url.raw_path_qs}", encoded=True),
                headers=_passed(request.headers) | self._key,
                data=body or None,
                allow_redirects=False,
            ) as answer:
                return await _copied(request, answer, extra)
        except aiohttp.ClientConnectionError:
            return _error(HTTPStatus.BAD_GATEWAY, "llama.cpp's server does not answer", {})


def _error(status: HTTPStatus, text: str, headers: Mapping[str, str]) -> web.Response:
    """An error in the form of the protocol."""
    kinds = {HTTPStatus.BAD_REQUEST: {"type": "invalid_request_error"}}
    error = {"code": status, "message": text, **kinds.get(status, {})}
    return web.json_response({"error": error}, status=status, headers=headers)


async def _copied(
    request: web.Request, answer: aiohttp.ClientResponse, extra: Mapping[str, str]
) -> web.StreamResponse:
    headers = _passed({name: value for name, value in answer.headers.items() if not _is_cors(name)})
    response = web.StreamResponse(status=answer.status, headers=headers | dict(extra))
    await response.prepare(request)
    async for piece in answer.content.iter_any():
        await response.write(piece)
    await response.write_eof()
    return response


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _NOT_PASSED}


def _is_cors(name: str) -> bool:
    return name.lower().startswith("access-control-")


def _settle(stopped: asyncio.Future[int], number: int) -> None:
    if not stopped.done():
        stopped.set_result(number)


def names_of(host: str, given: tuple[str, ...]) -> frozenset[str]:
    """The names by which a server at `host` is called: this machine's, and those that are given."""
    return frozenset(
        name.lower().removesuffix(".") for name in ("localhost", socket.gethostname(), host, *given)
    )
