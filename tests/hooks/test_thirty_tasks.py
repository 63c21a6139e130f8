"""Many tasks: a total while they run, on a screen of 80 by 24 and in a log, and a table at the end."""

from __future__ import annotations

import io
import re
import sys
from itertools import islice
from pathlib import Path

import pytest
from driven import begin, work
from scripted_run import counted, events
from terminal_screen import on_terminal

from fms_dgt.core.events import RecordKept, RunFinished, TaskFinished, TaskStarted
from fms_dgt.hooks.frame import Frame, Screen
from fms_dgt.hooks.plain import progress_line
from fms_dgt.hooks.run_count import RunCount
from fms_dgt.hooks.summary import summary
from fms_dgt.hooks.wording import short_names

AREAS = ("writing", "office", "science", "home", "code")
TASK = """task_name: {area}/{number}
task_description: Questions about {area}.
created_by: me
data_builder: skills_sdg
seed_examples:
  - {{question: "What is {area} number {number}?", answer: "It is {area}."}}
"""
CONFIG = """databuilders:
  skills_sdg:
    blocks:
      - {name: generator, type: simulated, latency: 0.05}
      - {name: validator, lm_config: {type: simulated, latency: 0.05}}
"""


def said(event: RunFinished, count: RunCount) -> list[str]:
    return [line.plain for line in summary(event, count)]


def test_the_screen_in_mid_run():
    count = counted(islice(events(30), 2_000))
    drawn = (
        Frame(count, short_names(count.tasks), Screen(79, 24, colours=False), 6.0).draw().plain.split("\n")
    )
    assert [line.rstrip() for line in drawn] == [
        "                                 in  out/kept  rejected",
        "debate                           30     15/20        32  ━━━━━━━━━        2.5/s",
        "  question_template_freeform     30       145         0  ━━",
        "  filter_questions_template     145        44        16  ━━━━━━━━━━━━",
        "  answer_template                44        36         0  ━━━━",
        "  filter_qa_template             36        20        11  ━━━",
        "  dedup_questions                20        15         5  ━━",
        "word_problems                    21     18/20        43  ━━━━━━━━━━       3.0/s",
        "people                           29     12/20        30  ━━━━━━━          2.0/s",
        "places                            2      1/20         2                10.0/min",
        "docstrings                                                              waiting",
        "explain_the_query                                                       waiting",
        "interviews                                                              waiting",
        "idioms                                                                  waiting",
        "meeting_minutes                                                         waiting",
        "haiku                                                                   waiting",
        "units_and_conversions                                                   waiting",
        "and 19 more tasks: 1 done, 18 waiting",
        "1/30 tasks done                 104        66       131  ━               11.0/s",
        "",
        "0:00:06 elapsed · at least 0:00:04 left · 102.8 calls/s · 617 calls",
        "344k tokens in · 127k out · 11 retries",
        "last error: Overloaded: 429 Too Many Requests, try later",
    ]


def test_the_log_has_the_total_and_names_the_last_ones():
    count = counted(islice(events(30), 2_000))
    assert progress_line(count, short_names(count.tasks), 6.0) == (
        "1 of 30 tasks done, 66 kept, 131 rejected, 617 calls, 102.8 calls/s, 11 retries, 0:00:06 elapsed, at least 0:00:04 left"
    )
    script = list(events(30))
    count = counted(script[:-60])
    assert progress_line(count, short_names(count.tasks), 6.0) == (
        "29 of 30 tasks done, 597/600 kept (18 17/20 kept), 1,017 rejected, 5,082 calls, 847.0 calls/s, 103 retries, 0:00:06 elapsed, about 0:00:00 left"
    )


def test_the_log_leaves_the_end_of_many_tasks_to_the_table():
    stream = io.StringIO()
    view, _ = begin(stream, "a", "b", "c", "d")
    work(view, "b", calls=1, kept=1, rejected=0)
    view.task_finished(TaskFinished("b", "reached", 1, 1, 0))
    assert stream.getvalue() == ""


