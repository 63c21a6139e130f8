"""A web server for tests, which counts what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from loopback_server import serving


@dataclass
class Answer:
    """What the server says to a path."""

    body: bytes = b""
    kind: str = "text/plain"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Web:
    """A running server: its address, what it answers, and the paths it was asked for."""

    url: str
    answers: dict[str, Answer]
    asked: list[str] = field(default_factory=list)


@contextmanager
def web(
    answers: dict[str, Answer], other: Callable[[str], Answer] = lambda _: Answer(status=404)
) -> Iterator[Web]:
    """A server that gives these answers, by path without its query."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            running.asked.append(self.path)
            path = self.path.partition("?")[0]
            answer = running.answers.get(path) or other(path)
            self.send_response(answer.status)
            if answer.kind:
                self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

    with serving(Handler) as port:
        running = Web(f"http://127.0.0.1:{port}", answers)
        yield running


@contextmanager
def refusing() -> Iterator[str]:
    """A server that wants a password."""
    wants = Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
    with web({}, lambda _: wants) as running:
        yield running.url


@contextmanager
def redirecting(target: str) -> Iterator[str]:
    """A server that sends everybody elsewhere."""
    with web({}, lambda path: Answer(status=302, headers={"Location": target + path})) as running:
        yield running.url
