"""Promise 3: given the same answers, the same seed gives the same dataset, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from launch import DEBATE, GRAMMAR, TOYS, Launch

TROUBLE = """
databuilders:
  "*":
    blocks:
      - {name: generator, type: simulated, latency: lognormal, latency_median: 0.004, error_rate: 0.05,
         malformed_rate: 0.1, dull: 0.25}
      - {name: validator, lm_config: {type: simulated, latency: lognormal, latency_median: 0.004,
         error_rate: 0.05, malformed_rate: 0.1}}
"""
CASES = {
    DEBATE: ("--task-paths", DEBATE, "--num-outputs-to-generate", "60"),
    GRAMMAR: ("--task-paths", GRAMMAR, "--num-outputs-to-generate", "60"),
    "riddles": (
        *("--task-paths", str(TOYS / "riddles_task.yaml"), "--include", str(TOYS / "riddles.py")),
        *("--num-outputs-to-generate", "60"),
    ),
}


def launch(folder: Path, task: str) -> Launch:
    folder.mkdir()
    (folder / "trouble.yaml").write_text(TROUBLE)
    return Launch(folder, (*CASES[task], "--config-path", "trouble.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize("task", CASES)
def test_concurrency_hash_seed_and_a_crash_do_not_show(tmp_path: Path, task: str) -> None:
    one, many, crashed = (launch(tmp_path / name, task) for name in ("one", "many", "crashed"))
    assert one.run("--max-concurrency", "1", hash_seed="1") == 0
    assert many.run("--max-concurrency", "64", hash_seed="2") == 0
    crashed.kill_when(one.calls() // 3, "--max-concurrency", "16")
    crashed.kill_when(one.calls() * 2 // 3, "--max-concurrency", "8")
    assert crashed.run("--max-concurrency", "32", hash_seed="3") == 0
    assert one.data(task) == many.data(task) == crashed.data(task)
    assert one.rejected(task) == many.rejected(task) == crashed.rejected(task)
    assert len(one.data(task).splitlines()) == 60


@pytest.mark.slow
@pytest.mark.parametrize("task", CASES)
def test_the_runs_compared_have_duplicates_and_replies_asked_for_again(tmp_path: Path, task: str) -> None:
    """What is compared above is worth comparing."""
    run = launch(tmp_path / "one", task)
    run.run("--max-concurrency", "16")
    reasons = {json.loads(line)["reason"] for line in run.rejected(task).splitlines()}
    assert "like an earlier record" in reasons
    assert any(len(call["request"]["messages"]) > 2 for call in run.bodies())
