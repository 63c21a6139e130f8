"""`fms_dgt check-teachers --judge` where a judge sees what no seed example has as it is."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from fms_dgt.testing import ModelServer, prompt_of

sys.path.insert(0, str(Path(__file__).parents[1] / "runner"))

from judge_answers import scale_of  # noqa: E402

Body = Mapping[str, Any]
FIRST = {"created_by": "me", "task_description": "A test."}
SEEDS = ["Explain what a tide is.", "Plan a walk along the coast.", "Name three sorts of rope."]
RULES = "Boats of up to nine metres lie at the wooden pier. A berth is given for one night."
FLAGS = ("check-teachers", "--judge", "--config-path", "c.yaml", "--task-paths", "task.yaml")


class Model:
    """Makes numbered questions and answers; as a judge it knows them, or not if it is blind."""

    def __init__(self, *, blind: bool = False) -> None:
        self.blind = blind
        self.made = 0
        self.calls = 0

    def __call__(self, body: Body) -> str:
        self.calls += 1
        scale, prompt = scale_of(body), prompt_of(body)
        if scale:
            name, low, high = scale
            return json.dumps({"reason": "Seen.", name: high if self.blind or self._is_good(prompt) else low})
        if "response_format" not in body:
            return self._text("question" if "prompt" in body else "answer")
        return json.dumps(self._filled(body["response_format"]["json_schema"]["schema"], "text"))

    def _filled(self, schema: Mapping[str, Any], name: str) -> Any:
        if "properties" in schema:
            return {key: self._filled(part, key) for key, part in schema["properties"].items()}
        return [self._filled(schema["items"], name)] if schema["type"] == "array" else self._text(name)

    def _text(self, name: str) -> str:
        self.made += name != "answer"
        if name == "question":
            return f"What is rule number {self.made} of the harbour?"
        return f"Rule number {self.made} of it is that a boat may lie there for {self.made + 1} nights."

    @staticmethod
    def _is_good(prompt: str) -> bool:
        parts = dict(
            re.findall(r"<(first|second|message|question|answer)>\s*(.*?)\s*</\1>", prompt, re.DOTALL)
        )
        if "first" in parts:
            return parts["second"] in SEEDS and parts["second"] != parts["first"]
        numbers = [
            re.search(r"number (\d+)", parts.get(name, "")) for name in ("message", "question", "answer")
        ]
        told = {number[1] for number in numbers if number}
        whole = "answer" not in parts or parts["answer"].endswith("nights.")
        asks = parts.get("question", "?").endswith("?")
        return asks and len(told) == 1 and whole and all(numbers[1:] if "answer" in parts else [any(numbers)])


TASKS = {
    "evol_instruct": {"seed_examples": [{"instruction": text} for text in SEEDS]},
    "magpie": {"system_prompt": ["You help sailors.", "You help cooks."]},
    "pipeline": {
        "flow": "document_questions",
        "seed_examples": [
            {"document_outline": f"Rules {n}", "domain": "harbours", "document": f"{n}. {RULES}"}
            for n in (1, 2)
        ],
    },
}
OPTIONS = {"magpie": {"chat_format": "qwen"}}


def checked(project, model, builder, **task):
    said = {"task_name": "t", "data_builder": builder, **FIRST, **TASKS[builder], **task}
    made = project({"task.yaml": yaml.safe_dump(said)})
    with ModelServer(model).in_thread() as server:
        lm = {
            "type": "openai",
            "model": "m",
            "base_url": server.base_url,
            "api_key": "none",
            "enforce_schema": True,
        }
        blocks = [{"name": "generator", **lm}, {"name": "validator", "lm_config": lm}]
        made.write(
            {
                "c.yaml": yaml.safe_dump(
                    {"databuilders": {builder: {"blocks": blocks, **OPTIONS.get(builder, {})}}}
                )
            }
        )
        result = made.run(*FLAGS, "--json")
    return {one["judge"]: one for one in json.loads(result.stdout)["judges"]}, made


@pytest.mark.parametrize("builder", TASKS)
def test_a_seeing_judge_is_trusted(project, builder):
    found, _ = checked(project, Model(), builder)
    found.pop("judge_difficulty", None)
    assert {
        name: (one["conclusion"], one["scores"])
        for name, one in found.items()
        if one["told_apart"] < one["pairs"]
    } == {}
    assert {one["conclusion"] for one in found.values()} == {"sees"}


@pytest.mark.parametrize("builder", TASKS)
def test_a_blind_judge_is_found_out(project, builder):
    found, _ = checked(project, Model(blind=True), builder)
    found.pop("judge_difficulty", None)
    assert {one["conclusion"] for one in found.values()} == {"blind"}, found


def test_a_judge_that_keeps_every_score_says_what_to_give(project):
    found, made = checked(project, Model(), "magpie")
    assert found["judge_difficulty"]["conclusion"] == "not checked"
    give = "'calibrate: [{judge: judge_difficulty, row: {instruction: ...}, expect: good}, ...]'"
    assert found["judge_difficulty"]["why"].endswith(
        f"add rows of your own to the task, good and bad ones: {give}"
    )


def test_a_flow_that_makes_nothing_says_what_to_give(project):
    found, made = checked(project, lambda _: "", "magpie")
    assert found["judge_quality"]["conclusion"] == "not checked"
    assert "calibrate: [{judge: judge_quality, row: {instruction: ...}" in found["judge_quality"]["why"]


def test_rows_that_a_task_adds_are_enough(project):
    model = Model()
    rows = [{"row": {"instruction": f"number {n}"}, "expect": "good"} for n in range(2)]
    rows += [{"row": {"instruction": f"x {n}"}, "expect": "bad"} for n in range(2)]
    found, _ = checked(project, model, "magpie", calibrate=rows)
    assert {name: one["origin"] for name, one in found.items()} == dict.fromkeys(found, "calibrate")
    assert (model.made, model.calls) == (0, 8)
