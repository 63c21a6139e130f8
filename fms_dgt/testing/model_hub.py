"""A stand-in model hub on loopback: lists repositories and hands out their files, whole or from a byte on.

`HF_ENDPOINT` set to its URL makes huggingface_hub ask it.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote, urlsplit

COMMIT: Final = "a" * 40
POLL: Final = 0.02  # seconds until a server that is stopped notices it
PIECE: Final = 1 << 20

_FILE = re.compile(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)")
_ABOUT = re.compile(r"/api/models/([^/]+/[^/]+)")
_RANGE = re.compile(r"bytes=(\d+)-")


class ModelHub:
    """Serves `repositories`: their files' bytes by repository and file name.

    `asked` keeps every request for a file, as ("GET", "model.gguf", 0): the last is the byte it began
    with. An answer with more than `stall_after` bytes stands still behind them for as long as the hub
    runs; with `ranges=False` files are always sent from their beginning. `commit` is the revision that
    its repositories are at. `headers` take the place of a file's own (`ETag`, `Location`), and `status` that
    of its answer's.
    """

    def __init__(
        self,
        repositories: Mapping[str, Mapping[str, bytes]],
        *,
        stall_after: int | None = None,
        ranges: bool = True,
        commit: str = COMMIT,
        headers: Mapping[str, str] | None = None,
        status: HTTPStatus | None = None,
    ) -> None:
        self.repositories = repositories
        self.stall_after = stall_after
        self.ranges = ranges
        self.commit = commit
        self.headers = headers or {}
        self.status = status
        self.asked: list[tuple[str, str, int]] = []
        self.url = ""
        self._ended = threading.Event()

    @contextmanager
    def running(self) -> Iterator[ModelHub]:
        """Serve, in a thread, for as long as the block lasts."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self._ended.clear()
        thread = threading.Thread(target=server.serve_forever, args=(POLL,))
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            server.shutdown()
            thread.join()
            server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.answer(self)

            do_HEAD = do_GET  # noqa: N815 (http.server's names)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Say nothing: a test's output is its own."""

        return Handler

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        path = unquote(urlsplit(request.path).path)
        about, file = _ABOUT.fullmatch(path), _FILE.fullmatch(path)
        found = about or file
        files = self.repositories.get(found[1]) if found else None
        if found is None or files is None:
            _refuse(request, "RepoNotFound")
        elif file:
            self._send(request, file[2], files.get(file[2]))
        else:
            self._list(request, found[1], files)

    def _list(self, request: BaseHTTPRequestHandler, repo: str, files: Mapping[str, bytes]) -> None:
        siblings = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
        body = json.dumps({"id": repo, "sha": self.commit, "siblings": siblings}).encode()
        _begin(request, HTTPStatus.OK, {"Content-Type": "application/json"}, len(body))
        request.wfile.write(body)

    def _send(self, request: BaseHTTPRequestHandler, name: str, data: bytes | None) -> None:
        said = _RANGE.match(request.headers.get("Range", "")) if self.ranges else None
        start = int(said[1]) if said else 0
        self.asked.append((request.command, name, start))
        if data is None:
            _refuse(request, "EntryNotFound")
            return
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": self.commit}
        if said:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        status = self.status or (HTTPStatus.PARTIAL_CONTENT if said else HTTPStatus.OK)
        _begin(request, status, {**headers, **self.headers}, len(data) - start)
        if request.command == "GET":
            self._write(request, data[start:])

    def _write(self, request: BaseHTTPRequestHandler, data: bytes) -> None:
        sent = data[: self.stall_after]
        try:
            for at in range(0, len(sent), PIECE):
                request.wfile.write(sent[at : at + PIECE])
            if len(sent) < len(data):
                self._ended.wait()
                request.close_connection = True
        except ConnectionError:
            # whoever asked has gone
            request.close_connection = True


def _begin(
    request: BaseHTTPRequestHandler, status: HTTPStatus, headers: Mapping[str, str], length: int
) -> None:
    request.send_response(status)
    for name, value in {"Content-Length": str(length), **headers}.items():
        request.send_header(name, value)
    request.end_headers()


def _refuse(request: BaseHTTPRequestHandler, code: str) -> None:
    _begin(request, HTTPStatus.NOT_FOUND, {"X-Error-Code": code}, 0)
