from __future__ import annotations

import pytest
from driven import FOLDER, finish, keep, move, started

from fms_dgt.core.events import (
    CallFinished,
    CallRetried,
    RunStopping,
    TaskFinished,
    TaskStarted,
    UnitFinished,
)
from fms_dgt.hooks.run_count import Left, Meter, RunCount
from fms_dgt.hooks.task_count import TaskCount


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
    assert run_with(half_done(answers=20), calls=20).left(10.0) == Left(10.0, at_least=False)


def test_a_task_without_a_record_makes_it_a_lower_bound():
    assert run_with(half_done(answers=20), started("write"), calls=20).left(10.0) == Left(10.0, at_least=True)


def test_finished_tasks_take_no_time():
    done = half_done(answers=20)
    done.end(TaskFinished("t", "stalled", 5, 10, 0), now=9.0)
    assert run_with(done, half_done(answers=20), calls=40).left(10.0) == Left(5.0, at_least=False)


@pytest.mark.parametrize("task", [started("write"), half_done(answers=0), started("write", target=None)])
def test_without_anything_to_go_by_nothing_is_said(task):
    assert run_with(task, calls=20).left(10.0) is None


def test_units_tell_the_time_where_no_number_is_wanted():
    task = started("write", target=None, units=40)
    finish(task, 10, again=True)
    move(task, "", "write", rows=10)
    finish(task, 10)
    task.answers = 20
    assert run_with(task, calls=20).left(10.0) == Left(20.0, at_least=False)


def test_units_under_way_are_half_done():
    task = started("write", target=None, units=40)
    move(task, "", "write", rows=20)
    task.answers = 20
    assert run_with(task, calls=20).left(10.0) == Left(30.0, at_least=False)


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
        run.call(CallFinished("t", "write", 0.1), 36.0)
    run.sample(40.0)
    assert task.records_per_second(40.0) == 0.5
    assert run.left(40.0) == Left(10.0, at_least=False)


def test_a_run_that_stops_has_no_time_left():
    run = run_with(half_done(answers=20), calls=20)
    run.stop(RunStopping("interrupted", 5.0), 10.0)
    assert run.left(10.0) is None


@pytest.mark.parametrize(("now", "told"), [(59.0, True), (60.0, False), (90.0, False)])
def test_while_nothing_is_answered_no_time_left_is_told(now, told):
    run = run_with(half_done(answers=20))
    for number in range(20):
        run.call(CallFinished("t", "write", 0.1), 11.0 + number)
    run.sample(31.0)
    assert (run.left(now) is not None) == told


def test_a_slow_backend_is_not_silent_between_its_answers():
    run = run_with(half_done(answers=20))
    for number in range(1, 5):
        run.call(CallFinished("t", "write", 40.0), 40.0 * number)
    assert not run.silent(220.0)
    assert run.silent(240.0)


def test_the_last_error_is_told_until_a_call_is_answered():
    run = RunCount(["t"], now=0.0)
    assert run.trouble(20.0) == ""
    run.retry(CallRetried("t", "write", "429 for sk-abcdefgh1234\n<p>slow down</p>", 1.0), 20.0)
    assert run.trouble(29.0) == "last error: 429 for *** <p>slow down</p>"
    run.call(CallFinished("t", "write", 0.0, replayed=True), 30.0)
    run.call(CallFinished("t", "write", 0.1, error="refused"), 30.0)
    assert run.trouble(75.0) == "no answer for 0:00:45: refused"
    run.call(CallFinished("t", "write", 0.1), 75.0)
    assert run.trouble(75.0) == ""


def test_replayed_answers_cost_nothing():
    run = RunCount(["t"], now=0.0)
    run.call(CallFinished("t", "write", 0.5, 100, 20), 1.0)
    run.call(CallFinished("t", "write", 0.0, 100, 20, replayed=True), 1.0)
    run.call(CallFinished("t", "write", 0.5, error="refused"), 1.0)
    assert (run.calls, run.replayed, run.failed) == (2, 1, 1)
    assert (run.input_tokens, run.output_tokens) == (100, 20)
    assert run.task("t").answers == 3
