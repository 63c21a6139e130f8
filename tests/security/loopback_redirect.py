"""A server that sends everybody elsewhere, whatever is asked and how."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from loopback_server import serving


@contextmanager
def redirecting(target: str, status: int = 307, seen: list[str] | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if seen is not None:
                seen.append(self.path)
            self.send_response(status)
            self.send_header("Location", target if "/" in target[8:] else target + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}"
