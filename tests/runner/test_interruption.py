"""Ctrl-C: calls in flight come in, everything is written, the same command goes on."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from launch import DEBATE, SLOW, Launch


@pytest.fixture
def run(tmp_path: Path) -> Launch:
    (tmp_path / "slow.yaml").write_text(SLOW)
    argv = ("--task-paths", DEBATE, "--config-path", "slow.yaml", "--num-outputs-to-generate", "80")
    return Launch(tmp_path, (*argv, "--max-concurrency", "8"))


def wait_for_calls(run: Launch, calls: int) -> None:
    deadline = time.monotonic() + 60
    while run.calls() < calls and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_everything_and_goes_on(run: Launch, number: int) -> None:
    process = run.process()
    wait_for_calls(run, 30)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command to continue" in err
    report = json.loads((run.folder / "out" / DEBATE / "run.json").read_text())
    assert report["end"] == "interrupted"
    assert report["folder"]["calls"] == run.calls()
    kept = run.data(DEBATE).splitlines()
    assert len(kept) == report["records"] < 80
    assert run.run() == 0
    assert len(run.data(DEBATE).splitlines()) == 80


@pytest.mark.alone
def test_a_second_interrupt_leaves_at_once(run: Launch) -> None:
    (run.folder / "slow.yaml").write_text(SLOW.replace("0.15", "4.0"))
    process = run.process()
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    # the calls in flight would have taken longer
    assert time.monotonic() - started < 3.0
