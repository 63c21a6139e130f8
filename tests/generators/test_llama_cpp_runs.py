"""Whole runs with a tiny model: in the process, and behind llama.cpp's own HTTP server."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")

from tiny_llama import gguf_fixture  # noqa: F401

from fms_dgt.core.generator import Request
from fms_dgt.generators.openai.generator import OpenAIGenerator, OpenAIOptions
from fms_dgt.testing import ModelServer

ROOT = Path(__file__).parents[2]
TASKS = ("instructlab/skills/writing/freeform/debate", "instructlab/skills/writing/grounded/editing/grammar")
KEY = "a-key-for-tests"
LEAVES_WITHOUT_CLOSING = """
import asyncio, sys
from fms_dgt.core.generator import Request
from fms_dgt.generators.llama_cpp.generator import LlamaCppGenerator, LlamaCppOptions

one = LlamaCppGenerator(LlamaCppOptions(model_id_or_path=sys.argv[1], context_size=32768, threads=1))
loop = asyncio.new_event_loop()
loop.run_until_complete(one.open())
endless = Request(({"role": "user", "content": "x"},), {"ignore_eos": True})
calls = [loop.create_task(one.generate(endless)) for _ in range(6)]
loop.run_until_complete(asyncio.sleep(0.2))
print(sum(call.done() for call in calls))
sys.exit(3)
"""


@pytest.fixture(scope="module")
def served(gguf) -> Iterator[str]:
    """llama.cpp's HTTP server with the tiny model, as the command line starts it: its base URL."""
    flags = ("--port", "0", "--context", "16384", "--threads", "1")
    server = subprocess.Popen(
        [sys.executable, "-m", "fms_dgt", "serve", str(gguf), *flags],
        env={**os.environ, "LLAMA_API_KEY": KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[-1]
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0


def in_process(path: Path) -> dict[str, Any]:
    return {
        "type": "llama.cpp",
        "model_id_or_path": str(path),
        "context_size": 16_384,
        "threads": 1,
        "max_string": 60,
    }


def over_http(url: str) -> dict[str, Any]:
    return {
        "type": "openai",
        "base_url": url,
        "api_key": KEY,
        "model_id_or_path": "tiny",
        "enforce_schema": True,
    }


class Project:
    """A folder in which the command line runs with one model for everything."""

    def __init__(self, folder: Path, model: dict[str, Any]) -> None:
        self.folder = folder
        # random scores keep some rows; the defaults' temperature of 0 would give the same score to all
        model = {**model, "temperature": 1.0, "max_tokens": 900}
        blocks = [{"name": "generator", **model}, {"name": "validator", "lm_config": model}]
        (folder / "config.yaml").write_text(json.dumps({"databuilders": {"*": {"blocks": blocks}}}))

    def start(self, *more: str) -> subprocess.Popen[str]:
        argv = [
            "--task-paths",
            *TASKS,
            "--config-path",
            "config.yaml",
            "--output-dir",
            "out",
        ]
        return subprocess.Popen(
            [sys.executable, "-m", "fms_dgt", *argv, *more],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def calls(self) -> int:
        try:
            with sqlite3.connect(f"file:{self.folder}/out/journal.sqlite?mode=ro", uri=True) as db:
                return int(db.execute("SELECT calls FROM totals").fetchone()[0])
        except sqlite3.Error:
            return 0

    def records(self, task: str) -> list[dict[str, Any]]:
        text = (self.folder / "out" / task / "data.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


def wait_until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not there() and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.fixture(params=["in process", "over HTTP", "stand-in"])
def model_project(request, gguf, tmp_path) -> Iterator[Project]:
    if request.param == "in process":
        yield Project(tmp_path, in_process(gguf))
    elif request.param == "over HTTP":
        yield Project(tmp_path, over_http(request.getfixturevalue("served")))
    else:
        with ModelServer(api_key=KEY).in_thread() as server:
            yield Project(tmp_path, over_http(server.base_url))


def test_the_shipped_skills_tasks_reach_their_target(model_project):
    project = model_project
    out, err = (
        run := project.start("--num-outputs-to-generate", "3", "--num-prompt-instructions", "1", "--quiet")
    ).communicate(timeout=300)
    # not a word of llama.cpp's own
    assert (run.returncode, out, err) == (0, "", "")
    for task in TASKS:
        records = project.records(task)
        assert len(records) == 3
        assert all(record["instruction"] and record["response"] for record in records)
        assert {record["question_score"] for record in records} == {1}
        assert {record["pair_score"] for record in records} <= {2, 3}


def test_ctrl_c_ends_a_run(gguf, tmp_path):
    project = Project(tmp_path, in_process(gguf))
    run = project.start("--num-outputs-to-generate", "500", "--quiet")
    wait_until(lambda: project.calls() >= 5 or run.poll() is not None)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert project.calls() >= 5


def test_a_second_ctrl_c_breaks_calls_off(gguf, tmp_path):
    # the likeliest letter for ever: such an answer comes to no end
    endless = {
        "max_string": None,
        "context_size": 32_000,
        "extra_body": {"temperature": 0, "max_tokens": 30_000},
    }
    project = Project(tmp_path, {**in_process(gguf), **endless})
    run = project.start("--quiet")
    wait_until(lambda: (tmp_path / "out/journal.sqlite").exists() or run.poll() is not None)
    for _ in range(2):
        time.sleep(1)
        run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert project.calls() == 0


def test_a_model_that_is_not_there_is_found_before_the_run(tmp_path):
    project = Project(tmp_path, in_process(tmp_path / "none.gguf"))
    _, err = (run := project.start("--quiet")).communicate(timeout=60)
    assert run.returncode == 2
    assert "there is no file" in err
    assert "none.gguf" in err
    assert not (tmp_path / "out").exists()


def test_a_model_that_cannot_be_loaded_stops_the_run(gguf, tmp_path):
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(gguf.read_bytes()[:-1000])
    project = Project(tmp_path, in_process(cut))
    _, err = (run := project.start("--quiet")).communicate(timeout=120)
    assert run.returncode in (1, 2)
    assert "not within the file bounds" in err
    assert "Traceback" not in err


def test_a_process_that_never_closes_ends_all_the_same(gguf):
    argv = [sys.executable, "-c", LEAVES_WITHOUT_CLOSING, str(gguf)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (3, "0\n")


async def test_the_http_server_holds_answers_to_a_schema(served):
    schema = {
        "type": "object",
        "properties": {"reason": {"type": "string", "maxLength": 20}, "score": {"enum": [0, 1]}},
        "required": ["reason", "score"],
    }
    options = OpenAIOptions(
        base_url=served, api_key=KEY, model_id_or_path="tiny", max_tokens=200, enforce_schema=True
    )
    one = OpenAIGenerator(options)
    await one.open()
    reply = await one.generate(Request(({"role": "user", "content": "Judge."},), seed=3, schema=schema))
    await one.close()
    assert json.loads(reply.text)["score"] in (0, 1)
    assert (reply.finish, reply.input_tokens) == ("stop", len("<user: Judge.\nassistant: "))


async def test_the_http_server_has_a_lock(served):
    one = OpenAIGenerator(OpenAIOptions(base_url=served, api_key="another-key", model_id_or_path="tiny"))
    await one.open()
    with pytest.raises(Exception, match="401"):
        await one.generate(Request(({"role": "user", "content": "x"},)))
    await one.close()
