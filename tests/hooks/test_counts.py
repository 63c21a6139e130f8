from __future__ import annotations

import pytest
from driven import finish, keep, move, reject, started

from fms_dgt.core.events import CallFinished, TaskFinished
from fms_dgt.hooks.task_count import MAX_REASONS, OTHER_REASONS, Step


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


def test_rows_under_way_are_of_no_account():
    task = started("write", "judge")
    move(task, "", "write")
    move(task, "write", "judge", rows=5)
    move(task, "judge", "", rows=3)
    keep(task, 3)
    reject(task, "judge")
    assert task.unsaid()
    reject(task, "judge")
    assert not task.unsaid()
    move(task, "", "write")
    move(task, "write", "judge")
    move(task, "judge", "")
    assert task.unsaid()


def test_rows_that_are_taken_back_are_told_of_where_later_stages_saw_them():
    task = started("write", "dedup", "judge")
    move(task, "", "write", "dedup", "judge", rows=5)
    move(task, "judge", "", rows=2)
    reject(task, "dedup")
    assert task.funnel()[1:] == [Step("dedup", 5, 4, 1), Step("judge", 5, 2, 0)]
    assert task.late() == ["dedup"]
    # one of its two rows was refused by dedup; of the three that judge ended, two are told
    reject(task, "judge")
    reject(task, "judge")
    keep(task, 1)
    assert task.unsaid()
    reject(task, "judge")
    assert not task.unsaid()


def test_what_rejects_beside_the_stages_is_of_account():
    task = started("write")
    move(task, "", "write", rows=2)
    reject(task, "record")
    assert task.unsaid()
    reject(task, "record")
    assert not task.unsaid()


def test_the_rate_of_records_stands_still_when_the_task_is_over():
    task = started("write")
    keep(task, 10)
    task.end(TaskFinished("t", "reached", 10, 10, 0), now=5.0)
    assert task.records_per_second(100.0) == 2.0
