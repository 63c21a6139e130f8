"""A judge that gives one score, or one reason, again and again is told: run.json, summary, hook, log."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import fms_dgt
import pytest
from engine import TOYS, AfterCalls, listening
from fms_dgt.core.events import JudgeDoubted
from fms_dgt.runner.judges import FEWEST, MOST_DIFFERENT, JudgeCounts
from fms_dgt.runner.outcome import Judged
from fms_dgt.testing import ModelServer, echo_answers


def judge(score, reason):
    """Answers in which every judgement is `score(n)` for `reason(n)`, n a number made of the prompt."""

    def answer(body):
        prompt = body["messages"][-1]["content"]
        if "How good is this riddle?" not in prompt:
            return echo_answers(body)
        number = sum(map(ord, prompt))
        return json.dumps({"reason": reason(number), "score": score(number)})

    return answer


blind = judge(lambda n: 3, lambda n: f"Riddle {n} is a good one.")
parrot = judge(lambda n: n % 3 + 1, lambda n: "**N** is a whole number." if n % 2 else "N is a whole number")
seeing = judge(lambda n: n % 2 + 2, lambda n: f"Riddle {n} rhymes.")


class Doubts:
    def __init__(self) -> None:
        self.events: list[JudgeDoubted] = []

    @fms_dgt.hookimpl
    def judge_doubted(self, event: JudgeDoubted) -> None:
        self.events.append(event)


def run(url: str, folder: Path, hook: object | None = None, **settings: object) -> dict:
    model = {"type": "openai", "model": "m", "base_url": url, "api_key": "none"}
    settings = {"num_outputs_to_generate": 30, "max_stalled_requests": 1_000, **settings}
    with listening(hook):
        fms_dgt.run(
            TOYS / "riddles_task.yaml",
            include=[TOYS / "riddles.py"],
            generator=model,
            output_dir=folder,
            progress=False,
            **settings,
        )
    return json.loads((folder / "riddles" / "run.json").read_text())


def judges(url: str, folder: Path, hook: object | None = None, **settings: object) -> list[dict]:
    return run(url, folder, hook, **settings)["judges"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (blind, [("score", "3")]),
        (parrot, [("reason", "N is a whole number"), ("reason", "**N** is a whole number.")]),
        (seeing, []),
    ],
    ids=["one score", "one reason", "neither"],
)
def test_what_a_judge_repeats_is_told(tmp_path, answer, expected):
    hook = Doubts()
    with ModelServer(answer).in_thread() as server:
        (counted,) = judges(server.base_url, tmp_path, hook)
    found = [(doubt["by"], doubt["value"]) for doubt in counted["doubts"]]
    assert (counted["stage"], len(found)) == ("judge_riddle", min(len(expected), 1))
    assert set(found) <= set(expected)
    assert sum(counted["scores"].values()) == counted["judged"] >= FEWEST
    assert [(event.stage, event.by, event.value) for event in hook.events] == [
        ("judge_riddle", *one) for one in found
    ]
    log = (tmp_path / "run.log").read_text() if (tmp_path / "run.log").exists() else ""
    assert "Riddle" not in log


def test_neither_concurrency_nor_an_interruption_changes_the_counts(tmp_path):
    with ModelServer(blind, service=lambda prompt: hash(prompt) % 7 / 1_000).in_thread() as server:
        counted = judges(server.base_url, tmp_path / "1", max_concurrency=1)
        assert judges(server.base_url, tmp_path / "16", max_concurrency=16) == counted
        stop = AfterCalls(25, lambda: os.kill(os.getpid(), signal.SIGINT))
        with suppress(KeyboardInterrupt):
            run(server.base_url, tmp_path / "again", stop, max_concurrency=5)
        hook = Doubts()
        assert judges(server.base_url, tmp_path / "again", hook, max_concurrency=9) == counted
        asked = len(server.requests)
        replayed = judges(server.base_url, tmp_path / "replayed", replay=tmp_path / "1")
    assert replayed == counted
    assert len(server.requests) == asked
    assert len(hook.events) == 1


def test_what_was_cut_or_refused_at_the_end_is_not_counted(tmp_path):
    """Going on to more records gives what one run would have given."""
    with ModelServer(blind).in_thread() as server:
        fewer = judges(server.base_url, tmp_path, num_outputs_to_generate=22)
        more = judges(server.base_url, tmp_path, num_outputs_to_generate=31)
        assert more == judges(server.base_url, tmp_path / "once", num_outputs_to_generate=31)
    assert fewer[0]["judged"] < more[0]["judged"]


def test_too_few_judgements_tell_nothing(tmp_path):
    with ModelServer(blind).in_thread() as server:
        (counted,) = judges(server.base_url, tmp_path, num_outputs_to_generate=6)
    assert counted["judged"] < FEWEST
    assert counted["doubts"] == []


def judged(score: int, reason: str) -> Judged:
    return Judged("judge", (), (), score, reason)


def test_a_judge_is_told_at_its_bound_and_once():
    counts = JudgeCounts("t")
    told = []
    for number in range(60):
        score = 1 if number in (2, 20) else 5
        told += counts.add([judged(score, f"reason {number}")], again=False)
    assert [(event.count, event.judged) for event in told] == [(19, 20)]
    (report,) = counts.report()
    assert report["scores"] == {"1": 2, "5": 58}
    assert report["doubts"] == [{"by": "score", "value": "5", "count": 58}]


def test_reasons_that_are_empty_count_for_nothing_and_memory_is_bounded():
    counts = JudgeCounts("t")
    list(counts.add([judged(n % 2, "...") for n in range(50)], again=False))
    assert counts.report()[0]["doubts"] == []
    list(counts.add([judged(n, f"reason {n}") for n in range(3 * MOST_DIFFERENT)], again=False))
    kept = counts._judges["judge"]
    assert len(kept.scores.counts) == len(kept.reasons.counts) == MOST_DIFFERENT
    assert len(counts.report()[0]["scores"]) == 10
