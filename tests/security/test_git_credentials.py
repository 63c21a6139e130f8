"""A password in a repository's address: given to its server, and seen by nobody else on the machine."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from git_backend import answer_git
from hostile_repository import HostileRepository
from loopback_server import serving

from fms_dgt.documents import GitDocuments, git_collection

TOKEN = "hush-%2B-token"
PASSWORD = "hush-+-token"


class Server:
    """`git http-backend` that asks for a password, and looks at all command lines meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.users: set[str] = set()
        self.command_lines: set[bytes] = set()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                server.look()
                kind, _, code = self.headers.get("Authorization", "").partition(" ")
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.users.add(base64.b64decode(code).decode() if kind == "Basic" else "")
                if kind == "Basic":
                    answer_git(self, server.folder, body)
                else:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="x"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            do_POST = do_GET

        return Handler

    def look(self) -> None:
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                self.command_lines.add(file.read_bytes())
            except OSError:
                pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Server, int]]:
    repo = HostileRepository(tmp_path / "served/repo")
    repo.configure()
    (repo.folder / "a.md").write_text("# A\n")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "m")
    server = Server(tmp_path / "served")
    with serving(server.handler()) as port:
        yield server, port


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc")
def test_a_token_is_on_no_command_line(served: tuple[Server, int], tmp_path: Path) -> None:
    server, port = served
    repo = f"http://x-token:{TOKEN}@127.0.0.1:{port}/repo"
    spec = GitDocuments(repo=repo, commit="main", patterns=["a.md"])
    documents = git_collection(spec, cache=tmp_path / "c", allow_hosts=["127.0.0.1"])
    assert [document.text for document in documents] == ["# A\n"]
    assert f"x-token:{PASSWORD}" in server.users
    assert any(b"remote-http" in line for line in server.command_lines)
    assert not [line for line in server.command_lines if b"hush" in line]


def test_a_token_is_not_kept_by_the_users_helper(
    served: tuple[Server, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[credential]\n\thelper = store --file={home}/kept\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    spec = GitDocuments(
        repo=f"http://x-token:{TOKEN}@127.0.0.1:{served[1]}/repo", commit="main", patterns=["a.md"]
    )
    assert git_collection(spec, cache=tmp_path / "c", allow_hosts=["127.0.0.1"]).problems() == []
    assert not (home / "kept").exists()


def test_a_user_without_a_password_is_looked_up_by_the_users_helper(
    served: tuple[Server, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[credential]\n\thelper = store --file={home}/kept\n")
    (home / "kept").write_text(
        f"http://other:no@127.0.0.1%3a{served[1]}\nhttp://me:mine@127.0.0.1%3a{served[1]}\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    spec = GitDocuments(repo=f"http://me@127.0.0.1:{served[1]}/repo", commit="main", patterns=["a.md"])
    assert git_collection(spec, cache=tmp_path / "c", allow_hosts=["127.0.0.1"]).problems() == []
    assert served[0].users == {"", "me:mine"}


@pytest.mark.parametrize("repo", ["http://a:b%0Ahost=evil@127.0.0.1:1/x", "ssh://git:hush@127.0.0.1/x"])
def test_passwords_that_are_refused(tmp_path: Path, repo: str) -> None:
    spec = GitDocuments(repo=repo, commit="main", patterns=["a.md"])
    [problem] = git_collection(spec, cache=tmp_path / "c", allow_hosts=["127.0.0.1"]).problems()
    assert "password" in problem.what
    assert "hush" not in str(problem)
