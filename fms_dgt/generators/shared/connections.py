"""Why there is no connection to a server, in plain words: libraries for HTTP have each their own."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator

NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})
# several addresses were tried: their errors are one text by then
_NUMBER = re.compile(r"\[Errno (-?\d+)\]")
_BROKEN_OFF = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN})


def no_connection(error: BaseException) -> str:
    """What kept a connection from being made; "" where it is none of the usual reasons."""
    chain = list(_chain(error))
    if any(isinstance(each, socket.gaierror) for each in chain):
        return "cannot be found: its host name cannot be looked up"
    if any(isinstance(each, ssl.SSLError) for each in chain):
        reasons = [str(getattr(each, "reason", None) or "").replace("_", " ").lower() for each in chain]
        reason = next(filter(None, reasons), "")
        hint = ": does its address begin with http://?" if "wrong version" in reason else ""
        return f"could not be reached with TLS ({reason or 'no reason given'}){hint}"
    numbers = {number for each in chain for number in _numbers(each)}
    if errno.ECONNREFUSED in numbers:
        return "refused the connection"
    if numbers & NO_ROUTE:
        return "cannot be reached: there is no route to it"
    if errno.ETIMEDOUT in numbers:
        return "cannot be reached: it did not answer in time"
    return ""


def distrust(error: BaseException) -> str:
    """Why a server's certificate is not trusted; "" where that is not the reason."""
    for each in _chain(error):
        inner = getattr(each, "certificate_error", each)
        if isinstance(inner, ssl.SSLCertVerificationError):
            why = getattr(inner, "verify_message", "") or getattr(inner, "reason", "") or "no reason given"
            return f"has a certificate that is not trusted: {why}"
    return ""


def broken_off(error: BaseException) -> bool:
    """Whether a connection that was there was closed by the other side."""
    return bool(_BROKEN_OFF & {number for each in _chain(error) for number in _numbers(each)})


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):
        if error is None:
            return
        yield error
        inner = getattr(error, "os_error", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__


def _numbers(error: BaseException) -> Iterator[int]:
    if isinstance(error, OSError):
        if isinstance(error.errno, int):
            yield error.errno
        else:
            yield from map(int, _NUMBER.findall(str(error)[:2_000]))
