"""Git repositories made for tests, and a server that gives them out."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler
from pathlib import Path

from git_backend import answer_git
from loopback_server import serving

WHO = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]


class Repository:
    """A repository with a branch `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *WHO, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str | bytes]) -> str:
        """Write the files, and commit all there is."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")


@contextmanager
def smart_server(folder: Path) -> Iterator[str]:
    """`git http-backend` over the repositories in `folder`; the requests' paths count in `requests`."""
    with serving(partial(_Backend, folder=folder)) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def dumb_server(folder: Path) -> Iterator[str]:
    """The files of the repositories, as any web server gives them."""
    with serving(partial(_Files, directory=str(folder))) as port:
        yield f"http://127.0.0.1:{port}"


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class _Backend(BaseHTTPRequestHandler):
    def __init__(self, *args: object, folder: Path) -> None:
        self.folder = folder
        super().__init__(*args)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._chunks()
        answer_git(self, self.folder, body)

    do_POST = do_GET

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body
