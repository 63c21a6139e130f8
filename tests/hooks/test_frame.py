from __future__ import annotations

from itertools import islice

import pytest
from rich.cells import cell_len
from scripted_run import DOWN, counted, events

from fms_dgt.core.events import (
    CallFinished,
    CallRetried,
    EndpointSilent,
    RowMoved,
    RunStopping,
    TaskFinished,
    TaskStarted,
    UnitFinished,
)
from fms_dgt.hooks.frame import Frame, Screen
from fms_dgt.hooks.run_count import RunCount
from fms_dgt.hooks.wording import short_names

MID_RUN = 400


def run_of(tasks: int, until: int = MID_RUN, target: int = 20) -> RunCount:
    return counted(islice(events(tasks, target), until))


def lines(count: RunCount, width: int = 100, height: int = 40, **screen: bool) -> list[str]:
    frame = Frame(count, short_names(count.tasks), Screen(width, height, **screen), 6.0)
    return frame.draw().plain.split("\n")


def names(drawn: list[str]) -> list[str]:
    return [line.split()[0] if line.strip() else "" for line in drawn]


@pytest.mark.parametrize("tasks", [1, 2, 12])
@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24), (60, 12), (20, 5), (5, 2), (1, 1)])
@pytest.mark.parametrize("until", [1, 2, 30, MID_RUN, 100_000])
def test_a_frame_fits_its_screen(tasks, width, height, until):
    drawn = lines(run_of(tasks, until), width, height)
    assert len(drawn) <= max(1, height - 1)
    assert max(cell_len(line) for line in drawn) <= width


def test_one_task_shows_its_funnel_and_the_calls():
    drawn = lines(run_of(1, 150), 80)
    assert drawn[0].split() == ["in", "out/kept", "rejected"]
    assert names(drawn)[1:7] == [
        "debate",
        "question_template_freeform",
        "filter_questions_template",
        "answer_template",
        "filter_qa_template",
        "dedup_questions",
    ]
    assert "/20 " in drawn[1]
    assert "0:00:06 elapsed" in drawn[8]


def test_twelve_tasks_leave_room_for_the_funnel_of_one_that_runs():
    drawn = names(lines(run_of(12), 80, 20))
    assert "dedup_questions" in drawn
    assert any(line.startswith("and") for line in drawn)


def test_on_a_short_screen_only_stages_in_use_are_shown():
    count = run_of(1, 3)
    assert "dedup_questions" in names(lines(count, height=30))
    assert "dedup_questions" not in names(lines(count, height=9))


def test_tasks_that_do_not_fit_share_a_line():
    folded = [line for line in lines(run_of(12, 50), 80, 10) if line.startswith("and")]
    assert folded == ["and 8 more tasks: 8 waiting"]


def test_a_finished_task_says_how_it_ended():
    count = run_of(1)
    task = count.task("instructlab/skills/writing/freeform/debate")
    task.end(TaskFinished(task.name, "stalled", 7, 20, 30), 6.0)
    assert lines(count)[1].endswith("stalled")
    task.end(TaskFinished(task.name, "reached", 20, 20, 30), 6.0)
    assert lines(count)[1].endswith("done")


def test_a_source_that_ends_shows_its_finished_units_and_those_of_earlier_runs():
    count = RunCount(["t"], 0.0)
    count.task("t").begin(TaskStarted("t", None, ["write"], None, 20_000), 0.0)
    for number in range(3):
        count.unit(UnitFinished("t", number, again=number < 2), 0.0)
    count.task("t").move(RowMoved("t", "write"))
    assert lines(count)[1].split()[:4] == ["t", "3/20k", "0", "0"]


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (
            100,
            [
                "stopping: interrupted · calls in flight have 4 s to come in · Ctrl-C again leaves at once",
            ],
        ),
        (
            76,
            [
                "stopping: interrupted · calls in flight have 4 s to come in",
                "Ctrl-C again leaves at once",
            ],
        ),
    ],
)
@pytest.mark.parametrize("height", [40, 12])
def test_a_run_that_stops_says_so_first_and_counts_down(width, said, height):
    count = run_of(12, 50)
    count.stop(RunStopping("interrupted", 5.0), 4.5)
    drawn = lines(count, width, height)
    at = drawn.index(said[0])
    assert drawn[at : at + len(said)] == said
    assert "elapsed" in drawn[at + len(said)]
    assert " left" not in drawn[at + len(said)]


def test_the_time_to_come_in_does_not_fall_below_nothing():
    count = run_of(1, 50)
    count.stop(RunStopping("interrupted", 5.0), -60.0)
    assert any("have 0 s to come in" in line for line in lines(count))


def test_the_last_error_is_said_for_a_while_after_an_answer():
    count = run_of(1, 100)
    count.retry(CallRetried("t", "write", "Overloaded: 429\x1b[2J key sk-abcdefgh1234", 2.0), 5.0)
    count.call(CallFinished("t", "write", 0.1), 5.0)
    assert "last error: Overloaded: 429 [2J key ***" in lines(count)
    count.last_error = (count.last_error[0], -20.0)
    assert not any(line.startswith("last error") for line in lines(count))


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24), (60, 12), (5, 9), (1, 1)])
def test_the_last_error_stays_while_nothing_is_answered(width, height):
    count = run_of(1, 100)
    count.answered = -54.0
    count.retry(CallRetried("t", "write", DOWN, 2.0), -20.0)
    drawn = lines(count, width, height)
    assert len(drawn) <= height
    assert max(map(len, drawn)) <= width
    if width > 50:
        assert drawn[-2].startswith("no answer for 0:01:00:")
        assert "http://127.0.0.1:8080/v1/chat/completions answered 502:" in " ".join(drawn[-2:])
        assert drawn[-1].endswith("...")


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24), (60, 12)])
def test_an_endpoint_that_is_waited_for_is_told_though_others_answer(width, height):
    count = run_of(1, 100)
    refused = "http://127.0.0.1:8080/v1 refused the connection"
    count.silence(EndpointSilent("judge (openai:granite)", refused, 5.0, 15.0), 4.0)
    drawn = " ".join(lines(count, width, height))
    assert f"waiting for judge (openai:granite), 0:00:13 left: {refused}" in " ".join(drawn.split())
    count.silence(EndpointSilent("judge (openai:granite)", refused, 9.0, None), 5.0)
    assert "waiting for" not in " ".join(lines(count, width, height))


def test_without_box_characters_everything_is_ascii():
    count = run_of(2)
    count.tasks = {"größe": count.tasks.popitem()[1]}
    drawn = "\n".join(lines(count, 80, ascii=True))
    assert drawn.isascii()
    assert "###" in drawn


def test_without_colours_the_rest_of_a_bar_is_blank():
    assert Screen(80, 24, colours=False).bar([(3, "cyan")], 6).plain == "━━━   "
    assert Screen(80, 24).bar([(3, "cyan")], 6).plain == "━━━━━━"


def test_long_names_lose_their_beginning_and_stages_their_end():
    count = RunCount(["a-very-long-name-of-a-task/that-ends-here"], 0.0)
    count.task("a-very-long-name-of-a-task/that-ends-here").begin(
        TaskStarted("t", None, ["a_stage_with_a_very_long_name_indeed"], 5), 0.0
    )
    count.tasks = {"x": count.tasks.popitem()[1]}
    drawn = Frame(count, {}, Screen(50, 20), 1.0).draw().plain.split("\n")
    assert drawn[1].startswith("...")
    assert drawn[2].startswith("  a_stage_with")
