"""Prompts are product: what a teacher is sent is compared word for word (UPDATE_SNAPSHOTS=1)."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from instruct_samples import template, template_names

from fms_dgt.builders.self_instruct.task import CRITERIA
from fms_dgt.core.reply import FieldsReply, ListReply, ScoreReply, TextReply

SNAPSHOTS = Path(__file__).parent / "self_instruct_snapshots"
NAMES = template_names("self_instruct")
EXAMPLES = [
    {"instruction": "Name a river.", "input": "", "output": "The Elbe."},
    {"instruction": "Shorten the text:", "input": "It rains & <pours>.", "output": "Rain."},
]
CLASSES = [{"instruction": "Is it even?", "input": "14", "output": "yes"}]
VALUES = {
    "task_description": "To help at home.",
    "instructions": ["Name a river.", "Is it even?\n{{ not a column }}"],
    "instruction": "Does the first number divide the second?",
    "examples": EXAMPLES,
    "class_examples": CLASSES,
    "input": "The Danube flows through ten countries.",
    "application_description": "AI assistant",
    "criteria": list(CRITERIA),
}
COUNTS = {"new_instructions": 5, "input_first": 1, "output_first": 2, "queries": 5}


def rendered(name: str, count: int | None = None, **changes: object) -> str:
    (message,) = template("self_instruct", name).messages(
        {**VALUES, **changes}, count=count or COUNTS.get(name)
    )
    return message["content"]


@pytest.mark.parametrize("name", NAMES)
def test_the_prompt_is_as_it_was(name):
    path = SNAPSHOTS / f"{name}.txt"
    text = rendered(name) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_snapshot_belongs_to_a_template():
    assert sorted(path.stem for path in SNAPSHOTS.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 3])
def test_it_is_whole_with_and_without_examples(name, count):
    for text in (rendered(name, count), rendered(name, count, examples=[], class_examples=[])):
        assert "\n\n\n" not in text
        assert not re.search(r"[ \t]\n", text)
        assert not re.search(r"\[/?INST\]|<s>|<\|", text)
    assert "<example>" not in text


@pytest.mark.parametrize(
    ("name", "contract"),
    [
        ("new_instructions", ListReply("instruction")),
        ("queries", ListReply("query")),
        ("classification", ScoreReply(0, 1)),
        ("input_first", FieldsReply(["input", "output"], repeated=True)),
        ("output_first", FieldsReply(["output", "input"], repeated=True)),
        ("answer", TextReply(whole=True)),
    ],
)
def test_labels_come_first_for_classifications_and_inputs_first_for_all_else(name, contract):
    assert template("self_instruct", name).reply == contract
