from __future__ import annotations

from pathlib import Path

from scripted_run import NOTE, counted, events

from fms_dgt.core.events import RecordKept, RowRejected, RunFinished, TaskFinished, TaskStarted
from fms_dgt.hooks.run_count import RunCount
from fms_dgt.hooks.summary import summary


def said(event: RunFinished, count: RunCount) -> list[str]:
    return [line.plain for line in summary(event, count)]


def of_script(tasks: int) -> list[str]:
    script = list(events(tasks))
    return said(script[-1], counted(script))


def finished(*tasks: TaskFinished, **more: object) -> RunFinished:
    values = {"folder": Path("out"), "report": {}, "seconds": 6.4, "calls": 86, "replayed": 0}
    return RunFinished(tasks=tasks, **{**values, **more})


def test_a_task_in_full():
    drawn = of_script(1)
    assert drawn[1:3] == [
        "instructlab/skills/writing/freeform/debate",
        "  20 of 20 kept, 24 rejected: target reached",
    ]
    heads = [line.split() for line in drawn if line.startswith("  ")]
    for head in (
        ["stage", "in", "out", "rejected"],
        ["rejected", "by"],
        ["score", "mean", "records", "by", "score"],
        ["words", "median", "90", "%", "up", "to"],
        ["data", "out/instructlab/skills/writing/freeform/debate/data.jsonl"],
    ):
        assert head in heads
    assert drawn[-1] == f"note: {NOTE}"
    assert drawn[-2].endswith(", 0:00:06")


def test_reasons_come_most_common_first_and_no_more_than_five():
    count = RunCount(["t"], 0.0)
    for number in range(1, 8):
        for _ in range(number):
            count.task("t").reject(RowRejected("t", "judge", f"reason {number}"))
    drawn = said(finished(TaskFinished("t", "stalled", 0, 5, 28)), count)
    at = drawn.index("  rejected  by")
    assert drawn[at + 1 : at + 7] == [
        "         7  judge: reason 7",
        "         6  judge: reason 6",
        "         5  judge: reason 5",
        "         4  judge: reason 4",
        "         3  judge: reason 3",
        "         3  2 other reasons",
    ]


def test_foreign_text_is_bounded_and_harmless():
    count = RunCount(["t"], 0.0)
    count.task("t").reject(RowRejected("t", "judge", "\x1b[2J" + "long " * 1000))
    why = "\n".join(f"because {n}" for n in range(100))
    drawn = said(
        finished(TaskFinished("t", "stalled", 0, 5, 1, why), error="401: sk-abcdefgh12345678"), count
    )
    assert "  because 11" in drawn
    assert "  ... and 88 more lines" in drawn
    assert drawn[-1] == "error: 401: ***"
    assert "\x1b" not in "".join(drawn)
    assert max(map(len, drawn)) < 200


def test_many_tasks_get_a_short_form():
    drawn = of_script(5)
    assert len(drawn) < 5 * 10
    assert "  in        out/instructlab/skills/writing/freeform/debate" in drawn
    assert not any(line.split() == ["stage", "in", "out", "rejected"] for line in drawn)


def test_a_run_that_had_nothing_to_do_is_short():
    count = RunCount(["t"], 0.0)
    drawn = said(finished(TaskFinished("t", "reached", 20, 20, 3), seconds=0.1, calls=0), count)
    assert drawn == ["", "t", "  20 of 20 kept, 3 rejected: target reached", "", "0 calls, 0:00:00"]


def test_the_funnel_of_a_resumed_task_says_that_it_is_of_this_run():
    count = RunCount(["t"], 0.0)
    task = count.task("t")
    task.begin(TaskStarted("t", Path("out/t"), ["write"], 20), 0.0)
    task.keep(RecordKept("t", 1, {}, again=True))
    task.move("write")
    drawn = said(finished(TaskFinished("t", "reached", 2, 2, 0)), count)
    assert "  stage (this run)  in  out  rejected" in drawn
