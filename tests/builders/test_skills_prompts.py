"""Prompts are product: what a teacher is sent is compared word for word.

After a change that is meant, run with UPDATE_SNAPSHOTS=1 and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from skills_samples import FREE, GROUNDED, ROOT, builder, task

from fms_dgt.builders.skills_sdg.teacher import shipped_files
from fms_dgt.core.composed import Flow
from fms_dgt.core.generator import Completion
from fms_dgt.core.kit import Reply
from fms_dgt.core.reply import ScoreReply, TextReply
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check, Generate
from fms_dgt.core.template import Template

SNAPSHOTS = Path(__file__).parent / "snapshots"
EXAMPLES = [
    {
        "instruction": "Which river is the longest in Africa?",
        "response": "The Nile.",
        "context": "The Nile has 6,650 km, the Congo 4,700 km.",
    },
    {
        "instruction": "Write the names as a list:\n```\nRhine, Elbe\n```",
        "response": "- Rhine\n- Elbe",
        "context": "# Rivers\n\nRhine, Elbe & <others>",
    },
]
VALUES = {
    "task_name": "geography",
    "task_description": "Answer questions about rivers.",
    "taxonomy_path": "knowledge/geography/rivers",
    "kind": "grounded",
    "examples": EXAMPLES,
    "context": "The Danube flows through ten countries.",
    "instruction": "Through how many countries does the Danube flow?",
    "response": "Through ten.",
}
COUNTS = {
    "question_template_freeform": 5,
    "context_template": 10,
    "question_template_grounded": 3,
    "simple_template_freeform": 5,
    "simple_template_grounded": 5,
}
NAMES = sorted(shipped_files())


def template(name: str) -> Template:
    return Template.from_file(shipped_files()[name], name)


def rendered(name: str, *, as_json: bool = False, **changes: object) -> str:
    count = COUNTS.get(name)
    (message,) = template(name).messages({**VALUES, **changes}, count=count, as_json=as_json)
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
def test_it_is_whole_without_a_taxonomy_and_with_one_example(name):
    text = rendered(name, taxonomy_path="", examples=EXAMPLES[:1])
    assert "taxonomy" not in text
    assert "Rhine" not in text


@pytest.mark.parametrize("name", NAMES)
def test_no_prompt_has_markup_of_one_model_or_gaps(name):
    text = rendered(name)
    assert not re.search(r"\[/?INST\]|<s>|<\|", text)
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]\n", text)


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_the_number_wanted_is_said(name):
    assert re.search(rf"Write {COUNTS[name]} new \w+s\b", rendered(name))


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("filter_")])
def test_judges_see_what_they_judge_and_nothing_of_the_seeds(name):
    text = rendered(name)
    wanted = ["instruction"] + ["response"] * ("_qa_" in name) + ["context"] * ("context" in name)
    assert template(name).variables == {"task_description", *wanted}
    assert all(VALUES[column] in text for column in wanted)


def flows() -> list[Flow]:
    said = task(*FREE, *GROUNDED)
    return [
        flow
        for simple in (False, True)
        for branch in builder(simple=simple).flow(said).stages
        for flow in branch.to.values()
    ]


def test_flows_and_files_name_the_same_templates():
    asked = {
        stage.template
        for flow in flows()
        for stage in flow.stages
        if isinstance(stage, Generate | Check) and stage.template
    }
    assert asked == set(NAMES)
    assert {path.stem for path in (ROOT / "fms_dgt/builders/skills_sdg/templates").iterdir()} == {
        "teacher_config",
        *NAMES,
    }


def test_scales_and_what_is_kept_fit():
    judged = [stage for flow in flows() for stage in flow.stages if isinstance(stage, Check) and stage.into]
    assert judged
    for judge in judged:
        contract = template(judge.template).reply
        assert isinstance(contract, ScoreReply)
        assert (contract.low, contract.high) == ((0, 1) if judge.into == "question" else (1, 3))
        assert judge.keep(contract.high)
        assert not judge.keep(contract.low)


class AnsweringKit:
    """Reads one text with the contract of whatever template it is asked with."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def ask(self, role, name, *, count=None, params=None, **values):
        value = template(name).reply.read(self.text, count=count)
        return Reply(value, self.text, Completion(self.text))


SAMPLE = {"context": "It rains.", "instruction": "Does it rain?", "response": "Yes, it does."}
TAGGED = "Sure!\n" + "\n".join(f"<{name}>\n{text}\n</{name}>" for name, text in SAMPLE.items())
GENERATES = {stage.name: stage for flow in flows() for stage in flow.stages if isinstance(stage, Generate)}


@pytest.mark.parametrize("name", GENERATES)
async def test_what_is_read_lands_in_the_columns_of_its_name(name):
    text = SAMPLE["response"] if isinstance(template(name).reply, TextReply) else TAGGED
    made = await GENERATES[name].run(Row("0", {}), AnsweringKit(text))
    (row,) = made if isinstance(made, list) else [made]
    assert dict(row) == {column: SAMPLE[column] for column in GENERATES[name].makes()}
