"""An estimate is the first units of the run itself: nothing of it is paid for twice."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from engine import SIEVE, TOYS, sieve
from fms_dgt import EachOf
from fms_dgt.runner.estimate import UNITS
from fms_dgt.testing import ModelServer, lognormal
from launch import DEBATE, GRAMMAR, Launch
from test_paid_once import asked, config, in_flight

CALL = (7 * 1000 + 3 * 2000) / 1e6


def of(outcome: fms_dgt.Outcome, task: str = "sieve") -> dict[str, Any]:
    return outcome.finished.report[task]["estimate"]


def about(said: dict[str, Any]) -> tuple[float, ...]:
    return tuple(said[name]["about"] for name in ("calls", "input_tokens", "output_tokens"))


def priced_sieve(folder: Path, percent: int = 100, **settings: Any) -> fms_dgt.Outcome:
    generator = {"type": "simulated", "input_price": 1000, "output_price": 2000}
    config = {"databuilders": {"sieve": {"percent": percent, "blocks": [{"name": "generator", **generator}]}}}
    settings.setdefault("num_outputs_to_generate", 60)
    return fms_dgt.run(SIEVE, config=config, include=[TOYS / "sieve.py"], output_dir=folder, **settings)


def test_it_ends_well_after_a_few_units_and_tells_the_rest(tmp_path: Path) -> None:
    outcome = sieve(tmp_path, num_outputs_to_generate=60, estimate=True)
    assert outcome.finished.exit_code == 0
    assert outcome.tasks["sieve"].end == "estimated"
    assert outcome.counts["calls"] == 2 * UNITS
    said = of(outcome)
    assert (said["units"], said["records"], said["kept"], said["target"]) == (UNITS, UNITS, UNITS, 60)
    assert about(said) == (100, 700, 300)
    assert said["calls"]["low"] == 100
    assert said["calls"]["high"] >= 100
    assert said["cost"] is None
    assert said["seconds"]["about"] >= 0


def test_money_is_extrapolated_at_the_prices(tmp_path: Path) -> None:
    outcome = priced_sieve(tmp_path, estimate=True)
    said, paid = of(outcome), outcome.finished.report["sieve"]["this_run"]
    assert paid["calls"] == 2 * UNITS
    assert said["cost"]["about"] == pytest.approx(5 * paid["cost"])
    assert outcome.finished.estimate is not None
    assert outcome.finished.estimate["cost"] == said["cost"]


@pytest.mark.parametrize("percent", [30, 100])
def test_the_run_after_it_gives_the_same_data_and_pays_for_none_of_it_again(
    tmp_path: Path, percent: int
) -> None:
    sieve(tmp_path / "alone", percent, num_outputs_to_generate=40)
    first = sieve(tmp_path / "both", percent, num_outputs_to_generate=40, estimate=True)
    then = sieve(tmp_path / "both", percent, num_outputs_to_generate=40)
    with sqlite3.connect(tmp_path / "both" / "journal.sqlite") as db:
        calls, different = db.execute("SELECT count(*), count(DISTINCT digest) FROM calls").fetchone()
    assert calls == different == first.counts["calls"] + then.counts["calls"]
    assert 0 < first.counts["calls"] < calls
    for name in ("data.jsonl", "rejected.jsonl"):
        files = [tmp_path / folder / "sieve" / name for folder in ("alone", "both")]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_a_second_estimate_asks_nothing_and_says_the_same(tmp_path: Path) -> None:
    first = priced_sieve(tmp_path, 60, estimate=True)
    again = priced_sieve(tmp_path, 60, estimate=True)
    assert again.counts["calls"] == 0
    same = [{key: value for key, value in of(one).items() if key != "seconds"} for one in (first, again)]
    assert same[0] == same[1]
    assert of(again)["seconds"] is not None


def test_the_range_holds_what_the_run_then_takes(tmp_path: Path) -> None:
    held = 0
    for seed in range(12):
        folder = tmp_path / str(seed)
        said = of(sieve(folder, 50, num_outputs_to_generate=100, seed=seed, estimate=True))
        run = sieve(folder, 50, num_outputs_to_generate=100, seed=seed, max_concurrency=1)
        held += said["calls"]["low"] <= run.counts["calls"] <= said["calls"]["high"]
    assert held >= 10


def test_without_a_record_nothing_is_told_but_why(tmp_path: Path) -> None:
    outcome = sieve(tmp_path, 0, estimate=True)
    assert outcome.finished.exit_code == 0
    said = of(outcome)
    assert said["why"] == f"none of its {UNITS} units gave a record; sieve rejected {UNITS}: bad luck"
    assert said["calls"] is None
    assert said["a_unit"]["calls"] == 1
    assert outcome.finished.estimate is not None
    assert outcome.finished.estimate["unknown"] == ["sieve"]


def test_a_finite_source_is_estimated_by_its_units(tmp_path: Path) -> None:
    outcome = walk(tmp_path, 50, estimate=True)
    said = of(outcome, "walk")
    assert (said["units"], said["units_left"]) == (UNITS, 40)
    assert said["calls"] == {"about": 40, "low": 40, "high": 40}
    assert walk(tmp_path, 50).counts["calls"] == 40


def test_a_source_that_is_through_leaves_nothing(tmp_path: Path) -> None:
    for number in (3, UNITS):
        outcome = walk(tmp_path / str(number), number, estimate=True)
        assert outcome.finished.exit_code == 0
        assert of(outcome, "walk")["calls"] == {"about": 0, "low": 0, "high": 0}
        assert walk(tmp_path / str(number), number).counts["calls"] == 0


def test_a_source_that_does_not_tell_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # that of a file does not
    monkeypatch.setattr(EachOf, "size", lambda _: None)
    said = of(walk(tmp_path, 50, estimate=True), "walk")
    assert said["why"] == "its source does not tell how many units it has"
    assert said["a_unit"] == {"calls": 1, "input_tokens": 7, "output_tokens": 3, "cost": None}
    wanted = of(walk(tmp_path, 50, num_outputs_to_generate=30, estimate=True), "walk")
    assert wanted["calls"]["about"] == 20


def test_a_target_that_is_reached_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    outcome = sieve(tmp_path, num_outputs_to_generate=4, estimate=True)
    assert outcome.complete
    assert about(of(outcome)) == (0, 0, 0)
    again = sieve(tmp_path, num_outputs_to_generate=4, estimate=True)
    assert again.complete
    assert again.counts["calls"] == 0


def test_it_goes_on_with_a_folder_that_is_begun(tmp_path: Path) -> None:
    sieve(tmp_path, num_outputs_to_generate=30)
    before = (tmp_path / "sieve" / "data.jsonl").read_bytes()
    outcome = sieve(tmp_path, num_outputs_to_generate=50, estimate=True)
    assert outcome.counts["calls"] == 0
    assert about(of(outcome))[0] == 40
    assert (tmp_path / "sieve" / "data.jsonl").read_bytes() == before
    assert sieve(tmp_path, num_outputs_to_generate=50).counts["calls"] == 40


def test_it_keeps_to_the_budget(tmp_path: Path) -> None:
    outcome = sieve(tmp_path, num_outputs_to_generate=50, max_calls=7, estimate=True, max_concurrency=1)
    assert outcome.tasks["sieve"].end == "spent"
    assert outcome.finished.exit_code == 1
    assert outcome.counts["calls"] == 7


def walk(folder: Path, number: int, **settings: Any) -> fms_dgt.Outcome:
    task = {**SIEVE, "task_name": "walk", "data_builder": "walk"}
    task["seed_examples"] = [{"number": n} for n in range(number)]
    include = [TOYS / "walk.py", TOYS / "sieve.py"]
    return fms_dgt.run(task, include=include, output_dir=folder, **settings)


def server_launch(folder: Path, url: str) -> Launch:
    folder.mkdir()
    (folder / "server.yaml").write_text(config(url))
    argv = ("--task-paths", DEBATE, GRAMMAR, "--config-path", "server.yaml")
    return Launch(folder, (*argv, "--num-outputs-to-generate", "60", "--max-concurrency", "8"))


@pytest.mark.slow
def test_a_killed_estimate_pays_nothing_twice(tmp_path: Path) -> None:
    with ModelServer(slots=8, service=lognormal(0.02, 0.6)).in_thread() as server:
        alone = server_launch(tmp_path / "alone", server.base_url)
        alone.run()
        since = len(server.requests)
        killed = server_launch(tmp_path / "killed", server.base_url)
        allowed = 0
        for at in (5, 60, 150):
            killed.kill_when(at, "--estimate")
            allowed += min(in_flight(server, time.monotonic()), 16)
        assert killed.run("--estimate") == 0
        assert killed.data(DEBATE).count(b"\n") < 60
        killed.run()
        asked_twice: Counter[Any] = asked(server, since)
        assert sum(count - 1 for count in asked_twice.values()) <= allowed
        for task in (DEBATE, GRAMMAR):
            assert killed.data(task) == alone.data(task)
            assert killed.rejected(task) == alone.rejected(task)


def test_run_json_says_it_was_an_estimate(tmp_path: Path) -> None:
    sieve(tmp_path, num_outputs_to_generate=60, estimate=True)
    made = json.loads((tmp_path / "sieve" / "run.json").read_text())
    assert (made["end"], made["complete"]) == ("estimated", False)
    assert made["estimate"]["calls"]["about"] == 100
