"""Plugin code that blocks the event loop is reported once, with its line; nothing else is."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from engine import listening
from heard import TWO, Heard, line_of, run

import fms_dgt
from fms_dgt import (
    Flow,
    Map,
    hookimpl,
    stage,
)
from fms_dgt.errors import RunError
from fms_dgt.runner.dataset import Dataset

HERE = Path(__file__).name


def blocking(seconds: float, name: str = "sleeps") -> Any:
    @stage(makes={"y"})
    async def sleeps(row, kit):
        time.sleep(seconds)
        return row.with_(y=1)

    return sleeps.named(name)


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "fms_dgt blocked loop"]


@pytest.mark.alone
def test_code_that_blocks_is_reported_once_with_its_line(tmp_path: Path) -> None:
    outcome, heard = run(tmp_path, blocking(0.9), rows=[{"x": n} for n in range(3)])
    [event] = heard.blocked
    assert (event.file, event.line) == (__file__, line_of(__file__, "time.sleep(seconds)"))
    assert outcome.complete
    assert watchers() == []


@pytest.mark.alone
def test_the_calls_inside_the_plugins_line_are_told(tmp_path: Path) -> None:
    @stage(makes={"y"})
    async def waits(row, kit):
        future = threading.Event()
        future.wait(0.9)
        return row.with_(y=1)

    _, heard = run(tmp_path, waits, rows=[{"x": 1}])
    [event] = heard.blocked
    assert event.line == line_of(__file__, "future.wait(0.9)")
    assert any(call.endswith("in wait") and "threading.py" in call for call in event.calls)


@pytest.mark.alone
def test_a_slow_hook_is_reported_too(tmp_path: Path) -> None:
    class Slow(Heard):
        @hookimpl
        def record_kept(self) -> None:
            time.sleep(0.91)

    heard = Slow()
    with listening(heard):
        fms_dgt.run(Flow(Map(lambda row: {}, name="m")), data=TWO, output_dir=tmp_path, progress=False)
    assert [event.line for event in heard.blocked] == [line_of(__file__, "time.sleep(0.91)")]


@pytest.mark.alone
def test_what_may_never_go_on_is_told_while_it_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("fms_dgt.runner.blocked.HOPELESS", 0.8)
    _, heard = run(tmp_path, blocking(1.5), rows=[{"x": 1}])
    assert heard.blocked == []
    [record] = caplog.records
    assert f"{HERE}:{line_of(__file__, 'time.sleep(seconds)')} in sleeps" in record.getMessage()


def test_a_setting_switches_it_off(tmp_path: Path) -> None:
    config = {"runner_config": {"slow_callback_duration": 0}}
    _, heard = run(tmp_path, blocking(0.9), rows=[{"x": 1}], config=config)
    assert heard.blocked == []


def test_code_that_gives_way_is_not_reported(tmp_path: Path) -> None:
    @stage(makes={"y"})
    async def gives_way(row, kit):
        await asyncio.to_thread(time.sleep, 0.9)
        return row.with_(y=1)

    _, heard = run(tmp_path, gives_way, rows=[{"x": n} for n in range(3)])
    assert heard.blocked == []


def test_many_short_steps_are_not_one_long_one(tmp_path: Path) -> None:
    _, heard = run(tmp_path, blocking(0.05), rows=[{"x": n} for n in range(40)])
    assert heard.blocked == []


def test_our_own_pauses_are_not_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # in C, so that no line of this file is on the stack
    monkeypatch.setattr(Dataset, "show", staticmethod(partial(time.sleep, 0.9)))
    outcome, heard = run(tmp_path, Map(lambda row: {}, name="m"), rows=[{"x": 1}])
    assert outcome.complete
    assert heard.blocked == []


def test_an_import_in_a_stage_is_not_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.9)\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    @stage(makes={"y"})
    async def imports(row, kit):
        import slow_to_import

        return row.with_(y=slow_to_import.__name__)

    outcome, heard = run(tmp_path / "out", imports, rows=[{"x": 1}])
    assert outcome.complete
    assert heard.blocked == []


def test_no_thread_is_left_where_a_run_fails(tmp_path: Path) -> None:
    with pytest.raises(RunError):
        run(tmp_path, Map(lambda row: {"y": 1 / 0}, makes=["y"]), rows=[{"x": n} for n in range(30)])
    assert watchers() == []


SUSPENDED = """
import os, signal, sys, threading, time
import fms_dgt
from fms_dgt import Flow, stage

@stage(makes={"y"})
async def naps(row, kit):
    time.sleep(0.3)
    return row.with_(y=1)

fms_dgt.run(Flow(naps), data=[{"x": n} for n in range(12)], output_dir=sys.argv[1], progress=False)
print("done")
"""


def test_a_suspended_machine_is_not_reported(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SUSPENDED)
    pipe = subprocess.PIPE
    running = subprocess.Popen(
        [sys.executable, script, tmp_path / "out"], stdout=pipe, stderr=pipe, text=True
    )
    while not (tmp_path / "out" / "flow").exists():
        time.sleep(0.05)
        assert running.poll() is None
    for _ in range(2):
        time.sleep(0.5)
        running.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        running.send_signal(signal.SIGCONT)
    out, err = running.communicate(timeout=60)
    assert (out, err) == ("done\n", "")
