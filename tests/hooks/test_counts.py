from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from fms_dgt.core.events import (
    CallFinished,
    RecordKept,
    RowMoved,
    RowRejected,
    RunStopping,
    TaskFinished,
    TaskStarted,
    UnitFinished,
)
from fms_dgt.hooks.run_count import Left, Meter, RunCount
from fms_dgt.hooks.task_count import MAX_REASONS, OTHER_REASONS, Step, TaskCount

FOLDER = Path("out/t")


def started(*stages: str, target: int | None = 10, units: int | None = None) -> TaskCount:
    task = TaskCount("t")
    task.begin(TaskStarted("t", FOLDER, stages, target, units), now=0.0)
    return task


def move(task: TaskCount, *path: str, rows: int = 1) -> None:
    """Rows that go from each stage to the next; "" is where they come from and where they end."""
    for origin, stage in pairwise(path):
        for _ in range(rows):
            task.move(RowMoved("t", stage, origin))


def finish(task: TaskCount, units: int, *, again: bool = False, now: float = 0.0) -> None:
    for _ in range(units):
        task.unit(UnitFinished("t", task.done, again), now)


def keep(task: TaskCount, number: int, *, again: bool = False) -> None:
    for _ in range(number):
        task.keep(RecordKept("t", task.kept + 1, {}, again))


def reject(task: TaskCount, stage: str, reason: str = "bad", *, again: bool = False) -> None:
    task.reject(RowRejected("t", stage, reason, again=again))


def test_a_stage_counts_the_rows_that_came_and_those_that_went_on():
    task = started("write", "judge", "dedup")
    move(task, "", "write", rows=4)
    move(task, "write", "judge", rows=20)
    move(task, "judge", "dedup", rows=9)
    move(task, "dedup", "", rows=6)
    reject(task, "judge")
    assert task.funnel() == [
        Step("write", 4, 20, 0),
        Step("judge", 20, 9, 1),
        Step("dedup", 9, 6, 0),
    ]


def test_rows_of_two_branches_are_told_apart():
    task = started("grounded", "free", "judge")
    move(task, "", "grounded", "judge", "", rows=2)
    move(task, "", "free", rows=3)
    move(task, "free", "judge", rows=15)
    assert task.funnel() == [Step("grounded", 2, 2, 0), Step("free", 3, 15, 0), Step("judge", 17, 2, 0)]
    assert task.begun == 5


def test_a_branch_that_no_row_took_is_not_in_use():
    task = started("grounded", "free")
    move(task, "", "free", "")
    assert [step.active for step in task.funnel()] == [False, True]


def test_a_stage_inside_another_is_no_step_and_takes_no_row_from_it():
    task = started("each", "judge")
    move(task, "", "each")
    move(task, "each", "inner", rows=5)
    move(task, "inner", "deeper", rows=5)
    move(task, "each", "judge")
    assert task.funnel() == [Step("each", 1, 1, 0), Step("judge", 1, 0, 0)]
    assert task.begun == 1


def test_what_rejects_beside_the_stages_is_counted_apart():
    task = started("write")
    move(task, "", "write")
    reject(task, "branch")
    assert task.funnel() == [Step("write", 1, 0, 0)]
    assert (task.rejected, task.others["branch"].rejected) == (1, 1)
    assert task.reasons == {("branch", "bad"): 1}


def test_rows_that_are_refused_at_commit_are_taken_back():
    task = started("dedup")
    move(task, "", "dedup", "", rows=10)
    reject(task, "dedup")
    assert task.funnel() == [Step("dedup", 10, 9, 1)]


def test_rows_that_are_refused_at_once_are_not_taken_back_twice():
    task = started("dedup")
    move(task, "", "dedup", rows=10)
    move(task, "dedup", "", rows=9)
    reject(task, "dedup")
    assert task.funnel() == [Step("dedup", 10, 9, 1)]


def test_a_stage_that_asks_may_reject_some_rows_and_make_several_of_others():
    task = started("write")
    task.answer(CallFinished("t", "write", 0.1))
    move(task, "", "write", rows=10)
    move(task, "write", "", rows=10)
    reject(task, "write")
    assert task.funnel() == [Step("write", 10, 10, 1)]


def test_earlier_runs_count_for_the_task_but_not_for_the_funnel():
    task = started("write")
    keep(task, 3, again=True)
    reject(task, "write", again=True)
    finish(task, 2, again=True)
    assert task.resumed
    assert (task.kept, task.made, task.rejected, task.drawn) == (3, 0, 1, 2)
    assert task.funnel() == [Step("write", 0, 0, 0)]
    move(task, "", "write")
    assert task.drawn == 3


def test_a_task_is_idle_where_earlier_runs_left_nothing_to_do():
    task = started("write")
    assert not task.idle
    finish(task, 2, again=True)
    assert task.idle
    move(task, "", "write")
    assert not task.idle


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
    finish(task, 3, again=True)
    move(task, "", "write", rows=5)
    finish(task, 2)
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
    finish(task, 10, again=True)
    move(task, "", "write", rows=10)
    finish(task, 10)
    task.answers = 20
    assert run_with(task, calls=20).left() == Left(20.0, at_least=False)


def test_units_under_way_are_half_done():
    task = started("write", target=None, units=40)
    move(task, "", "write", rows=20)
    task.answers = 20
    assert run_with(task, calls=20).left() == Left(30.0, at_least=False)


def test_what_earlier_runs_kept_tells_no_pace():
    run = RunCount(["t"], now=0.0)
    task = run.task("t")
    task.begin(TaskStarted("t", FOLDER, ["write"], 20), 0.0)
    keep(task, 10, again=True)
    run.unit(UnitFinished("t", 0, again=True), 30.0)
    assert task.records_per_second(31.0) == 0.0
    keep(task, 5)
    run.unit(UnitFinished("t", 1), 35.0)
    for _ in range(10):
        run.call(CallFinished("t", "write", 0.1))
    run.sample(40.0)
    assert task.records_per_second(40.0) == 0.5
    assert run.left() == Left(10.0, at_least=False)


def test_a_run_that_stops_has_no_time_left():
    run = run_with(half_done(answers=20), calls=20)
    run.stop(RunStopping("interrupted", 5.0), 10.0)
    assert run.left() is None


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