def test_the_table_at_the_end():
    script = list(events(30))
    assert said(script[-1], counted(script)) == [
        "",
        "  task                      kept  rejected  calls  end      most rejected by",
        "  grammar                  20/20        24      0  done     filter_questions_template (12)",
        "  word_problems            20/20        43      0  done     filter_questions_template (20)",
        "  debate                   20/20        43      0  done     filter_questions_template (23)",
        "  people                   20/20        47      0  done     filter_qa_template (22)",
        "  places                   20/20        19      0  done     filter_questions_template (12)",
        "  docstrings               20/20        41      0  done     filter_questions_template (20)",
        "  explain_the_query        20/20        25      0  done     filter_questions_template (10)",
        "  interviews               20/20        23      0  done     filter_questions_template (9)",
        "  idioms                   20/20        39      0  done     filter_qa_template (16)",
        "  meeting_minutes          20/20        24      0  done     filter_questions_template (12)",
        "  haiku                    20/20        29      0  done     filter_questions_template (13)",
        "  units_and_conversions    20/20        24      0  done     filter_questions_template (9)",
        "  01                       20/20        27      0  done     filter_questions_template (16)",
        "  02                       20/20        25      0  done     filter_questions_template (12)",
        "  03                       20/20        38      0  done     filter_questions_template (21)",
        "  04                       20/20        37      0  done     filter_questions_template (15)",
        "  05                       20/20        40      0  done     filter_questions_template (24)",
        "  07                       20/20        27      0  done     filter_questions_template (14)",
        "  06                       20/20        43      0  done     filter_questions_template (24)",
        "  09                       20/20        32      0  done     filter_questions_template (14)",
        "  08                       20/20        54      0  done     filter_questions_template (24)",
        "  11                       20/20        34      0  done     filter_questions_template (14)",
        "  10                       20/20        46      0  done     filter_questions_template (18)",
        "  12                       20/20        34      0  done     filter_questions_template (13)",
        "  13                       20/20        27      0  done     filter_questions_template (13)",
        "  14                       20/20        36      0  done     dedup_questions (13)",
        "  15                       20/20        32      0  done     filter_questions_template (16)",
        "  17                       20/20        36      0  done     filter_questions_template (19)",
        "  16                       20/20        42      0  done     filter_questions_template (16)",
        "  18                       20/20        28      0  done     filter_questions_template (14)",
        "  30 tasks               600/600     1,019  5,098  30 done",
        "  in out, a folder for each task",
        "",
        "5,098 calls, 2,803,271 tokens in, 1,077,728 out, 104 retries, 0:00:06",
    ]


def finished(*tasks: TaskFinished, **more: object) -> RunFinished:
    values = {"folder": Path("out"), "report": {}, "seconds": 6.4, "calls": 86, "replayed": 0}
    return RunFinished(tasks=tasks, **{**values, **more})


def test_tasks_that_fell_short_are_told_a_few_of_them_and_the_rest_counted():
    ended = [
        TaskFinished(f"t{n}", "stalled" if n % 2 else "reached", 5, 5 + n % 2, 3, "why" * (n % 2))
        for n in range(10)
    ]
    ended[4] = TaskFinished("t4", "reached", 4, 4, 1, "complete already; nothing was asked")
    drawn = said(finished(*ended), RunCount([task.task for task in ended], 0.0))
    assert drawn[1:] == [
        "  task       kept  rejected  calls  end               most rejected by",
        "  t0          5/5         3      0  done",
        "  t1          5/6         3      0  stalled",
        "  t2          5/5         3      0  done",
        "  t3          5/6         3      0  stalled",
        "  t4          4/4         1      0  complete already",
        "  t5          5/6         3      0  stalled",
        "  t6          5/5         3      0  done",
        "  t7          5/6         3      0  stalled",
        "  t8          5/5         3      0  done",
        "  t9          5/6         3      0  stalled",
        "  10 tasks  49/54        28     86  5 done",
        "  t1: why",
        "  t3: why",
        "  t5: why",
        "  2 more tasks fell short; the key 'why' in the run.json of each says why",
        "  in out, a folder for each task",
        "",
        "86 calls, 0:00:06",
    ]


def test_thousands_of_tasks_have_a_table_of_forty_those_that_fell_short_first():
    ended = [TaskFinished(f"t{n}", "reached", 5, 5, 0) for n in range(3_000)]
    ended[2_500] = TaskFinished("t2500", "stalled", 1, 5, 9, "50 units in a row gave no record")
    drawn = said(finished(*ended), RunCount([task.task for task in ended], 0.0))
    assert len(drawn) < 50
    assert [line.split()[0] for line in drawn if "stalled" in line] == ["t2500"]
    assert "  ... and 2,960 more tasks" in drawn
    assert "  t2500: 50 units in a row gave no record" in drawn


