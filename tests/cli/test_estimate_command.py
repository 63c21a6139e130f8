"""What `--estimate` prints, and that it is all that goes to stdout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fms_dgt.cli.estimate import lines_of
from fms_dgt.core.events import RunFinished, TaskFinished

DEBATE = "instructlab/skills/writing/freeform/debate"
PRICED = """
databuilders:
  "*":
    blocks:
      - {name: generator, type: simulated, input_price: 0.15, output_price: 0.6}
      - {name: validator, lm_config: {type: simulated, input_price: 0.15, output_price: 0.6}}
"""
AMOUNT = {"about": 2_000, "low": 1_500, "high": 3_000}
SAID = {
    "units": 10,
    "records": 30,
    "units_left": None,
    "a_unit": {"calls": 13.4, "cost": None},
    "calls": AMOUNT,
    "input_tokens": AMOUNT,
    "output_tokens": {**AMOUNT, "low": None, "high": None},
    "cost": {"about": 0.0123456, "low": 0.01, "high": 12.5},
    "seconds": None,
    "why": "",
}
UNKNOWN = {**SAID, "records": 0, "calls": None, "why": "none of its 10 units gave a record"}


def estimate(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    (folder / "priced.yaml").write_text(PRICED)
    argv = ("--task-paths", DEBATE, "--config-path", "priced.yaml", "--num-outputs-to-generate", "200")
    command = [sys.executable, "-m", "fms_dgt", *argv, "--estimate", *flags]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def finished(**tasks: dict) -> RunFinished:
    ended = [TaskFinished(name, "estimated", 30, 500, 4) for name in tasks]
    report = {name: {"estimate": said} for name, said in tasks.items()}
    unknown = [name for name, said in tasks.items() if said["why"]]
    in_all = {**SAID, "unknown": unknown}
    return RunFinished(Path("out"), ended, report, 31.0, 134, 0, (), "", False, 71_665, 6_217, 0.5, in_all)


def test_a_task_and_what_it_was_worth():
    assert list(lines_of(finished(t=SAID))) == [
        "estimate",
        "  t: 30 of 500 records are there; 10 units gave 30; the rest takes",
        "    calls       about 2,000          (1,500 to 3,000)",
        "    tokens in   about 2,000          (1,500 to 3,000)",
        "    tokens out  about 2,000          (from so few units, no range can be told)",
        "    cost        about 0.0123         (0.0100 to 12.50)",
        "    time        unknown: no call of it was timed",
        "the estimate itself: 134 calls, 71,665 tokens in, 6,217 out, cost 0.500, 0:00:31; kept in out",
        "run the command without --estimate (and --restart) to continue; what was answered is not asked again",
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ({"about": 0.2, "low": 0.1, "high": 0.4}, "less than a second"),
        ({"about": 0.2, "low": None, "high": None}, "less than a second"),
        ({"about": 0.2, "low": 0.1, "high": 2.4}, "about 0:00:00        (0:00:00 to 0:00:02)"),
        ({"about": 90, "low": 60, "high": 120}, "about 0:01:30        (0:01:00 to 0:02:00)"),
    ],
)
def test_a_time_that_is_next_to_nothing(seconds, said):
    assert f"    time        {said}" in list(lines_of(finished(t={**SAID, "seconds": seconds})))


def test_what_cannot_be_told_is_said_with_what_a_unit_takes():
    lines = list(lines_of(finished(t=SAID, u=UNKNOWN)))
    at = lines.index(
        "  u: 30 of 500 records are there; 10 units gave 0; the rest cannot be estimated: "
        "none of its 10 units gave a record"
    )
    assert lines[at + 1 : at + 3] == ["    a unit takes about 13 calls", "  all 2 tasks"]
    assert "    and what 1 task takes of which nothing can be told" in lines


@pytest.mark.parametrize("flags", [(), ("--quiet",)])
def test_it_is_all_of_stdout_and_ends_well(tmp_path, flags):
    said = estimate(tmp_path, *flags)
    assert said.returncode == 0
    assert said.stdout.startswith(f"estimate\n  {DEBATE}: ")
    assert "    cost        about 0." in said.stdout
    assert "; kept in output\n" in said.stdout
    announced = "note: an estimate: 10 units of each task, about 160 calls, more where" in said.stderr
    assert announced == (not flags)
    assert bool(said.stderr) == (not flags)


def test_json_has_all_figures(tmp_path):
    said = json.loads(estimate(tmp_path, "--json").stdout)
    assert said["exit_code"] == 0
    assert said["cost"] > 0
    assert said["estimate"]["calls"] == said["report"][DEBATE]["estimate"]["calls"]
    assert said["estimate"]["calls"]["low"] < said["estimate"]["calls"]["high"]
