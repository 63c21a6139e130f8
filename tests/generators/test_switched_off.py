"""`null` takes a sampling option away that the block gives: reasoning models refuse some."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fms_dgt
from fms_dgt.core.generator import SamplingParams
from fms_dgt.core.node import Node
from fms_dgt.testing import ModelServer

BUILDER = """
from dataclasses import dataclass
from fms_dgt import DataBuilder, EachOf, Flow, Generate, Record, Task

@dataclass(frozen=True)
class T(Task):
    seed_examples: list[str]

@dataclass(frozen=True)
class R(Record):
    topic: str
    answer: str

class Teller(DataBuilder[T]):
    record = R
    def source(self, task):
        return EachOf(task.seed_examples, into="topic")
    def flow(self, task):
        return Flow(Generate("tell", into="answer"))
"""


def sent(folder: Path, block: dict, template: dict, stage: dict) -> dict:
    """The sampling options in the one request that a run makes."""
    (folder / "teller.py").write_text(BUILDER)
    (folder / "templates").mkdir()
    said = {"prompt": "Tell of {{ topic }}.", "params": template}
    (folder / "templates" / "tell.yaml").write_text(json.dumps(said))
    task = {
        "task_name": "tell",
        "task_description": "Tell.",
        "created_by": "the tests",
        "data_builder": "teller",
        "seed_examples": ["tides"],
    }
    with ModelServer(lambda _: "ok").in_thread() as server:
        generator = {"type": "openai", "model": "m", "base_url": server.base_url, "api_key": "k", **block}
        builder = {"blocks": [{"name": "generator", **generator}], "stages": {"tell": {"params": stage}}}
        outcome = fms_dgt.run(
            task,
            config={"databuilders": {"teller": builder}},
            include=[folder / "teller.py"],
            output_dir=folder / "out",
        )
        [one] = server.requests
    assert [record["answer"] for record in outcome.records] == ["ok"]
    return {name: one.body[name] for name in ("temperature", "max_tokens", "stop") if name in one.body}


BLOCK = {"temperature": 0.7, "max_tokens": 9}


@pytest.mark.parametrize(
    ("template", "stage", "expected"),
    [
        ({}, {}, BLOCK),
        ({"temperature": None}, {}, {"max_tokens": 9}),
        ({}, {"temperature": None}, {"max_tokens": 9}),
        ({"temperature": 0.2}, {"temperature": None}, {"max_tokens": 9}),
        ({"temperature": None}, {"temperature": 0.2}, {"temperature": 0.2, "max_tokens": 9}),
        ({"max_new_tokens": None}, {}, {"temperature": 0.7}),
        ({}, {"stop": ["END"]}, {**BLOCK, "stop": ["END"]}),
    ],
)
def test_what_is_sent(tmp_path: Path, template: dict, stage: dict, expected: dict) -> None:
    assert sent(tmp_path, BLOCK, template, stage) == expected


def test_what_is_null_is_kept_as_such() -> None:
    problems: list = []
    said = {"max_new_tokens": None, "top_p": 0.5}
    assert SamplingParams.from_node(Node.of(said, "t.yaml"), problems) == {"max_tokens": None, "top_p": 0.5}
    assert not problems
