"""How a server of tests answers git."""

from __future__ import annotations

import os
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path


def answer_git(request: BaseHTTPRequestHandler, folder: Path, body: bytes) -> None:
    """What `git http-backend` says to a request for one of the repositories in `folder`."""
    path, _, query = request.path.partition("?")
    env = os.environ | {
        "GIT_PROJECT_ROOT": str(folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": request.command,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
    }
    done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode().split("\r\n")]
    status = next((value for name, value in lines if name == "Status"), "200 OK")
    request.send_response(int(status.split()[0]))
    for name, value in lines:
        if name != "Status":
            request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)
