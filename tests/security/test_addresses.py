"""Documents come from public addresses, and from hosts that the user allows."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hostile import KNOWLEDGE, collector
from loopback_redirect import redirecting
from loopback_server import serving

from fms_dgt.documents import GitDocuments, git_collection, url_collection
from fms_dgt.safety.addresses import HostRefused, checked_addresses, is_loopback, is_public

REFUSED = """
0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.9.9.9 168.63.129.16 169.254.169.254
169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.192 192.168.1.1 198.18.0.1 203.0.113.7 224.0.0.1 240.0.0.1
255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1
64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2002:7f00:1::1 2002:a9fe:a9fe:: 2001:0:a00:1::1 2001:db8::1 fc00::1
fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1
""".split()
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "100.63.0.1", "172.32.0.1"]


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "::1", "0.0.0.0", "::ffff:127.0.0.1"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "10.0.0.1", "128.0.0.1", "example.com", "127.0.0.1.example"])
def test_another_machine(host: str) -> None:
    assert not is_loopback(host)


SPELLINGS = ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "127.0.0.1."]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
def test_a_server_on_this_machine_sees_no_connection(project: Any, host: str) -> None:
    with collector() as server:
        url = server.url.replace("127.0.0.1", host)
        made = project({"task.yaml": KNOWLEDGE + f'include: {{documents: {{n: "{url}/a.md"}}}}\n'})
        result = made.run("--task-paths", "task.yaml", "--config-path", "offline")
    assert (result.code, server.requests) == (2, [])
    if host in ("0177.0.0.1", "127.0.0.1."):
        # no client takes these for an address
        assert "cannot be fetched" in result.stderr
        return
    assert f"{url}/a.md: is not fetched: " in result.stderr
    assert "is not a public address; if it is one of an intranet that you trust, pass --allow-host" in result.stderr


def test_a_host_that_is_allowed_is_asked(project: Any) -> None:
    with collector() as server:
        made = project({"task.yaml": KNOWLEDGE + f'include: {{documents: {{n: "{server.url}/a.md"}}}}\n'})
        run = ("--task-paths", "task.yaml", "--config-path", "offline", "--num-outputs-to-generate", "1")
        assert made.run(*run, "--allow-host", "LocalHost", "other.corp").code == 2
        assert not server.requests
        assert made.run(*run, "--allow-host", "127.0.0.1").code in (0, 1)
        assert len(server.requests) == 1


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[str]]]:
    """A name server: the addresses of a name, one answer after the other, and the last one from then on."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *given: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in known:
            answers = known[name]
            address = answers.pop(0) if len(answers) > 1 else answers[0]
            return real(address, port, *given, **more)
        return real(host, port, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def test_a_name_that_leads_here_is_refused(names: dict[str, list[str]], tmp_path: Path) -> None:
    names["docs.example"] = ["127.0.0.1"]
    with collector() as server:
        url = server.url.replace("127.0.0.1", "docs.example")
        (problem,) = url_collection([f"{url}/a"], cache=tmp_path).problems()
    assert (problem.what, server.requests) == (
        "is not fetched: docs.example is 127.0.0.1, which is not a public address", []
    )  # fmt: skip


def test_a_name_is_looked_up_once_and_the_connection_goes_where_it_was_checked(
    names: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Public when it is checked, this machine a moment later."""
    names["docs.example"] = ["93.184.216.34", "127.0.0.1"]
    reached: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> Any:
        reached.append(address)
        raise ConnectionRefusedError("not in a test")

    monkeypatch.setattr(socket, "create_connection", connect)
    with collector() as server:
        url = server.url.replace("127.0.0.1", "docs.example")
        (problem,) = url_collection([f"{url}/a"], cache=tmp_path).problems()
    assert "cannot be fetched" in problem.what
    assert [address[0] for address in reached] == ["93.184.216.34"]
    assert not server.requests


def test_the_server_is_told_the_name_it_was_asked_by(names: dict[str, list[str]], tmp_path: Path) -> None:
    names["docs.corp"] = ["127.0.0.1"]
    with collector() as server:
        url = server.url.replace("127.0.0.1", "docs.corp")
        collection = url_collection([f"{url}/a"], cache=tmp_path, allow_hosts=["docs.corp"])
        assert collection.problems() == []
    assert f"Host: {url.removeprefix('http://')}" in server.text


def test_each_hop_of_a_redirect_is_looked_at(names: dict[str, list[str]], tmp_path: Path) -> None:
    names["public.corp"] = ["127.0.0.1"]
    with collector() as inside, redirecting(f"{inside.url}/secret") as url:
        named = url.replace("127.0.0.1", "public.corp")
        (problem,) = url_collection([f"{named}/a"], cache=tmp_path, allow_hosts=["public.corp"]).problems()
    assert inside.requests == []
    assert "127.0.0.1 is not a public address" in problem.what
    assert problem.mend.endswith("pass --allow-host 127.0.0.1")


def test_passwords_of_netrc_are_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hunter22\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with collector() as server:
        assert url_collection([f"{server.url}/a"], cache=tmp_path / "c", allow_hosts=["127.0.0.1"]).problems() == []
    assert "Authorization" not in server.text


@pytest.mark.parametrize("url", ["URL/r.git", "http://user@127.0.0.1:PORT/r.git", "http://localhost:PORT/r.git"])
def test_repositories_on_this_machine_see_no_connection(tmp_path: Path, url: str) -> None:
    with collector() as server:
        repo = url.replace("URL", server.url).replace("PORT", server.url.rpartition(":")[2])
        spec = GitDocuments(repo=repo, commit="main", patterns=["*.md"])
        (problem,) = git_collection(spec, cache=tmp_path, root=tmp_path).problems()
    assert server.requests == []
    assert "is not a public address" in problem.what
    assert "pass --allow-host" in problem.mend


def test_a_repository_that_redirects_here_is_not_followed(names: dict[str, list[str]], tmp_path: Path) -> None:
    names["public.corp"] = ["127.0.0.1"]
    seen: list[str] = []
    with collector() as inside, redirecting(inside.url, seen=seen) as url:
        repo = url.replace("127.0.0.1", "public.corp") + "/r.git"
        spec = GitDocuments(repo=repo, commit="main", patterns=["*.md"])
        (problem,) = git_collection(spec, cache=tmp_path, root=tmp_path, allow_hosts=["public.corp"]).problems()
    assert len(seen) == 1
    assert inside.requests == []
    assert "127.0.0.1 is not a public address" in problem.what


def test_a_repository_that_moved_is_followed(tmp_path: Path) -> None:
    """As hosts do where the address lacks its '.git', or a project has a new name."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.md").write_text("# A\n")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y.z"]
    for args in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "m"], ["update-server-info"]):
        subprocess.run([*git, *args], cwd=work, check=True)

    class Moved(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path.startswith("/old"):
                self.send_response(301)
                self.send_header("Location", self.path.replace("/old", "/.git", 1))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                super().do_GET()

    with serving(partial(Moved, directory=str(work))) as port:
        repo = f"http://127.0.0.1:{port}/old"
        spec = GitDocuments(repo=repo, commit="main", patterns=["*.md"])
        collection = git_collection(spec, cache=tmp_path / "c", root=tmp_path, allow_hosts=["127.0.0.1"])
        assert collection.problems() == []
        assert collection.names() == ["a.md"]


def test_a_host_of_which_one_address_is_private_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(HostRefused, match=r"docs.example is 10.0.0.1, which is not a public address"):
        checked_addresses("docs.example", 80)
