"""Failures stay small: what a backend, a stage or a record does wrong costs its own row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from engine import TOYS
from fms_dgt.errors import RunError, UserError

WALK = {"task_name": "walk", "task_description": "A walk.", "created_by": "the tests", "data_builder": "walk"}


def walk(folder: Path, mood: str, count: int = 30, **settings: Any) -> fms_dgt.Outcome:
    task = {**WALK, "seed_examples": [{"number": n} for n in range(count)]}
    generator = {"type": "moody", "mood": mood}
    return fms_dgt.run(
        task,
        include=[TOYS / "walk.py", TOYS / "moody.py"],
        output_dir=folder,
        generator=generator,
        **settings,
    )


def rejected(outcome: fms_dgt.Outcome) -> list[tuple[str, str]]:
    return [(row["stage"], row["reason"]) for row in outcome.rejections]


def test_a_refused_request_costs_one_row(tmp_path: Path) -> None:
    outcome = walk(tmp_path, "refuse_7")
    assert [row["number"] for row in outcome.records] == [n for n in range(30) if n != 7]
    assert rejected(outcome) == [("grain", "failed")]
    assert outcome.tasks["walk"].end == "exhausted"


def test_failed_rows_are_left_alone_until_they_are_asked_for(tmp_path: Path) -> None:
    walk(tmp_path, "refuse_7")
    again = walk(tmp_path, "well")
    assert again.counts["calls"] == 0
    taken_up = walk(tmp_path, "well", retry_failed=True)
    assert [row["number"] for row in taken_up.records] == list(range(30))
    assert taken_up.counts["calls"] == 1


def test_a_backend_that_raises_something_else_costs_one_row(tmp_path: Path) -> None:
    outcome = walk(tmp_path, "bug_3")
    [row] = outcome.rejections
    assert row["reason"] == "failed"
    assert row["evidence"]["error"] == "the generator 'moody' raised KeyError: 'oops'"


def test_an_error_that_passes_rejects_nothing(tmp_path: Path) -> None:
    outcome = walk(tmp_path, "flaky")
    assert outcome.counts["records"] == 30
    assert rejected(outcome) == []


def test_a_call_that_never_succeeds_is_given_up_while_others_are_answered(tmp_path: Path) -> None:
    outcome = walk(tmp_path, "never_5")
    assert rejected(outcome) == [("grain", "failed")]


def test_what_fails_every_call_stops_the_run_resumably(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^generator \(moody\): the key is wrong"):
        walk(tmp_path, "locked")
    assert walk(tmp_path, "well").counts["records"] == 30


def test_a_backend_that_refuses_everything_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^generator \(moody\): refuses every call; the last error: no"):
        walk(tmp_path, "refuse", count=100)


def test_a_backend_that_is_gone_stops_the_run(tmp_path: Path) -> None:
    config = {"runner_config": {"give_up_after": 0.3}}
    with pytest.raises(RunError, match="nobody there; .*; nothing was answered within 0.3"):
        walk(tmp_path, "gone", config=config)


def test_a_hook_that_raises_is_switched_off_and_said(tmp_path: Path) -> None:
    task = {**WALK, "seed_examples": [{"number": n} for n in range(5)]}
    include = [TOYS / name for name in ("walk.py", "sieve.py", "clumsy_hook.py")]
    outcome = fms_dgt.run(task, include=include, output_dir=tmp_path)
    assert outcome.counts["records"] == 5
    assert any("clumsy" in note and "switched off" in note for note in outcome.finished.notes)


@pytest.mark.parametrize(
    ("fault", "stage", "error"),
    [
        ("stage", "stumble", "ZeroDivisionError: division by zero"),
        ("record", "record", "ValueError: never thirteen"),
    ],
)
def test_a_stage_or_record_that_raises_costs_its_row(
    tmp_path: Path, fault: str, stage: str, error: str
) -> None:
    outcome = stumble(tmp_path, fault)
    [row] = outcome.rejections
    assert (row["stage"], row["reason"]) == (stage, "error in the stage's code")
    assert row["evidence"]["error"] == error
    assert row["evidence"]["at"].startswith("stumble.py:")
    assert outcome.counts["records"] == 29


def test_a_stage_that_always_raises_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(
        RunError, match="the stage 'stumble' of stumble fails on every row: ZeroDivisionError"
    ):
        stumble(tmp_path, "always")


def test_a_source_that_raises_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="the source of stumble failed at unit 20: KeyError: 'dry'"):
        stumble(tmp_path, "source")


def test_evidence_that_json_cannot_hold_costs_its_row(tmp_path: Path) -> None:
    outcome = stumble(tmp_path, "evidence")
    [row] = outcome.rejections
    assert (row["stage"], row["reason"]) == ("stumble", "no")
    assert "set is not JSON serializable" in row["evidence"]["error"]
    assert outcome.counts["records"] == 29


def test_a_field_that_holds_another_type_costs_its_row(tmp_path: Path) -> None:
    [row] = stumble(tmp_path, "type").rejections
    assert row["stage"] == "record"
    assert row["evidence"]["error"] == "TypeError: the field 'number' holds str, and is declared as int"


def test_what_was_stopped_for_a_fault_is_taken_up_once_that_is_mended(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="refuses every call"):
        walk(tmp_path, "refuse", count=60)
    mended = walk(tmp_path, "well", count=60)
    assert mended.counts["records"] == 60
    assert rejected(mended) == []


def test_a_finite_source_of_which_every_row_failed_is_not_complete(tmp_path: Path) -> None:
    outcome = walk(tmp_path, "refuse", count=8)
    assert not outcome.complete
    assert outcome.tasks["walk"].failed == 8
    assert any("8 rows failed; --retry-failed takes them up again" in note for note in outcome.finished.notes)
    assert walk(tmp_path, "well", count=8, retry_failed=True).counts["records"] == 8


def test_two_calls_that_never_succeed_do_not_make_a_run_unfinishable(tmp_path: Path) -> None:
    config = {"runner_config": {"give_up_after": 3, "max_attempts": 4}}
    outcome = walk(tmp_path, "never_5 or 7", config=config)
    assert sorted(row["values"]["number"] for row in outcome.rejections) == [5, 7]
    assert outcome.counts["records"] == 28


def test_a_backend_that_lets_its_own_cancellation_through_fails_one_try(tmp_path: Path) -> None:
    outcome = walk(tmp_path, "cancel_4")
    assert outcome.counts["records"] == 30


def test_a_backend_that_cannot_be_opened_stops_the_run_and_no_row_pays(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be opened: OSError: no socket"):
        walk(tmp_path, "shut")
    assert walk(tmp_path, "well").counts["records"] == 30


@pytest.mark.parametrize("fault", ["none", "dict", "exit"])
def test_what_no_stage_may_give_costs_its_row(tmp_path: Path, fault: str) -> None:
    outcome = stumble(tmp_path, fault)
    [row] = outcome.rejections
    assert row["reason"] == "error in the stage's code"
    assert outcome.counts["records"] == 29


def test_a_budget_shared_by_two_endpoints_never_hangs(tmp_path: Path) -> None:
    task = {**WALK, "data_builder": "two_ends", "seed_examples": [{"number": n} for n in range(6)]}
    include = [TOYS / name for name in ("walk.py", "moody.py", "sieve.py", "two_ends.py")]
    for budget in range(1, 12):
        outcome = fms_dgt.run(task, include=include, output_dir=tmp_path / str(budget), max_calls=budget)
        assert outcome.finished.report["walk"]["folder"]["calls"] <= budget


def stumble(folder: Path, fault: str) -> fms_dgt.Outcome:
    task = {**WALK, "task_name": "stumble", "data_builder": "stumble", "task_description": fault}
    return fms_dgt.run(
        task, include=[TOYS / "stumble.py"], output_dir=folder, num_outputs_to_generate=29, max_concurrency=4
    )
