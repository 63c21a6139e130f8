from __future__ import annotations

import io

import pytest
from driven import OUT, begin, work
from scripted_run import DOWN, WHY

from fms_dgt.core.events import (
    CallRetried,
    EndpointSilent,
    RecordKept,
    RunFinished,
    RunStopping,
    TaskFinished,
    TaskStarted,
    UnitFinished,
)


def test_plain_says_where_the_run_stands_every_few_seconds():
    stream = io.StringIO()
    view, clock = begin(stream, "skills/debate")
    work(view, "skills/debate", calls=85, kept=12, rejected=5)
    assert stream.getvalue() == ""
    clock.now += 6.0
    work(view, "skills/debate", calls=1, kept=0, rejected=0)
    assert stream.getvalue() == (
        "debate 12/20 kept, 5 rejected, 86 calls, 14.3 calls/s, 0:00:06 elapsed, about 0:00:04 left\n"
    )
    work(view, "skills/debate", calls=10, kept=0, rejected=0)
    assert stream.getvalue().count("\n") == 1


def test_plain_says_why_nothing_is_answered():
    stream = io.StringIO()
    view, clock = begin(stream, "a")
    work(view, "a", calls=60, kept=5, rejected=0)
    clock.now += 6.0
    view.call_retried(CallRetried("a", "write", DOWN, 30.0))
    clock.now += 40.0
    view.call_retried(CallRetried("a", "write", DOWN, 30.0))
    work(view, "a", calls=1, kept=0, rejected=0)
    clock.now += 6.0
    work(view, "a", calls=1, kept=0, rejected=0)
    first, second, third = stream.getvalue().splitlines()
    assert " left; last error: http://127.0.0.1:8080/v1/chat/completions answered 502: <html>" in first
    assert ", 2 retries, 0:00:46 elapsed; no answer for 0:00:46: http://127.0.0.1:8080/v1" in second
    assert max(len(first), len(second)) < 260
    assert "502" not in third


def test_plain_says_which_endpoint_is_waited_for_and_how_long_still():
    stream = io.StringIO()
    view, clock = begin(stream, "a")
    refused = "http://127.0.0.1:9/v1 refused the connection"
    clock.now += 5.0
    view.endpoint_silent(EndpointSilent("judge (openai:m)", refused, 5.0, 15.0))
    clock.now += 6.0
    # the teacher answers
    work(view, "a", calls=1, kept=0, rejected=0)
    clock.now += 6.0
    view.endpoint_silent(EndpointSilent("judge (openai:m)", refused, 17.0, None))
    first, second, third = stream.getvalue().splitlines()
    assert first.endswith(f"0:00:05 elapsed; waiting for judge (openai:m), 0:00:15 left: {refused}")
    assert second.endswith(f"; waiting for judge (openai:m), 0:00:09 left: {refused}")
    assert "waiting" not in third


def test_plain_says_that_nothing_comes_and_from_how_many():
    stream = io.StringIO()
    view, clock = begin(stream, "a")
    view.endpoint_silent(EndpointSilent("generator (openai:m)", "", 5.0, 15.0))
    clock.now += 6.0
    view.endpoint_silent(EndpointSilent("judge (openai:m)", "no", 5.0, 15.0))
    assert stream.getvalue().endswith(
        "; waiting for generator (openai:m) and 1 other endpoint, 0:00:09 left: it sends nothing\n"
    )


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        (("a", "b"), "a 3/20 kept, b 0/20 kept, 1 rejected"),
        (("a", "b", "c", "d"), "0 of 4 tasks done, 3/80 kept, 1 rejected"),
    ],
)
def test_plain_names_the_tasks_while_they_are_few(tasks, said):
    stream = io.StringIO()
    view, clock = begin(stream, *tasks)
    clock.now += 60.0
    work(view, "a", calls=0, kept=2, rejected=1)
    clock.now += 60.0
    work(view, "a", calls=0, kept=1, rejected=0)
    assert stream.getvalue().splitlines()[-1].startswith(said)


def test_plain_tells_of_each_of_several_tasks_when_it_is_done():
    stream = io.StringIO()
    view, _ = begin(stream, "a", "b")
    view.task_finished(TaskFinished("a", "stalled", 3, 20, 90))
    assert stream.getvalue() == "a: 3 of 20 kept, 90 rejected: stalled\n"


def test_plain_tells_of_each_of_several_tasks_what_failed():
    stream = io.StringIO()
    view, _ = begin(stream, "a", "b")
    view.task_finished(TaskFinished("a", "reached", 20, 20, 9, failed=3))
    assert stream.getvalue() == (
        "a: 20 of 20 kept, 9 rejected: target reached; 3 failed: --retry-failed takes them up again\n"
    )


def test_plain_wraps_long_sentences_and_nothing_else(tmp_path):
    stream = io.StringIO()
    view, _ = begin(stream, "a")
    path = tmp_path / ("long" * 40) / "data.jsonl"
    why = " ".join([WHY["stalled"]] * 2)
    view.run_finished(
        RunFinished(OUT, [TaskFinished("a", "stalled", 3, 20, 90, why, {"data.jsonl": path})], {}, 1.0, 9, 0)
    )
    lines = stream.getvalue().splitlines()
    assert f"  {path}" in lines
    said = [line for line in lines[3 : lines.index(f"  {path}")] if line]
    assert " ".join(line.strip() for line in said) == why
    assert all(line.startswith("  ") and not line.startswith("   ") and len(line) <= 78 for line in said)


def test_plain_says_of_a_task_that_it_was_complete_already():
    stream = io.StringIO()
    view, _ = begin(stream, "a", "b")
    view.record_kept(RecordKept("a", 1, {}, again=True))
    view.unit_finished(UnitFinished("a", 0, again=True))
    view.task_finished(TaskFinished("a", "reached", 1, 1, 0))
    assert stream.getvalue() == "a: 1 of 1 kept, 0 rejected: complete already; nothing was asked\n"


def test_plain_shows_the_units_of_a_source_that_ends():
    stream = io.StringIO()
    view, clock = begin(stream)
    view.task_started(TaskStarted("a", OUT / "a", ["write"], None, 40))
    for number in range(10):
        view.unit_finished(UnitFinished("a", number, again=number < 8))
    clock.now += 6.0
    work(view, "a", calls=1, kept=0, rejected=0)
    assert stream.getvalue().startswith("a 0 kept of 10/40 units, ")


def test_plain_says_at_once_that_the_run_stops():
    stream = io.StringIO()
    view, clock = begin(stream, "a")
    view.run_stopping(RunStopping("interrupted", 5.0))
    said = "stopping: interrupted; calls in flight have 5 s to come in; Ctrl-C again leaves at once\n"
    assert stream.getvalue() == said
    clock.now += 6.0
    work(view, "a", calls=20, kept=2, rejected=0)
    assert " left" not in stream.getvalue().removeprefix(said)
