"""What counts as a copy and what does not, case by case."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from fms_dgt.core.row import Row
from fms_dgt.core.validator import at_least
from fms_dgt.errors import Rejected

from fms_dgt.core.node import Node
from fms_dgt.core.plain_words import normal
from fms_dgt.core.stages import Check
from fms_dgt.core.template import Template
from fms_dgt.validators.copies import Copies, CopiesOptions

ROOT = Path(__file__).parents[2]
TABLE = yaml.safe_load((Path(__file__).parent / "copies.yaml").read_text(encoding="utf-8"))
REASONS = {
    "same": "same as a known text",
    "taken": "copied from a known text",
    "prompt": "copied from the prompt",
}
BLOCKS = {"any": {}, "answer": {"fewest": 20, "share": 0.8}}


def reason(
    text: str, known: Sequence[str] = (), prompts: tuple[str, ...] = (), row: Any = None, **options: Any
) -> str:
    """Why a text is dropped; nothing where it is kept."""
    check = Check("copies", on="text", known=known)
    kit: Any = SimpleNamespace(check=check, fixed_texts=prompts)
    try:
        asyncio.run(Copies(CopiesOptions(**options)).validate(Row("0", {**(row or {}), "text": text}), kit))
    except Rejected as rejected:
        assert rejected.evidence["text"]
        return rejected.reason
    return ""


def fixed(name: str | None) -> tuple[str, ...]:
    if name is None:
        return ()
    return Template.from_node(Node.of({"prompt": TABLE["prompts"][name]}, "t.yaml"), "t").fixed_text


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in TABLE["cases"]])
def test_each_case_is_kept_or_dropped_as_the_table_says(case):
    options = BLOCKS[case.get("block", "any")]
    found = reason(case["text"], case.get("known", []), fixed(case.get("prompt")), case.get("row"), **options)
    assert found == REASONS.get(case.get("found"), "")


def shipped_seeds() -> list[Any]:
    columns = []
    for file in sorted((ROOT / "tasks").rglob("task.yaml")):
        texts: dict[str, list[str]] = {}
        for seed in yaml.safe_load(file.read_text(encoding="utf-8")).get("seed_examples") or []:
            for part in [seed, *seed.get("questions_and_answers", [])]:
                for name, value in part.items():
                    if isinstance(value, str):
                        texts.setdefault(name, []).append(value)
        columns += [pytest.param(v, id=f"{file.parent.name} {k}") for k, v in texts.items() if len(v) > 1]
    return columns


@pytest.mark.parametrize("texts", shipped_seeds())
@pytest.mark.parametrize("block", BLOCKS)
def test_no_shipped_seed_is_a_copy_of_another_or_of_a_prompt(texts, block):
    prompts = [
        piece
        for file in (ROOT / "fms_dgt/builders").rglob("templates/*.yaml")
        if file.name != "teacher_config.yaml"
        for piece in Template.from_file(file).fixed_text
    ]
    told = dict.fromkeys(texts)
    for text in told:
        others = [other for other in told if normal(other) != normal(text)]
        assert reason(text, others, tuple(prompts), **BLOCKS[block]) == ""


def test_the_text_between_placeholders_is_what_every_prompt_has():
    said = {
        "prompt": "Say {{ it }} now{# why #}, {% if a %}or{% endif %} later { {{",
        "system": "Be {{ kind }}.",
    }
    node = Node.of({**said, "prompt": said["prompt"].removesuffix(" {{")}, "t.yaml")
    assert Template.from_node(node, "t").fixed_text == ("Be ", ".", "Say ", " now", ", ", "or", " later {")


def test_prompts_are_not_compared_where_the_option_says_so():
    text = "Finish what you begin. Say nothing about the examples, the skill or yourself."
    assert reason(text, prompts=(text,)) == REASONS["prompt"]
    assert reason(text, prompts=(text,), prompt_share=None) == ""


def test_what_the_check_needs_is_said_before_the_run():
    said = [str(p) for p in Copies(CopiesOptions()).problems(Check("copies", keep=at_least(1)), None)]
    assert [text.partition(";")[0] for text in said] == [
        "the check 'copies': looks at no column",
        "the check 'copies': keeps scores at least 1, but its options say what goes on",
    ]


@pytest.mark.parametrize("piece", ["a ", "1. ", "(", "word other ", "海", "\n- ", "{{", "'", "a b c d "])
def test_any_text_has_a_verdict(piece):
    text = piece * 20_000
    assert reason(text, [piece * 3, text], fewest=1) in ("", REASONS["same"])
    reason(text, [text + "end", *(f"{piece}{n} {piece * 9}" for n in range(200))], (text,), share=0.5)


def test_a_long_run_of_combining_marks_takes_no_longer_than_any_text():
    text = "a" + "\u0301\u0327" * 200_000
    assert reason(text, [text]) == REASONS["same"]
    assert normal("e\u0301" + "\u0327\u0301" * 40) == normal("e\u0301" + "\u0327\u0301" * 40 + "\u200b")
