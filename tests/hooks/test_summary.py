from __future__ import annotations

from pathlib import Path

import pytest
from scripted_run import NOTE, WHY, counted, events

from fms_dgt.core.events import (
    RecordKept,
    RowMoved,
    RowRejected,
    RunFinished,
    TaskFinished,
    TaskStarted,
    UnitFinished,
)
from fms_dgt.hooks.run_count import RunCount
from fms_dgt.hooks.summary import summary
from fms_dgt.hooks.task_count import TaskCount
from fms_dgt.hooks.wording import ENDS


def said(event: RunFinished, count: RunCount) -> list[str]:
    return [line.plain for line in summary(event, count)]


def of_script(tasks: int) -> list[str]:
    script = list(events(tasks))
    return said(script[-1], counted(script))


def finished(*tasks: TaskFinished, **more: object) -> RunFinished:
    values = {"folder": Path("out"), "report": {}, "seconds": 6.4, "calls": 86, "replayed": 0}
    return RunFinished(tasks=tasks, **{**values, **more})


def test_a_task_in_full():
    assert of_script(1) == [
        "",
        "instructlab/skills/writing/freeform/debate",
        "  20 of 20 kept, 24 rejected: target reached",
        "  stage                        in  out  rejected",
        "  question_template_freeform   30  125         0",
        "  filter_questions_template   125   37        13  score not 1",
        "  answer_template              37   33         0",
        "  filter_qa_template           33   23         8  score under 2",
        "  dedup_questions              23   20         3  like an earlier record",
        "",
        "  score           mean  records by score    words        median  90 % up to",
        "  question_score  1.00  1: 20               instruction      23          33",
        "  pair_score      2.45  2: 11, 3: 9         response        130         240",
        "  out/instructlab/skills/writing/freeform/debate/data.jsonl",
        "  out/instructlab/skills/writing/freeform/debate/rejected.jsonl",
        "",
        "139 calls, 78,252 tokens in, 28,793 out, 1 retry, 0:00:06",
        f"note: {NOTE}",
    ]


def counted_task(*stages: str, earlier: bool = False) -> tuple[RunCount, TaskCount]:
    count = RunCount(["t"], 0.0)
    task = count.task("t")
    task.begin(TaskStarted("t", Path("out/t"), stages, 20), 0.0)
    if earlier:
        task.keep(RecordKept("t", 1, {}, again=True))
        task.reject(RowRejected("t", stages[0], "bad", again=True))
        task.unit(UnitFinished("t", 0, again=True), 0.0)
    return count, task


def test_the_most_common_reasons_stand_beside_their_stage():
    count, task = counted_task("write", "judge")
    task.move(RowMoved("t", "write"))
    for number in range(1, 8):
        for _ in range(number):
            task.reject(RowRejected("t", "judge", f"reason {number}"))
    task.reject(RowRejected("t", "branch", "no branch for kind = 3"))
    drawn = said(finished(TaskFinished("t", "stalled", 0, 5, 29)), count)
    assert drawn[3:10] == [
        "  stage   in  out  rejected",
        "  write    1    0         0",
        "  judge    0    0        28  reason 7 (7)",
        "                             reason 6 (6)",
        "                             reason 5 (5)",
        "                             reason 4 (4), 3 more (6)",
        "  branch                  1  no branch for kind = 3",
    ]


def test_tables_that_are_too_wide_stand_one_below_the_other():
    count, task = counted_task("write")
    task.move(RowMoved("t", "write"))
    name = "how_well_the_reply_keeps_to_the_question_score"
    task.keep(RecordKept("t", 1, {name: 2, "instruction": "two words"}))
    drawn = said(finished(TaskFinished("t", "reached", 1, 1, 0)), count)
    at = drawn.index("  words        median  90 % up to")
    assert drawn[at - 1].split() == [name, "2.00", "2:", "1"]


def test_foreign_text_is_bounded_and_harmless():
    count = RunCount(["t"], 0.0)
    count.task("t").reject(RowRejected("t", "judge", "\x1b[2J" + "long " * 1000))
    why = "\n".join(f"because {n}" for n in range(100))
    drawn = said(
        finished(TaskFinished("t", "stalled", 0, 5, 1, why), error="401: sk-abcdefgh12345678"), count
    )
    assert "  because 11" in drawn
    assert "  ... and 88 more lines" in drawn
    assert drawn[-2] == "error: 401: ***"
    assert "\x1b" not in "".join(drawn)
    assert max(map(len, drawn)) < 200


