"""How tasks end, and that running them again unchanged asks nothing."""

from __future__ import annotations

import json
from pathlib import Path

import fms_dgt
import pytest
from engine import SIEVE, TOYS, sieve
from fms_dgt import Completion, Generator, GeneratorOptions, Request
from fms_dgt.binding.bound import BoundGenerator
from fms_dgt.plugins import Plugins
from fms_dgt.runner.endpoints import Endpoints
from fms_dgt.runner.limits import Bounds, Budget
from fms_dgt.runner.stop import Abandoned, Stop
from fms_dgt.runner.tries import Ask, Tries


def report(folder: Path) -> dict:
    return json.loads((folder / "sieve" / "run.json").read_text())


def lines(folder: Path, name: str = "data.jsonl") -> list[str]:
    return (folder / "sieve" / name).read_text().splitlines()


def test_reached_means_exactly_the_number_wanted(tmp_path: Path) -> None:
    outcome = sieve(tmp_path, num_outputs_to_generate=17)
    assert outcome.complete
    assert len(lines(tmp_path)) == 17
    assert report(tmp_path)["end"] == "reached"


def test_a_complete_task_run_again_asks_nothing(tmp_path: Path) -> None:
    sieve(tmp_path)
    before = lines(tmp_path)
    again = sieve(tmp_path)
    assert again.complete
    assert again.counts["calls"] == 0
    assert lines(tmp_path) == before


def test_more_continues_and_fewer_gives_the_first_ones(tmp_path: Path) -> None:
    sieve(tmp_path, num_outputs_to_generate=20)
    twenty = lines(tmp_path)
    more = sieve(tmp_path, num_outputs_to_generate=50)
    fifty = lines(tmp_path)
    assert fifty[:20] == twenty
    assert len(fifty) == 50
    assert more.counts["calls"] <= 2 * 31
    fewer = sieve(tmp_path, num_outputs_to_generate=20)
    assert lines(tmp_path) == twenty
    assert fewer.counts["calls"] == 0
    back = sieve(tmp_path, num_outputs_to_generate=50)
    assert lines(tmp_path) == fifty
    assert back.counts["calls"] == 0


def test_a_stalled_task_says_which_stage_rejected_what(tmp_path: Path) -> None:
    outcome = sieve(tmp_path, 0, max_stalled_requests=9)
    assert not outcome.complete
    task = outcome.tasks["sieve"]
    assert task.end == "stalled"
    assert task.why.startswith("9 units in a row gave no record; sieve rejected 9: bad luck; for example: ")
    assert len(lines(tmp_path, "rejected.jsonl")) == 9
    assert outcome.finished.exit_code == 1


def test_a_stalled_task_run_again_asks_nothing(tmp_path: Path) -> None:
    first = sieve(tmp_path, 0, max_stalled_requests=9)
    again = sieve(tmp_path, 0, max_stalled_requests=9)
    assert again.tasks["sieve"].end == "stalled"
    assert again.tasks["sieve"].why == first.tasks["sieve"].why
    assert again.counts["calls"] == 0


def test_a_stalled_task_goes_on_with_more_patience(tmp_path: Path) -> None:
    sieve(tmp_path, 0, max_stalled_requests=9)
    more = sieve(tmp_path, 0, max_stalled_requests=12, max_concurrency=1)
    assert more.tasks["sieve"].kept == 0
    assert len(lines(tmp_path, "rejected.jsonl")) == 12


def test_the_budget_is_never_exceeded_and_is_cumulative(tmp_path: Path) -> None:
    first = sieve(tmp_path, max_calls=13)
    assert first.tasks["sieve"].end == "spent"
    assert "raise --max-calls" in first.tasks["sieve"].why
    assert report(tmp_path)["folder"]["calls"] <= 13
    assert sieve(tmp_path, max_calls=13).counts["calls"] == 0
    more = sieve(tmp_path, max_calls=40)
    assert more.complete
    assert report(tmp_path)["folder"]["calls"] <= 40


def test_the_budget_is_spent_on_units_that_are_finished(tmp_path: Path) -> None:
    outcome = sieve(tmp_path, delay=0.005, max_calls=20, max_concurrency=8)
    assert outcome.counts["records"] == 10
    assert report(tmp_path)["folder"]["calls"] == 20


async def test_who_comes_when_the_task_has_stopped_neither_asks_nor_waits() -> None:
    class Asked(Generator[GeneratorOptions]):
        async def generate(self, request: Request) -> Completion:
            raise AssertionError("asked after the stop")

    backend, stop = Asked(GeneratorOptions()), Stop()
    endpoint = Endpoints(None, Budget(Bounds(calls=0))).of(backend)
    request = Request(({"role": "user", "content": "grain"},), {})
    generator = BoundGenerator("asked", backend, "")
    ask = Ask(generator, request, b"", "sieve", 1, "0", "0", "first", (0, 0), stop)
    # while its backend was opened, say
    stop.set("spent")
    with pytest.raises(Abandoned):
        await Tries(ask, endpoint, Plugins.discover([]).hooks()).run()
    assert not endpoint.waits(stop)


def test_a_token_budget_holds_within_a_call(tmp_path: Path) -> None:
    outcome = sieve(tmp_path, max_tokens=105, max_concurrency=4)
    assert outcome.tasks["sieve"].end == "spent"
    assert report(tmp_path)["folder"]["calls"] in (10, 11)
    assert sieve(tmp_path, max_tokens=105, max_concurrency=4).counts["calls"] == 0


def test_replayed_answers_are_free(tmp_path: Path) -> None:
    sieve(tmp_path, num_outputs_to_generate=5)
    calls = report(tmp_path)["folder"]["calls"]
    (tmp_path / "sieve" / "data.jsonl").unlink()
    again = sieve(tmp_path, num_outputs_to_generate=5, max_calls=calls)
    assert again.complete
    assert len(lines(tmp_path)) == 5


def test_a_finite_source_runs_to_its_end(tmp_path: Path) -> None:
    task = {
        "task_description": "Grains.",
        "created_by": "the tests",
        "data_builder": "walk",
        "seed_examples": [{"number": n} for n in range(7)],
    }
    outcome = fms_dgt.run(task, include=[TOYS / "walk.py", TOYS / "sieve.py"], output_dir=tmp_path)
    assert [row["number"] for row in outcome.records] == list(range(7))
    assert outcome.tasks["task"].end == "exhausted"
    assert outcome.complete


def test_a_finite_source_that_cannot_give_what_was_asked_is_incomplete(tmp_path: Path) -> None:
    task = {**SIEVE, "data_builder": "walk", "seed_examples": [{"number": n} for n in range(7)]}
    outcome = fms_dgt.run(
        task,
        include=[TOYS / "walk.py", TOYS / "sieve.py"],
        output_dir=tmp_path,
        num_outputs_to_generate=9,
    )
    assert not outcome.complete
    assert outcome.tasks["sieve"].why == "the source had 7 units, which gave 7 records"
