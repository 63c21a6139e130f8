"""`fms_dgt serve` answers who has its key, by a name that is its own, and no web page that was not named."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")

from fms_dgt.testing.tiny_gguf import write_tiny_gguf

CHAT = json.dumps({"messages": [{"role": "user", "content": "x"}], "max_tokens": 1})
PATHS = ("/v1/models", "/models", "/props", "/slots", "/metrics", "/v1/chat/completions", "/tokenize", "/")


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf")


@contextmanager
def serving(model: Path, *flags: str) -> Iterator[tuple[int, list[str]]]:
    environment = {name: value for name, value in os.environ.items() if name != "LLAMA_API_KEY"}
    argv = [sys.executable, "-m", "fms_dgt", "serve", str(model), "--port", "0", "--threads", "1", *flags]
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines: list[str] = []
            while not lines or not lines[-1].startswith("in a config"):
                lines.append(process.stdout.readline().rstrip())
                assert lines[-1]
            yield int(re.search(r":(\d+)/v1", lines[0])[1]), lines
        finally:
            process.kill()


def ask(
    port: int, method: str, path: str, body: str | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


@pytest.fixture(scope="module")
def locked(gguf: Path) -> Iterator[tuple[int, str]]:
    """A server as it is by default, and the key that it printed."""
    with serving(gguf) as (port, lines):
        yield port, re.search(r"export LLAMA_API_KEY=(\S+)", "\n".join(lines))[1]


@pytest.fixture(scope="module")
def unlocked(gguf: Path) -> Iterator[int]:
    with serving(gguf, "--no-key") as (port, _):
        yield port


def test_a_new_key_is_asked_for_by_default(locked: tuple[int, str]) -> None:
    port, key = locked
    assert len(key) >= 32
    for path in PATHS:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": ""}, {"X_Api_Key": "x"}):
            assert ask(port, "POST", path, CHAT, **headers)[0] == 401
    assert ask(port, "GET", "/health")[0] == 200
    for headers in ({"Authorization": f"Bearer {key}"}, {"X_Api_Key": key}):
        status, _, body = ask(port, "POST", "/v1/chat/completions", CHAT, **headers)
        assert (status, json.loads(body)["model"]) == (200, "tiny")


def test_an_answer_comes_in_pieces(locked: tuple[int, str]) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "x"}], "max_tokens": 4, "stream": True})
    status, headers, content = ask(
        locked[0], "POST", "/v1/chat/completions", body, Authorization=f"Bearer {locked[1]}"
    )
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    assert content.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "localhost.evil.example", "", "127.0.0.1.evil.example", "[::1", "a b"]
)
def test_another_host_name_is_refused(unlocked: int, host: str) -> None:
    """A page of a name that was made to lead here has that name in its requests."""
    for path in (*PATHS, "/health"):
        assert ask(unlocked, "POST", path, CHAT, Host=host)[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:8080", "192.168.1.5", "localhost."])
def test_addresses_and_own_names_are_not(unlocked: int, host: str) -> None:
    assert ask(unlocked, "GET", "/v1/models", Host=host)[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:3000", ""])
def test_a_web_page_is_refused(unlocked: int, locked: tuple[int, str], origin: str) -> None:
    """Not only are answers kept from it: a form that it sends is not answered at all."""
    for port, key in ((unlocked, ""), locked):
        for method in ("GET", "POST", "OPTIONS"):
            status, headers, _ = ask(
                port, method, "/v1/chat/completions", CHAT, Origin=origin, Authorization=f"Bearer {key}"
            )
            assert status == 403
            assert not [name for name in headers if name.startswith("access-control")]


def test_a_page_and_a_name_that_were_allowed(gguf: Path) -> None:
    flags = ("--no-key", "--allow-origin", "http://mine.example", "--allow-host", "box.example")
    with serving(gguf, *flags) as (port, _):
        headers = {"Origin": "http://mine.example", "Host": "box.example:1"}
        status, answered, _ = ask(port, "OPTIONS", "/v1/chat/completions", **headers)
        assert (status, answered["access-control-allow-origin"]) == (200, "http://mine.example")
        status, answered, _ = ask(port, "POST", "/v1/chat/completions", CHAT, **headers)
        assert (status, answered["access-control-allow-origin"]) == (200, "http://mine.example")
        assert ask(port, "GET", "/v1/models", Origin="http://other.example")[0] == 403
        assert "access-control-allow-origin" not in ask(port, "GET", "/v1/models")[1]
