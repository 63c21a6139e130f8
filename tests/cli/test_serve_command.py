"""`fms_dgt serve`, as a program of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")

import yaml

from fms_dgt.testing.model_hub import ModelHub
from fms_dgt.testing.tiny_gguf import write_tiny_gguf

KEY = "a-key-for-tests"


@pytest.fixture(scope="module")
def gguf(tmp_path_factory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("served") / "tiny.gguf")


@contextmanager
def serving(model: object, *flags: str, **environment: str) -> Iterator[tuple[subprocess.Popen, list[str]]]:
    """The command, and the lines it prints when it is ready; killed at the end, if it is still there."""
    argv = [sys.executable, "-m", "fms_dgt", "serve", str(model), "--port", "0", "--threads", "1", *flags]
    environment = {**os.environ, "LLAMA_API_KEY": "", **environment}
    process = subprocess.Popen(
        argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        lines = []
        while not lines or not lines[-1].startswith("in a config"):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            lines.append(line.rstrip())
        yield process, lines
        process.kill()


def config_in(lines: list[str]) -> dict[str, str]:
    return yaml.safe_load(lines[-1].removeprefix("in a config: "))


def asked(url: str, key: str = "", **body: object) -> dict:
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None)
    request.add_header("Authorization", f"Bearer {key}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_a_file_is_served_and_says_how_it_is_used(gguf):
    with serving(gguf, "--slots", "2", "--context", "512", "--no-key") as (process, lines):
        config = config_in(lines)
        assert lines[0] == f"tiny is served at {config['base_url']}"
        assert config == {
            "type": "openai",
            "base_url": config["base_url"],
            "model_id_or_path": "tiny",
            "api_key": "none",
        }
        [model] = asked(f"{config['base_url']}/models")["data"]
        assert (model["id"], model["meta"]["n_ctx"]) == ("tiny", 512)
        chat = asked(
            f"{config['base_url']}/chat/completions",
            messages=[{"role": "user", "content": "x"}],
            max_tokens=5,
        )
        assert chat["usage"]["completion_tokens"] <= 5
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("way", ["flag", "environment", "file"])
def test_a_key_locks_it_and_is_not_shown(gguf, way, tmp_path):
    (tmp_path / "key").write_text(f"{KEY}\nanother line\n")
    flags = {"flag": ("--api-key", KEY), "file": ("--api-key-file", str(tmp_path / "key"))}.get(way, ())
    environment = {"LLAMA_API_KEY": KEY} if way == "environment" else {}
    with serving(gguf, "--alias", "mine", *flags, **environment) as (process, lines):
        config = config_in(lines)
        assert (config["model_id_or_path"], config["api_key"]) == ("mine", "${LLAMA_API_KEY}")
        say = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 1}
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            asked(f"{config['base_url']}/chat/completions", "another", **say)
        refused.value.close()
        assert asked(f"{config['base_url']}/chat/completions", KEY, **say)["model"] == "mine"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert ("other users of this machine can see --api-key" in err) == (way == "flag")
    assert KEY not in "\n".join([*lines, out, err])


def refusal(url: str, body: object) -> dict:
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode()), timeout=60)
    with refused.value as answer:
        return json.load(answer)["error"]


def test_requests_that_ask_nothing(gguf):
    user = {"role": "user", "content": "x"}
    with serving(gguf, "--no-key", "--context", "512") as (_, lines):
        url = config_in(lines)["base_url"]
        for messages, text in [
            ([], "'messages' is empty"),
            ([{"role": "user", "content": None}], "messages[0] has no content"),
            ([user, {"role": "user", "content": []}], "messages[1] has no content"),
            ([{"role": "user", "content": ""}], "no message has any content"),
            ([{"role": "king", "content": "x"}], "messages[0]: 'king' is not a role; there are: system,"),
            ([{"content": "x"}], "messages[0] has no role"),
            (["x"], "messages[0] must be an object"),
        ]:
            error = refusal(f"{url}/chat/completions", {"messages": messages, "max_tokens": 1})
            assert text in error["message"]
            assert (error["code"], error["type"]) == (400, "invalid_request_error")
        assert "'prompt' is empty" in refusal(f"{url}/completions", {"prompt": ""})["message"]
        parts = [{"type": "text", "text": "x"}]
        for messages in ([user], [{"role": "user", "content": parts}], [{"role": "system", "content": "x"}]):
            assert asked(f"{url}/chat/completions", messages=messages, max_tokens=1)["choices"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_calls_under_way_do_not_keep_it(gguf, number, code):
    endless = {"messages": [{"role": "user", "content": "x"}], "ignore_eos": True, "max_tokens": 30_000}
    failed: list[Exception] = []

    def ask(url: str) -> None:
        try:
            asked(url, **endless)
        except OSError as error:
            failed.append(error)
            if isinstance(error, urllib.error.HTTPError):
                error.close()

    with serving(gguf, "--context", "32000", "--slots", "1", "--no-key") as (process, lines):
        url = config_in(lines)["base_url"]
        callers = [threading.Thread(target=ask, args=(f"{url}/chat/completions",)) for _ in range(3)]
        for caller in callers:
            caller.start()
        while not asked(f"{url.removesuffix('/v1')}/slots")[0]["is_processing"]:
            pass
        process.send_signal(number)
        assert process.wait(timeout=60) == code
        for caller in callers:
            caller.join()
    assert len(failed) == 3


def test_all_addresses(gguf):
    with serving(gguf, "--host", "0.0.0.0") as (_, lines):
        assert config_in(lines)["base_url"].startswith("http://127.0.0.1:")
        assert lines[1].startswith("for other machines: http://")
        assert "export LLAMA_API_KEY=" in lines[2]


def test_a_model_of_a_hub_is_fetched(gguf, tmp_path):
    with ModelHub({"org/name": {"sub/tiny.gguf": gguf.read_bytes()}}).running() as hub:
        environment = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path)}
        with serving("org/name:sub/tiny.gguf", **environment) as (_, lines):
            assert config_in(lines)["model_id_or_path"] == "tiny"


def test_a_port_that_is_taken(project):
    write_tiny_gguf(project({}).path / "tiny.gguf")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = project({}).run("serve", "tiny.gguf", "--port", str(port))
    assert result.code == 2
    assert result.stderr == (
        f"error: port {port} of 127.0.0.1 is taken by another program; name another one: --port {port + 1}\n"
    )


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("none.gguf",), "there is no file 'none.gguf'; did you mean 'tiny.gguf'?"),
        (("text.gguf",), "'text.gguf' is not a GGUF file"),
        (("tiny.gguf", "--port", "99999"), "--port must be from 0 to 65535, not 99999"),
        (("tiny.gguf", "--slots", "0"), "--slots must be from 1 to 256, not 0"),
        (("tiny.gguf", "--slots", "x"), "--slots: must be a whole number, not the text 'x'"),
        (("tiny.gguf", "--context", "99999"), "set '--context' to 32768 or less"),
        (("tiny.gguf", "--host", "192.0.2.1"), "'192.0.2.1' is not an address of this machine"),
        (("tiny.gguf", "--no-key", "--host", "0.0.0.0"), "everybody who reaches 0.0.0.0"),
        (("tiny.gguf", "--no-key", "--api-key", "x"), "--no-key and --api-key contradict each other"),
        (("tiny.gguf", "--api-key-file", "none"), "none: cannot be read: No such file or directory"),
        ((), "FILE.gguf"),
    ],
)
def test_what_can_be_mended_is_said_before_loading(project, flags, said):
    made = project({"text.gguf": "text"})
    write_tiny_gguf(made.path / "tiny.gguf")
    port = () if "--port" in flags else ("--port", "0")
    result = made.run("serve", *flags, *port)
    assert result.code == 2
    assert said in result.stderr
    assert "loading" not in result.stderr


def test_a_model_that_cannot_be_loaded(tmp_path, gguf):
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(gguf.read_bytes()[:-1000])
    argv = [sys.executable, "-m", "fms_dgt", "serve", str(cut), "--port", "0"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot load" in done.stderr
    assert "not within the file bounds" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_extra(project, monkeypatch):
    monkeypatch.setattr("fms_dgt.cli.serve.PACKAGE", "no_such_package")
    result = project({}).run("serve", "x.gguf")
    assert result.code == 2
    assert result.stderr.endswith(
        "needs the package no_such_package; run: pip install 'fms-dgt[llama-cpp]'\n"
    )