def test_remarks_on_many_tasks_are_bounded():
    ended = [TaskFinished(f"t{n}", "reached", 5, 5, 0) for n in range(30)]
    report = {task.task: {"stages": [{"stage": "ask", "left_out": {"cut": 2}}]} for task in ended}
    drawn = said(finished(*ended, report=report), RunCount([task.task for task in ended], 0.0))
    assert [line for line in drawn if "cut off" in line] == [
        f"  t{n}: ask: 2 replies cut off by the limit of tokens; raise max_tokens" for n in range(5)
    ]
    assert "  25 remarks more of this kind; run.json of each task has them" in drawn


@pytest.mark.parametrize("tasks", [2, 30])
@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24), (60, 12), (20, 5), (5, 2), (1, 1)])
def test_a_frame_with_a_total_fits_its_screen(tasks, width, height):
    for until in (1, 400, 2_000, 100_000):
        count = counted(islice(events(tasks), until))
        frame = Frame(count, short_names(count.tasks), Screen(width, height), 6.0).draw()
        lines = frame.plain.split("\n")
        assert len(lines) <= max(1, height - 1)
        assert max(map(len, lines)) <= width


def test_a_large_total_keeps_its_place():
    count = RunCount(["a", "b"], 0.0)
    for task in count.tasks.values():
        task.target, task.kept = 100_000, 61_234
    lines = Frame(count, {}, Screen(80, 24), 6.0).draw().plain.split("\n")
    (total,) = [line for line in lines if "tasks done" in line]
    assert total.split()[3:6] == ["0", "122k/200k", "0"]


def test_a_task_that_has_all_that_is_wanted_is_done_before_the_run_is():
    count = RunCount([f"t{n}" for n in range(5)], 0.0)
    for task in count.tasks.values():
        task.begin(TaskStarted(task.name, Path("out"), ["write"], 2), 0.0)
    for number in range(2):
        count.task("t1").keep(RecordKept("t1", number + 1, {}))
    finite = count.task("t2")
    finite.target, finite.units, finite.done = None, 3, 3
    empty = count.task("t3")
    empty.target, empty.units = None, 0
    lines = Frame(count, {}, Screen(80, 24, colours=False), 6.0).draw().plain.split("\n")
    assert [line.split()[0] for line in lines if line.endswith(" done")] == ["t1", "t2"]
    assert [line.split()[:3] for line in lines if "tasks done" in line] == [["2/5", "tasks", "done"]]
    assert progress_line(count, {}, 6.0).startswith(
        "2 of 5 tasks done, 2 kept (t0 0/2 kept, t3 0 kept of 0/0 units, "
    )


def test_thirty_tasks_on_a_terminal_of_80_by_24(project):
    made = project(
        {f"tasks/{area}/{n}/task.yaml": TASK.format(area=area, number=n) for area in AREAS for n in range(6)}
    )
    made.write({"c.yaml": CONFIG})
    argv = [sys.executable, "-m", "fms_dgt", "run", "tasks", "-c", "c.yaml", "-n", "6"]
    screens: list[list[str]] = []
    end = on_terminal(argv, screens.append)
    totals = [line for screen in screens for line in screen if "/30 tasks done" in line]
    numbers = [re.match(r"(\d+)/30 tasks done +(\d+) +(\d+)/180 +(\d+) ", line) for line in totals]
    # a line may have been read before all of it was written
    kept = [int(found[3]) for found in numbers if found]
    done = [int(found[1]) for found in numbers if found]
    assert kept == sorted(kept)
    # while others still run
    assert 0 < max(done)
    assert kept[0] < kept[-1]
    lines = end.all
    assert len(lines) <= 45
    at = next(n for n, line in enumerate(lines) if line.startswith("  task "))
    assert [line.split()[1] for line in lines[at + 1 : at + 31]] == ["6/6"] * 30
    assert lines[at + 31].split()[:3] == ["30", "tasks", "180/180"]
    assert max(map(len, lines)) <= 80