def test_many_tasks_get_a_short_form():
    drawn = of_script(5)
    assert len(drawn) < 5 * 10
    assert "  in        out/instructlab/skills/writing/freeform/debate" in drawn
    assert not any(line.split() == ["stage", "in", "out", "rejected"] for line in drawn)
    assert drawn[3].startswith("  rejected  12 by filter_questions_template: score not 1")


def test_a_task_that_was_complete_before_the_run_says_so():
    count, _ = counted_task("write", earlier=True)
    drawn = said(finished(TaskFinished("t", "reached", 20, 20, 3), seconds=0.1, calls=0), count)
    assert drawn == [
        "",
        "t",
        "  20 of 20 kept, 3 rejected: complete already; nothing was asked",
        "",
        "0 calls, 0:00:00",
    ]


def test_a_task_that_the_engine_did_not_even_open_says_so():
    event = TaskFinished("t", "reached", 20, 20, 3, "complete already; nothing was asked")
    drawn = said(finished(event, calls=0, seconds=0.1), counted_task("write")[0])
    assert drawn[2:] == [
        "  20 of 20 kept, 3 rejected: complete already; nothing was asked",
        "",
        "0 calls, 0:00:00",
    ]


def test_a_task_that_stalls_again_without_a_call_says_so():
    count, _ = counted_task("write", earlier=True)
    drawn = said(finished(TaskFinished("t", "stalled", 3, 20, 90, "50 units"), calls=0), count)
    assert drawn[2:4] == ["  3 of 20 kept, 90 rejected: stalled; nothing was asked", "  50 units"]


def test_a_finite_task_without_units_was_not_complete_before():
    count, _ = counted_task("write")
    drawn = said(finished(TaskFinished("t", "exhausted", 0, None, 0), calls=0), count)
    assert drawn[2] == "  0 kept, 0 rejected: source exhausted"


def test_the_table_of_a_resumed_task_tells_this_run_from_earlier_ones():
    count, task = counted_task("write", earlier=True)
    task.move(RowMoved("t", "write"))
    task.move(RowMoved("t", "", "write"))
    drawn = said(finished(TaskFinished("t", "reached", 2, 2, 1)), count)
    assert drawn[3:5] == [
        "  stage (this run)  in  out  rejected  before",
        "  write              1    1         0       1  bad",
    ]


GO_ON = "run the same command to go on; what was answered is not asked again"


@pytest.mark.parametrize(
    ("end", "why", "more", "shown"),
    [
        ("reached", "", {}, []),
        ("exhausted", "the source had 3 units", {}, ["  the source had 3 units"]),
        ("spent", "raise --max-calls", {}, ["  raise --max-calls"]),
        ("interrupted", "interrupted; run it again", {}, [f"interrupted: {GO_ON}"]),
        ("stopped", "no answer", {"error": "no answer"}, ["error: no answer", GO_ON]),
        (
            "stopped",
            "401",
            {"error": "401", "mendable": True},
            ["error: 401", f"mend this, then {GO_ON}"],
        ),
        (
            "stopped",
            "full",
            {"error": "disk full; free some and run the same command", "mendable": True},
            ["  full", "error: disk full; free some and run the same command"],
        ),
    ],
)
def test_each_end_says_what_to_do_once(end, why, more, shown):
    count, task = counted_task("write")
    kept = 5 if end == "reached" else 3
    drawn = said(finished(TaskFinished("t", end, kept, 5, 0, why), **more), count)
    assert drawn[2].endswith(ENDS[end])
    assert [line for line in drawn[3:] if line and not line.startswith("86 calls")] == shown


def test_a_long_why_is_whole():
    why = WHY["stalled"] * 4
    count, _ = counted_task("write")
    assert f"  {why}" in said(finished(TaskFinished("t", "stalled", 0, 5, 0, why)), count)


def test_the_summary_of_a_usual_task_fits_a_terminal():
    stages = [f"filter_questions_context_{number}" for number in range(8)]
    count, task = counted_task(*stages)
    for stage in stages:
        task.move(RowMoved("t", stage))
        task.reject(RowRejected("t", stage, "like an earlier record"))
    record = {"question_score": 1, "pair_score": 2, "instruction": "a", "response": "b c", "context": "d"}
    task.keep(RecordKept("t", 1, record))
    files = {name: Path("out/t") / name for name in ("data.jsonl", "rejected.jsonl")}
    drawn = said(finished(TaskFinished("t", "reached", 1, 1, 8, files=files), notes=[NOTE]), count)
    assert len(drawn) <= 22
    assert max(map(len, drawn)) <= 80
