"""After an answer that was cut off or loops, the same is asked once more, and the loop is not shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from fms_dgt.runner import kit
from fms_dgt.runner.fresh_asking import loops
from fms_dgt.testing import Answer, ModelServer

LOOP = "<title>A day</title>" + "kuladjya, " * 200
GOOD = "<title>A day</title><text>It rains.</text>"


class Model:
    """Answers the first request with `first`, every other one well."""

    def __init__(self, first: Answer) -> None:
        self.first = first
        self.bodies: list[Mapping[str, Any]] = []

    def __call__(self, body: Mapping[str, Any]) -> Answer | str:
        self.bodies.append(body)
        return self.first if len(self.bodies) == 1 else GOOD


def write(folder: Path, url: str = "http://127.0.0.1:9/v1", **more: Any) -> fms_dgt.Outcome:
    task = {
        "task_name": "days",
        "task_description": "Days.",
        "created_by": "the tests",
        "data_builder": "text_generation",
        "input": [{"day": "Monday"}],
        "prompt": "Write about {{ day }}. {{ reply_format }}",
        "reply": {"fields": ["title", "text"]},
        "params": more.pop("params", {}),
    }
    generator = {"type": "openai", "model": "stand-in", "base_url": url, "api_key": "none"}
    return fms_dgt.run(task, output_dir=folder, generator=generator, **more)


def asked(folder: Path, first: Answer, **more: Any) -> tuple[fms_dgt.Outcome, list[Mapping[str, Any]]]:
    model = Model(first)
    with ModelServer(model).in_thread() as server:
        outcome = write(folder, server.base_url, **more)
    return outcome, model.bodies


@pytest.mark.parametrize("first", [Answer(GOOD[:30], "length"), Answer(LOOP)], ids=["cut off", "a loop"])
def test_the_same_is_asked_with_another_seed(tmp_path: Path, first: Answer) -> None:
    outcome, (before, after) = asked(tmp_path, first)
    assert [record["text"] for record in outcome.records] == ["It rains."]
    assert after["messages"] == before["messages"]
    assert after["seed"] != before["seed"]


def test_another_bad_reply_is_shown(tmp_path: Path) -> None:
    _, (before, after) = asked(tmp_path, Answer("A day of rain, is it?"))
    assert [turn["role"] for turn in after["messages"][len(before["messages"]) :]] == ["assistant", "user"]


def test_greedy_decoding_would_say_the_same_again(tmp_path: Path) -> None:
    _, (before, after) = asked(tmp_path, Answer(LOOP), params={"temperature": 0})
    assert before["temperature"] == 0
    assert after["temperature"] > 0


def test_a_replay_finds_both_answers(tmp_path: Path) -> None:
    first, _ = asked(tmp_path / "first", Answer(LOOP))
    again = write(tmp_path / "again", replay=tmp_path / "first")
    assert list(again.records) == list(first.records)
    assert again.counts["calls"] == 0


def test_what_an_earlier_version_asked_is_not_asked_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(kit, "ended_early", lambda _: False)
        first, (_, shown) = asked(tmp_path / "first", Answer(LOOP))
    assert shown["messages"][-2]["role"] == "assistant"
    again = write(tmp_path / "again", replay=tmp_path / "first")
    assert list(again.records) == list(first.records)
    assert again.counts["calls"] == 0


PROSE = (
    "The harbour wakes before the town does. Two boats come in with crates of mackerel, and the woman who "
    "weighs them writes each number on her sleeve, since paper blows away. By six the ice is gone, the gulls "
    "have quarrelled over what fell, and somebody has opened the shutters of the bakery across the road. "
    "Nobody hurries. A dog that belongs to no one sits by the scales and watches every hand that passes."
)
TABLE = "\n".join(f"<item><name>Part {n}</name><price>{n * 7919 % 1000}</price></item>" for n in range(60))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        (PROSE, False),
        (PROSE * 2, False),
        (TABLE, False),
        (PROSE + "and so on " * 300, True),
        (PROSE + "\n".join(f"{n}. A kite." for n in range(40)) + "\nA kite." * 300, True),
        ("!" * 5_000, True),
        ("ja ja ja ", False),
    ],
)
def test_what_a_loop_is(text: str, expected: bool) -> None:
    assert loops(text) == expected
