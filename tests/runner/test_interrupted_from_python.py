"""Ctrl-C in a script or a notebook: everything is kept, and nothing goes on after it."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import fms_dgt
import pytest
from engine import SIEVE, TOYS, AfterCalls, listening, sieve
from fms_dgt.runner import endpoints


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_script_goes_no_further_and_has_what_there_was(tmp_path: Path) -> None:
    with listening(AfterCalls(15, ctrl_c)), pytest.raises(KeyboardInterrupt) as caught:
        sieve(tmp_path, delay=0.005, max_concurrency=2)
    outcome = caught.value.outcome
    assert isinstance(caught.value, fms_dgt.Interrupted)
    assert outcome.tasks["sieve"].end == "interrupted"
    assert 0 < len(list(outcome.records)) < 20
    assert json.loads((tmp_path / "sieve" / "run.json").read_text())["end"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    again = sieve(tmp_path)
    assert again.counts["records"] == 20
    assert outcome.counts["calls"] + again.counts["calls"] == 40


async def test_a_notebook_goes_no_further_and_has_what_there_was(tmp_path: Path) -> None:
    # here an event loop is running, so the run has a thread of its own
    with listening(AfterCalls(15, ctrl_c)), pytest.raises(fms_dgt.Interrupted) as caught:
        sieve(tmp_path, delay=0.005, max_concurrency=2)
    assert caught.value.outcome.tasks["sieve"].end == "interrupted"
    assert sieve(tmp_path).counts["records"] == 20


@pytest.mark.parametrize("seconds", [60.0, 0.05], ids=["Ctrl-C", "its time is over"])
def test_a_backend_that_hangs_while_it_closes_keeps_nothing_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(endpoints, "CLOSE_SECONDS", seconds)
    report = tmp_path / "sieve" / "run.json"
    written: list[bool] = []

    def look_and_stop() -> None:
        written.append(report.exists())
        ctrl_c()

    timer = threading.Timer(1.0, look_and_stop)
    if seconds > 1:
        timer.start()
    try:
        fms_dgt.run(
            SIEVE,
            include=[TOYS / "sieve.py", TOYS / "clinging.py"],
            generator="clinging",
            output_dir=tmp_path,
            num_outputs_to_generate=5,
        )
    except fms_dgt.Interrupted as error:
        assert written == [True]
        assert error.outcome.complete
    else:
        assert seconds < 1
    assert json.loads(report.read_text())["records"] == 5
