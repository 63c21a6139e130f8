"""Nothing that a stranger wrote does anything to a terminal: it is shown as an escape."""

from __future__ import annotations

import io
import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from fms_dgt.safety.terminal import HarmlessStream, harmless

# clears the screen; sets the title; one character that begins a sequence; shows text the other way round
EVIL = "a\x1b[2Jb\x1b]0;title\x07c\x9b31md\u202ee\u2066f"
SHOWN = r"a\x1b[2Jb\x1b]0;title\x07c\u009b31md\u202ee\u2066f"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
TASK = {"task_name": "t", "task_description": "d", "created_by": "c", "data_builder": "skills_sdg"}
SEEDS = {"seed_examples": [{"question": "q", "answer": "a"}]}


def written(*texts: str) -> str:
    below = io.StringIO()
    stream = HarmlessStream(below)
    for text in texts:
        assert stream.write(text) == len(text)
    return below.getvalue()


def test_no_character_that_is_obeyed_goes_through() -> None:
    obeyed = [char for char in map(chr, range(sys.maxunicode + 1)) if OBEYED.match(char)]
    assert not [char for char in obeyed if harmless(char) == char]


def as_yaml(data: dict) -> str:
    # JSON is YAML, and has an escape for everything
    return json.dumps(data)


def test_the_name_of_a_key(project) -> None:
    result = project({"task.yaml": as_yaml({**TASK, **SEEDS, EVIL: 1})}).run("--task-paths", "task.yaml", "--check")
    assert result.code == 2
    assert SHOWN in result.stderr
    assert not OBEYED.search(result.stdout + result.stderr)


@pytest.mark.parametrize("key", ["task_name", "data_builder", "created_by", "task_description"])
def test_a_value_of_a_task(project, key: str) -> None:
    here = project({"task.yaml": as_yaml({**TASK, **SEEDS, key: EVIL})})
    for flags in (["--check"], ["--check", "--json"], ["--config-path", "offline", "--num-outputs-to-generate", "2"]):
        result = here.run("--task-paths", "task.yaml", *flags)
        assert not OBEYED.search(result.stdout + result.stderr)


def test_the_name_of_a_file(project) -> None:
    result = project({}).run("--task-paths", f"{EVIL}.yaml")
    assert (result.code, SHOWN in result.stderr) == (2, True)
    assert not OBEYED.search(result.stderr)


def test_somebody_elses_run_json(project) -> None:
    here = project({"task.yaml": as_yaml({**TASK, **SEEDS})})
    flags = ("--task-paths", "task.yaml", "--config-path", "offline", "--num-outputs-to-generate", "2")
    assert here.run(*flags).code == 0
    report = here.path / "output/t/run.json"

    def poisoned(value):
        if isinstance(value, dict):
            return {key: poisoned(inner) for key, inner in value.items()}
        return EVIL if isinstance(value, str) else value

    report.write_text(json.dumps(poisoned(json.loads(report.read_text()))))
    result = here.run("runs", "output")
    assert "x1b" in result.stdout + result.stderr
    assert not OBEYED.search(result.stdout + result.stderr)


def test_who_holds_the_lock(project) -> None:
    from fms_dgt.journal import FolderLock

    here = project({"task.yaml": as_yaml({**TASK, **SEEDS})})
    with FolderLock(here.path / "output"):
        (here.path / "output/.lock").write_text(json.dumps({"pid": 1, "host": EVIL, "since": EVIL}))
        result = here.run("--task-paths", "task.yaml", "--config-path", "offline")
    assert result.code == 2
    assert not OBEYED.search(result.stdout + result.stderr)


@pytest.fixture
def rude_server() -> Iterator[str]:
    """The URL of a server whose reason phrase and answer are for terminals."""

    class Rude(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"error": {"message": EVIL}}, ensure_ascii=False).encode()
            self.wfile.write(b"HTTP/1.1 404 no\x9b2J\xe2\x80\xae such\r\nConnection: close\r\n")
            self.wfile.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Rude) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_what_a_server_answers(project, rude_server: str) -> None:
    teacher = {"type": "openai", "base_url": rude_server, "model_id_or_path": "m", "api_key": "k"}
    judge = {"name": "validator", "lm_config": {"type": "simulated"}}
    config = {"databuilders": {"skills_sdg": {"blocks": [{"name": "generator", **teacher}, judge]}}}
    here = project({"task.yaml": as_yaml({**TASK, **SEEDS}), "config.yaml": as_yaml(config)})
    checked = here.run("check-teachers", "--config-path", "config.yaml")
    run = here.run("--task-paths", "task.yaml", "--config-path", "config.yaml", "--num-outputs-to-generate", "1")
    for result in (checked, run):
        assert result.code != 0
        assert "404" in result.stdout + result.stderr
        assert not OBEYED.search(result.stdout + result.stderr)


def test_json_stays_the_same_json(project) -> None:
    result = project({"task.yaml": as_yaml({**TASK, **SEEDS, "task_description": EVIL})}).run(
        "--task-paths", "task.yaml", "--config-path", "offline", "--check", "--json"
    )
    assert result.code == 0
    assert json.loads(result.stdout)
    assert not OBEYED.search(result.stdout)


@given(st.text())
def test_any_text(text: str) -> None:
    shown = written(text)
    begun = shown.removeprefix("\r")
    assert not OBEYED.search(begun)
    # what can be printed is as it was
    kept = OBEYED.sub("", text.replace("\r\n", "\n"))
    assert OBEYED.sub("", harmless(text)) == harmless(text)
    if kept == text:
        assert shown == text


@given(st.recursive(st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)))
def test_any_json(data) -> None:
    assert json.loads(written(json.dumps(data, ensure_ascii=False))) == data


@given(st.lists(st.text(alphabet="ab\r\n\x1b"), max_size=8))
def test_a_carriage_return_never_goes_back_over_what_was_printed(texts: list[str]) -> None:
    line = ""
    # a line that a carriage return began may be drawn again
    assert "\x1b" not in written(*texts)
    for line in written(*texts).split("\n"):
        head, *rest = line.split("\r")
        assert head == "" or not rest


def test_rich_may_still_draw() -> None:
    below = io.StringIO()
    Console(file=HarmlessStream(below), force_terminal=True, color_system="standard").print("text", style="red")
    assert below.getvalue() == "\x1b[31mtext\x1b[0m\n"


def test_progress_bars_of_libraries_are_drawn() -> None:
    assert written("\r10 %", "\r20 %", "\n", "done\n") == "\r10 %\r20 %\ndone\n"
    assert written("error: ", "\rfine") == r"error: \x0dfine"
