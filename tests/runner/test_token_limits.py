"""The limit of tokens: one rule for stages, blocks and templates, and more of it for models that think."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fms_dgt
import pytest

from fms_dgt.runner import kit
from fms_dgt.testing import Answer, ModelServer, prompt_of

Body = Mapping[str, Any]
THOUGHT = "First I look at what was asked for, then at each claim, its source, and whether the one follows: "
THOUGHTS = THOUGHT + " ".join(f"claim {n} has {n * 7919 % 1000} words" for n in range(60))


class Model:
    """Two answers, and a judge; `judged` gives the judge's first reply to each, or none."""

    def __init__(self, first: Answer | None = None) -> None:
        self.first = first
        self.limits: list[int | None] = []
        self.seen: set[str] = set()
        self.answers = 0

    def __call__(self, body: Body) -> Answer | str:
        prompt = prompt_of(body)
        if "You judge" not in prompt:
            self.answers += 1
            return f"Answer {self.answers}: water the basil from below."
        self.limits.append(body.get("max_tokens"))
        if self.first is not None and prompt not in self.seen:
            self.seen.add(prompt)
            return self.first
        return json.dumps({"reason": "It is short.", "score": 9 if "Answer 1" in prompt else 2})


def judged(folder: Path, model: Callable[[Body], Any], **more: Any) -> fms_dgt.Outcome:
    limit = {"max_tokens": more.pop("limit")} if "limit" in more else {}
    with ModelServer(model).in_thread() as server:
        lm = {"type": "openai", "model": "m", "base_url": server.base_url, "api_key": "none"}
        blocks = [{"name": "validator", "lm_config": {**lm, **limit}}]
        builder = {"blocks": blocks, "stages": more.pop("stages", {})}
        task = {
            "task_name": "t",
            "task_description": "Pairs.",
            "created_by": "the tests",
            "data_builder": "preference",
            "input": [{"prompt": "How do I keep basil alive?"}],
        }
        return fms_dgt.run(
            task, output_dir=folder, generator=lm, config={"databuilders": {"preference": builder}}, **more
        )


def stage(limit: int | None) -> dict[str, Any]:
    return {"stages": {"score_answer": {"params": {"max_tokens": limit}}}}


@pytest.mark.parametrize(
    ("chosen", "sent"),
    [
        ({}, 300),
        ({"limit": 50}, 50),
        ({"limit": None}, None),
        (stage(60), 60),
        (stage(None), None),
        ({"limit": 50, **stage(60)}, 60),
        ({"limit": 50, **stage(None)}, None),
        ({"limit": None, **stage(60)}, 60),
    ],
)
def test_what_somebody_chose_goes_before_what_the_template_says(tmp_path, chosen, sent):
    model = Model()
    assert len(list(judged(tmp_path, model, **chosen).records)) == 1
    assert model.limits == [sent, sent]


CUT = [
    Answer(f"<think>{THOUGHTS}", "length"),
    Answer(f"<think>{THOUGHTS}</think>{{", "length"),
    Answer("", "length", message={"reasoning_content": THOUGHTS}),
]


@pytest.mark.parametrize("first", CUT, ids=["in its thoughts", "behind them", "kept apart"])
def test_a_judge_that_was_cut_off_while_it_thought_gets_more_tokens_once(tmp_path, first):
    model = Model(first)
    assert len(list(judged(tmp_path, model).records)) == 1
    assert sorted(model.limits, key=str) == [300, 300, 4396, 4396]


@pytest.mark.parametrize(
    ("first", "chosen"),
    [
        (CUT[0], {"limit": 300}),
        (CUT[0], stage(300)),
        (Answer("The answer is fine, all in", "length"), {}),
        (Answer("<think>" + "so it is. " * 300, "length"), {}),
    ],
    ids=["the block's own limit", "the stage's own limit", "no thoughts", "a loop"],
)
def test_no_more_tokens_than_were_chosen_and_none_for_a_loop(tmp_path, first, chosen):
    model = Model(first)
    assert len(list(judged(tmp_path, model, **chosen).records)) == 1
    assert model.limits == [300] * 4


def test_answers_of_an_earlier_version_are_not_asked_anew(tmp_path, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(kit, "asked_longer", lambda *_: None)
        first = judged(tmp_path / "first", Model(CUT[0]))
    again = judged(tmp_path / "again", Model(), replay=tmp_path / "first")
    assert list(again.records) == list(first.records)
    assert again.counts["calls"] == 0


def test_a_folder_that_was_begun_with_a_limit_says_that_there_is_none(tmp_path):
    judged(tmp_path, Model())
    with pytest.raises(fms_dgt.FmsDgtError, match="the limit of tokens in the role validator is new"):
        judged(tmp_path, Model(), limit=None)
