from __future__ import annotations

from pathlib import Path

import pytest
from scripted_run import DOWN, NOTE, WHY, counted, events

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
from fms_dgt.runner.execute import SIMULATED


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
        "  in and out also count rows that were under way when the target was reached",
        "",
        "  score           mean  records by score    words        median  90 % up to",
        "  question_score  1.00  1: 20               instruction      23          33",
        "  pair_score      2.45  2: 11, 3: 9         response        130         240",
        "  out/instructlab/skills/writing/freeform/debate/data.jsonl",
        "  out/instructlab/skills/writing/freeform/debate/rejected.jsonl",
        "",
        "139 calls, 78,252 tokens in, 28,793 out, 1 retry, 0:00:06",
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


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("reached", "the target was reached"),
        ("stalled", "the task stalled"),
        ("spent", "the budget was spent"),
        ("interrupted", "the run was interrupted"),
        ("stopped", "the run stopped"),
    ],
)
def test_a_table_that_does_not_add_up_says_why(end, said):
    count, task = counted_task("judge")
    for _ in range(3):
        task.move(RowMoved("t", "judge"))
    task.move(RowMoved("t", "", "judge"))
    task.keep(RecordKept("t", 1, {}))
    task.reject(RowRejected("t", "judge", "bad"))
    event = finished(TaskFinished("t", end, 1, 1, 1))
    line = f"  in and out also count rows that were under way when {said}"
    assert drawn_after_table(event, count) == line
    task.reject(RowRejected("t", "judge", "bad"))
    assert drawn_after_table(event, count) != line


def drawn_after_table(event: RunFinished, count: RunCount) -> str:
    drawn = said(event, count)
    return drawn[next(at for at, line in enumerate(drawn) if line.startswith("  judge")) + 1]


def test_a_table_with_rows_that_were_taken_back_says_so():
    count, task = counted_task("dedup", "judge")
    for _ in range(2):
        task.move(RowMoved("t", "dedup"))
        task.move(RowMoved("t", "judge", "dedup"))
        task.move(RowMoved("t", "", "judge"))
    task.keep(RecordKept("t", 1, {}))
    task.reject(RowRejected("t", "dedup", "like an earlier record"))
    assert said(finished(TaskFinished("t", "reached", 1, 1, 1)), count)[3:7] == [
        "  stage  in  out  rejected",
        "  dedup   2    1         1  like an earlier record",
        "  judge   2    2         0",
        "  later stages also saw rows that dedup refused only afterwards",
    ]


@pytest.mark.parametrize(("tasks", "line"), [(1, "  3 failed"), (3, "  3 failed"), (5, "  15 rows failed")])
def test_rows_that_failed_are_told_with_what_to_do(tasks, line):
    script = list(events(tasks, failed=3))
    drawn = said(script[-1], counted(script))
    told = [text for text in drawn if "--retry-failed" in text]
    assert told == [f"{line}: --retry-failed takes them up again"] * (tasks if tasks <= 3 else 1)


def test_notes_that_were_shown_at_the_start_are_not_shown_again():
    count = RunCount([], 0.0, ["making 20", SIMULATED])
    notes = ["making 20", SIMULATED, "a hook was switched off"]
    drawn = said(finished(notes=notes), count)
    assert [line for line in drawn if line.startswith("note")] == ["note: a hook was switched off"]


def test_the_text_of_a_backend_is_one_bounded_line():
    for tasks in ("same", "other"):
        why = DOWN if tasks == "same" else f"other: {DOWN}"
        count, _ = counted_task("write")
        drawn = said(finished(TaskFinished("t", "stopped", 0, 5, 0, why), error=DOWN), count)
        lines = [line for line in drawn if "502" in line]
        assert len(lines) == (1 if tasks == "same" else 2)
        assert max(map(len, lines)) < 550
        assert not any("\n" in line or "\r" in line for line in drawn)


GO_ON = "run the same command to continue; what was answered is not asked again"


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
            ["error: 401", f"fix this, then {GO_ON}"],
        ),
        (
            "stopped",
            "full",
            {"error": "disk full; free some space", "mendable": True},
            ["  full", "error: disk full; free some space", f"fix this, then {GO_ON}"],
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


def test_a_judge_that_repeats_itself_is_told_under_the_title():
    count, task = counted_task("write", "judge")
    task.move(RowMoved("t", "write"))
    doubts = [{"by": "score", "value": "5", "count": 48}]
    judge = {"stage": "judge", "judged": 50, "scores": {"4": 2, "5": 48}, "doubts": doubts}
    done = TaskFinished("t", "reached", 20, 20, 0)
    lines = said(finished(done, report={"t": {"judges": [judge]}}), count)
    assert lines[1:4] == [
        "t",
        "  20 of 20 kept, 0 rejected: target reached",
        "  judge judge: score 5 in 48 of 50 judgements; does it tell good from bad? "
        "try: fms_dgt check-teachers --judge",
    ]
