"""What a stand-in server can do wrong, on purpose."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from fms_dgt.testing.wire import BytesOrJson


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with one request.

    Without a `body`, a status below 400 sends the model's answer and any other an error message.
    `reset_after` tears the connection down once so many bytes of the body are sent, `trickle` sends one
    byte at a time with so many seconds between, `hang` never answers, `raw` is sent as it is in place
    of HTTP.
    """

    status: int = 200
    body: BytesOrJson | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reset_after: int | None = None
    trickle: float = 0.0
    hang: bool = False
    raw: bytes | None = None


async def spoiled(request: web.BaseRequest, fault: Fault, content: bytes) -> web.StreamResponse:
    """Send `content` the way the fault wants. Raises ConnectionError where the client left."""
    if fault.hang:
        await asyncio.Event().wait()
    if fault.raw is not None:
        _transport(request).write(fault.raw)
        return _torn(request, fault.status)
    headers = {"Content-Type": "application/json", **fault.headers}
    if fault.reset_after is None and not fault.trickle:
        return web.Response(status=fault.status, body=content, headers=headers)
    response = web.StreamResponse(status=fault.status, headers=headers)
    response.content_length = len(content)
    await response.prepare(request)
    if fault.reset_after is not None:
        await response.write(content[: fault.reset_after])
        return _torn(request, fault.status, hard=True)
    for at in range(len(content)):
        await response.write(content[at : at + 1])
        await asyncio.sleep(fault.trickle)
    return response


def _transport(request: web.BaseRequest) -> asyncio.Transport:
    transport = request.transport
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionResetError("the client is gone")
    return transport


def _torn(request: web.BaseRequest, status: int, *, hard: bool = False) -> web.Response:
    """The connection ends here; `hard` resets it, so that its client sees an error, not an end."""
    transport = _transport(request)
    if hard:
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    else:
        transport.close()
    return web.Response(status=status)
