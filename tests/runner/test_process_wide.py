"""Code of plugins that changes what the whole process has: its folder, its tasks, its loop, its threads."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import fms_dgt
import pytest
from fms_dgt.errors import RunError
from fms_dgt.safety import event_loop
from fms_dgt.safety.event_loop import run_to_end

PLUGIN = """
import asyncio, os, pathlib, time
from dataclasses import dataclass
from fms_dgt import Columns, DataBuilder, EachOf, Flow, Generate, Kit, Row, Task, stage

@dataclass(frozen=True)
class OddTask(Task):
    act: str

@stage(needs={"n", "text", "act"}, makes={"more"})
async def odd(row: Row, kit: Kit) -> Row:
    if row["n"] == 3:
        if row["act"] == "chdir":
            os.chdir("elsewhere")
        elif row["act"] == "stop":
            asyncio.get_running_loop().stop()
        elif row["act"] == "cancel all":
            for task in asyncio.all_tasks():
                task.cancel()
        elif row["act"] == "thread":
            pathlib.Path("begun").touch()
            await asyncio.to_thread(time.sleep, 45)
        elif row["act"] == "left thread":
            try:
                await asyncio.wait_for(asyncio.to_thread(time.sleep, 45), 0.1)
            except TimeoutError:
                pass
        await asyncio.sleep(0.05)
    return row.with_(more="odd")

class OddBuilder(DataBuilder[OddTask]):
    "Odd."
    record = Columns
    def source(self, task):
        return EachOf([{"n": n, "act": task.act} for n in range(8)])
    def flow(self, task):
        return Flow(Generate("say", into="text"), odd)
"""
TASK = {"task_name": "t", "task_description": "d", "created_by": "me", "data_builder": "odd"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "odd.py").write_text(PLUGIN)
    (tmp_path / "odd.yaml").write_text("name: odd\nblocks: [{name: generator, type: simulated}]\n")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "say.yaml").write_text("prompt: Say {{ n }}\n")
    (tmp_path / "task.yaml").write_text("".join(f"{key}: {said}\n" for key, said in TASK.items()))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(act: str) -> subprocess.Popen[str]:
    with Path("task.yaml").open("a") as task:
        task.write(f"act: {act}\n")
    argv = ["--include", "odd.py", "--task-paths", "task.yaml", "--output-dir", "out", "--max-concurrency", "2"]
    return subprocess.Popen(
        [sys.executable, "-m", "fms_dgt", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def records(folder: Path) -> int:
    return len((folder / "out/t/data.jsonl").read_text().splitlines())


def test_a_run_stays_in_the_folder_it_was_begun_in(folder: Path) -> None:
    outcome = fms_dgt.run({**TASK, "act": "chdir"}, include=["odd.py"], output_dir="out", progress=False)
    assert Path.cwd() == folder / "elsewhere"
    assert len(list(outcome.records)) == records(folder) == 8
    assert (folder / "out/t/run.json").is_file()
    assert (folder / "out/run.log").read_text().count("run finished") == 1
    assert not os.listdir(folder / "elsewhere")


def test_messages_show_paths_as_ever(folder: Path) -> None:
    process = command("chdir")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "  out/t/data.jsonl\n" in out + err
    assert str(folder) not in out + err


@pytest.mark.parametrize(("act", "least"), [("stop", 8), ("cancel all", 3)])
def test_the_tasks_of_the_run_go_on(folder: Path, act: str, least: int) -> None:
    outcome = fms_dgt.run({**TASK, "act": act}, include=["odd.py"], output_dir="out", progress=False)
    assert outcome.tasks["t"].end == "exhausted"
    assert records(folder) >= least
    assert outcome.counts["records"] + outcome.tasks["t"].rejected == 8


def test_a_command_that_is_done_waits_for_no_thread(folder: Path) -> None:
    process = command("left thread")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "a plugin has left threads at work" in err
    assert "Traceback" not in err
    assert records(folder) == 8


def test_one_interrupt_ends_a_run_with_a_blocked_thread(folder: Path) -> None:
    process = command("thread")
    while not (folder / "begun").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "run the same command to continue" in err


def test_a_cancelled_main_task_is_an_error_in_words() -> None:
    async def main() -> None:
        asyncio.current_task().cancel()  # type: ignore[union-attr]
        await asyncio.sleep(1)

    with pytest.raises(RunError, match="a plugin cancelled"):
        run_to_end(main())


def test_a_thread_is_waited_for_within_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "LEFT_OVER", 0.1)
    release = threading.Event()

    async def main() -> str:
        asyncio.get_running_loop().run_in_executor(None, release.wait, 30)
        return "done"

    try:
        assert run_to_end(main()) == "done"
        assert not release.is_set()
    finally:
        release.set()
