"""HTTP as all servers speak it: answers read to their end, and what their headers and statuses mean."""

from __future__ import annotations

import io
import json
import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from fms_dgt.errors import BadResponse

if TYPE_CHECKING:
    import aiohttp

LARGEST_ANSWER = 64 * 1024 * 1024
# aiohttp warns of larger bodies given as bytes, which it would write in one piece
LARGEST_PIECE = 1024 * 1024

# statuses that any other call would get, too; that ask for fewer calls; that ask for the same one again
ANY_CALL = frozenset({401, 402, 403, 404, 405, 407})
OVERLOADED = frozenset({429, 503, 529})
TRY_AGAIN = frozenset({408, 409})
REFUSED_BY_PROXY = (401, 403, 407)


async def whole(response: aiohttp.ClientResponse, limit: int = LARGEST_ANSWER) -> bytes:
    """What a server sends, to its end. Raises BadResponse where it is more than `limit` bytes."""
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            response.close()
            raise BadResponse(f"the answer has more than {limit // 1024 // 1024} MB")
    return b"".join(pieces)


def sendable(body: bytes) -> bytes | io.BytesIO:
    """A body as aiohttp takes it without a warning."""
    return body if len(body) <= LARGEST_PIECE else io.BytesIO(body)


def json_or_none(content: bytes) -> Any:
    """The JSON value that this is, if it is one."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait, in whichever of the two forms it says so."""
    said = headers.get("Retry-After", "").strip()
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(said).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
