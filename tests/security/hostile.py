"""Tasks and configs as a stranger might write them, and a server that notes every request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from loopback_server import serving

CANARY = "canary-7f3a91-do-not-show"
# in the environment of whoever runs a stranger's task
SECRETS = {
    name: f"{CANARY}-{number}"
    for number, name in enumerate(
        ("OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "DB_PASSWORD", "GITHUB_PAT", "MY_SETTING")
    )
}

KNOWLEDGE = """
task_name: t
created_by: a stranger
data_builder: knowledge_sdg
domain: x
document_outline: y
seed_examples:
  - {question: What is it?, answer: A thing.}
"""
ROWS = """
task_name: t
created_by: a stranger
task_description: d
data_builder: text_generation
"""


@dataclass
class Collector:
    """A server on this machine: its address, and each request as it came."""

    url: str
    requests: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.requests)


@contextmanager
def collector() -> Iterator[Collector]:
    """A server that answers everything with a text."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode("utf-8", "replace")
            running.requests.append(f"{self.command} {self.path}\n{self.headers}\n{body}")
            self.send_response(200)
            self.send_header("Content-Type", "text/markdown")
            self.send_header("Content-Length", "16")
            self.end_headers()
            self.wfile.write(b"# A\n\nSome text.\n")

        do_POST = do_GET

    with serving(Handler) as port:
        running = Collector(f"http://127.0.0.1:{port}")
        yield running


def everything_below(folder: Path) -> str:
    """The names and contents of all files, as text."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "\n".join(f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}" for path in files)
