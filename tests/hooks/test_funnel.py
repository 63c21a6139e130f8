from __future__ import annotations

from pathlib import Path

import pytest

from fms_dgt.core.events import CallFinished, RecordKept, RowRejected, TaskFinished, TaskStarted
from fms_dgt.hooks.run_count import Left, Meter, RunCount
from fms_dgt.hooks.task_count import MAX_REASONS, OTHER_REASONS, Step, TaskCount

FOLDER = Path("out/t")


def started(*stages: str, target: int | None = 10, units: int | None = None) -> TaskCount:
    task = TaskCount("t")
    task.begin(TaskStarted("t", FOLDER, stages, target, units), now=0.0)
    return task


def move(task: TaskCount, **rows: int) -> None:
    for stage, number in rows.items():
        for _ in range(number):
            task.move(stage)


def keep(task: TaskCount, number: int, *, again: bool = False) -> None:
    for _ in range(number):
        task.keep(RecordKept("t", task.kept + 1, {}, again))


def reject(task: TaskCount, stage: str, reason: str = "bad", *, again: bool = False) -> None:
    task.reject(RowRejected("t", stage, reason, again=again))


def test_what_leaves_a_stage_is_what_reached_the_next_one():
    task = started("write", "judge", "dedup")
    move(task, write=4, judge=20, dedup=9)
    reject(task, "judge")
    keep(task, 6)
    assert task.funnel() == [
        Step("write", 4, 20, 0),
        Step("judge", 20, 9, 1),
        Step("dedup", 9, 6, 0),
    ]


def test_stages_that_no_row_reached_are_passed_over():
    task = started("grounded", "free", "dedup")
    move(task, free=3, dedup=2)
    assert [(step.name, step.gone_on, step.active) for step in task.funnel()] == [
        ("grounded", 0, False),
        ("free", 2, True),
        ("dedup", 0, True),
    ]
    assert task.begun == 3


def test_a_stage_that_was_not_announced_is_no_step():
    task = started("write")
    move(task, write=1, branch=1)
    reject(task, "branch")
    assert task.funnel() == [Step("write", 1, 0, 0)]
    assert task.rejected == 1
    assert task.reasons == {("branch", "bad"): 1}


def test_earlier_runs_count_for_the_task_but_not_for_the_funnel():
    task = started("write")
    keep(task, 3, again=True)
    reject(task, "write", again=True)
    assert task.resumed
    assert (task.kept, task.made, task.rejected) == (3, 0, 1)
    assert task.funnel() == [Step("write", 0, 0, 0)]


def test_reasons_are_bounded():
    task = started("write")
    for number in range(MAX_REASONS + 50):
        reject(task, "write", f"score {number}")
    assert len(task.reasons) == MAX_REASONS + 1
    assert task.reasons["write", OTHER_REASONS] == 50


@pytest.mark.parametrize(
    ("target", "units", "progress"),
    [(10, None, (2, 10)), (1, None, (1, 1)), (None, 100, (5, 100)), (None, None, None)],
)
def test_progress(target, units, progress):
    task = started("write", target=target, units=units)
    move(task, write=5)
    keep(task, 2)
    assert task.progress == progress


@pytest.mark.parametrize(
    ("samples", "span", "rate"),
    [
        ([], 10.0, 0.0),
        ([(0.0, 0)], 10.0, 0.0),
        ([(0.0, 0), (5.0, 50)], 10.0, 10.0),
        ([(0.0, 0), (90.0, 900), (100.0, 910)], 10.0, 1.0),
        ([(0.0, 0), (100.0, 500)], 10.0, 5.0),
    ],
)
def test_a_meter_tells_the_growth_of_late(samples, span, rate):
    meter = Meter()
    for now, value in samples:
        meter.sample(now, value)
    assert meter.per_second(span) == rate


def run_with(*tasks: TaskCount, calls: int = 0, seconds: float = 10.0) -> RunCount:
    run = RunCount([], now=0.0)
    run.tasks = {str(number): task for number, task in enumerate(tasks)}
    run.calls = calls
    run.sample(seconds)
    return run


def half_done(answers: int) -> TaskCount:
    task = started("write")
    keep(task, 5)
    task.answers = answers
    return task


def test_the_time_left_follows_the_calls_a_record_takes():
    assert run_with(half_done(answers=20), calls=20).left() == Left(10.0, at_least=False)


def test_a_task_without_a_record_makes_it_a_lower_bound():
    assert run_with(half_done(answers=20), started("write"), calls=20).left() == Left(10.0, at_least=True)


def test_finished_tasks_take_no_time():
    done = half_done(answers=20)
    done.end(TaskFinished("t", "stalled", 5, 10, 0), now=9.0)
    assert run_with(done, half_done(answers=20), calls=40).left() == Left(5.0, at_least=False)


@pytest.mark.parametrize("task", [started("write"), half_done(answers=0), started("write", target=None)])
def test_without_anything_to_go_by_nothing_is_said(task):
    assert run_with(task, calls=20).left() is None


def test_units_tell_the_time_where_no_number_is_wanted():
    task = started("write", target=None, units=40)
    move(task, write=10)
    task.answers = 20
    assert run_with(task, calls=20).left() == Left(30.0, at_least=False)


def test_replayed_answers_cost_nothing():
    run = RunCount(["t"], now=0.0)
    run.call(CallFinished("t", "write", 0.5, 100, 20))
    run.call(CallFinished("t", "write", 0.0, 100, 20, replayed=True))
    run.call(CallFinished("t", "write", 0.5, error="refused"))
    assert (run.calls, run.replayed, run.failed) == (2, 1, 1)
    assert (run.input_tokens, run.output_tokens) == (100, 20)
    assert run.task("t").answers == 3


def test_the_rate_of_records_stands_still_when_the_task_is_over():
    task = started("write")
    keep(task, 10)
    task.end(TaskFinished("t", "reached", 10, 10, 0), now=5.0)
    assert task.records_per_second(100.0) == 2.0
