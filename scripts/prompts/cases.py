"""What each shipped prompt is filled with: the seed examples of the shipped task of its builder.

A prompt that writes gets the same values in each try. A judge gets rows whose quality is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fms_dgt.builders.knowledge_sdg.stages import examples_of
from fms_dgt.builders.magpie.chat_format import FORMATS
from fms_dgt.builders.self_instruct.task import CRITERIA

ROOT = Path(__file__).resolve().parents[2]
BUILDERS = ROOT / "fms_dgt/builders"
TASKS = ROOT / "tasks"

GOOD, OFF_TOPIC, NONSENSE, EMPTY, COPIED = "good", "off-topic", "nonsense", "empty", "copied"
QUALITIES = (GOOD, OFF_TOPIC, NONSENSE, EMPTY, COPIED)
GIBBERISH = "asdf kjlh the of of qwe 7 7 7 lkj blue because asdf"


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One prompt of one builder, and the values it is filled with.

    `rows` are the values by the quality that a judge should see in them; a prompt that writes has one,
    named "". `count` is how many items are asked for, 0 where the prompt leaves it open.
    """

    builder: str
    template: str
    rows: Mapping[str, Mapping[str, Any]]
    count: int = 1
    params: Mapping[str, Any]

    @property
    def path(self) -> Path:
        return BUILDERS / self.builder / "templates" / f"{self.template}.yaml"

    @property
    def is_judge(self) -> bool:
        return "" not in self.rows


def all_cases() -> Iterator[Case]:
    """A case for each prompt that is shipped."""
    yield from _skills()
    yield from _knowledge()
    yield from _self_instruct()
    yield from _evol_instruct()
    yield from _magpie()
    yield from _preference()


def _task(name: str) -> dict[str, Any]:
    with (TASKS / name / "task.yaml").open(encoding="utf-8") as file:
        task: dict[str, Any] = yaml.safe_load(file)
    return task


def _writes(builder: str, template: str, values: Mapping[str, Any], *, count: int = 1, **params: Any) -> Case:
    return Case(builder=builder, template=template, rows={"": values}, count=count, params=params)


def _judges(
    builder: str, template: str, values: Mapping[str, Any], subject: str, texts: Sequence[str]
) -> Case:
    """`texts` are the judged column in good, off-topic and copied; the other two are always the same."""
    rows = {quality: {**values, **row} for quality, row in _qualities(subject, texts).items()}
    return Case(builder=builder, template=template, rows=rows, params={})


def _qualities(subject: str, texts: Sequence[str]) -> dict[str, dict[str, str]]:
    good, off_topic, copied = texts
    judged = (good, off_topic, GIBBERISH, "", copied)
    return {quality: {subject: text} for quality, text in zip(QUALITIES, judged, strict=True)}


def rules_of(builder: str, template: str) -> str:
    """The first rule of a prompt, as a model hands it back."""
    path = BUILDERS / builder / "templates" / f"{template}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    rules = [line.strip("- ").strip() for line in lines if line.lstrip().startswith("- ")]
    return next((rule for rule in rules if "{" not in rule and len(rule.split()) > 8), "Do all that it asks.")


def _skills() -> Iterator[Case]:
    free = _skills_values("instructlab/skills/writing/freeform/debate")
    seeds = free["examples"]
    asked, other = seeds[0], seeds[2]
    yield _writes("skills_sdg", "question_template_freeform", free, count=5)
    rule = rules_of("skills_sdg", "question_template_freeform")
    texts = (asked["instruction"], "What is the boiling point of water at sea level?", rule)
    yield _judges("skills_sdg", "filter_questions_template", free, "instruction", texts)
    new = 'Write a closing statement for the motion "Museums should be free on Sundays" in about 100 words.'
    yield _writes("skills_sdg", "answer_template", {**free, "instruction": new})
    pair = {**free, "instruction": asked["instruction"]}
    texts = (asked["response"], other["response"], asked["instruction"])
    yield _judges("skills_sdg", "filter_qa_template", pair, "response", texts)
    yield _writes("skills_sdg", "simple_template_freeform", free, count=2)

    grounded = _skills_values("instructlab/skills/writing/grounded/editing/grammar")
    seeds = grounded["examples"]
    asked, other = seeds[0], seeds[2]
    text = {**grounded, "context": asked["context"]}
    pair = {**text, "instruction": asked["instruction"]}
    new = "Which two words in this message are misspelt?"
    yield _writes("skills_sdg", "context_template", grounded, count=3)
    yield _writes("skills_sdg", "question_template_grounded", text, count=3)
    rule = rules_of("skills_sdg", "question_template_grounded")
    texts = (asked["instruction"], "What is the boiling point of water at sea level?", rule)
    yield _judges("skills_sdg", "filter_questions_context_template", text, "instruction", texts)
    yield _writes("skills_sdg", "answer_context_template", {**text, "instruction": new})
    texts = (asked["response"], other["response"], asked["context"])
    yield _judges("skills_sdg", "filter_qa_context_template", pair, "response", texts)
    yield _writes("skills_sdg", "simple_template_grounded", grounded, count=2)


def _skills_values(name: str) -> dict[str, Any]:
    task = _task(name)
    names = {"instruction": "question", "response": "answer", "context": "context"}
    seeds = [
        {mine: seed.get(its, "").strip() for mine, its in names.items()} for seed in task["seed_examples"]
    ]
    path = name.removeprefix("instructlab/")
    return {
        "task_description": task["task_description"],
        "taxonomy_path": path,
        "examples": seeds[:3],
    }


def _knowledge() -> Iterator[Case]:
    task = _task("instructlab/knowledge/services/bicycle_rental")
    seeds = [
        {"context": seed["context"], "pairs": seed["questions_and_answers"]} for seed in task["seed_examples"]
    ]
    folder = TASKS / "instructlab/knowledge/services/bicycle_rental/documents"
    text = "\n\n".join((folder / "rental_terms.md").read_text(encoding="utf-8").split("\n\n")[:5])
    values = {
        "domain": task["domain"],
        "document_outline": task["document_outline"],
        "examples": list(examples_of(seeds, 3)),
        "example": 0,
        "question_kind": "any",
        "headings": [],
        "document": text,
        "raw_document": text,
        "max_pairs": 5,
        "max_key_facts": 10,
        "key_fact": "A hire begins when the lock is opened and ends when it is shut at a station.",
    }
    for name in ("detailed_summary", "extractive_summary", "atomic_facts"):
        yield _writes("knowledge_sdg", name, values)
    yield _writes("knowledge_sdg", "question_answer_pairs", values, count=0)
    yield _writes("knowledge_sdg", "key_facts", values, count=0)
    yield _writes("knowledge_sdg", "key_fact_pairs", values, count=3)
    yield from _knowledge_judges(values, seeds)


def _knowledge_judges(values: Mapping[str, Any], seeds: Sequence[Mapping[str, Any]]) -> Iterator[Case]:
    """Judged are seed examples with their own text as the document."""
    first, other = seeds[0], seeds[1]
    pair, far = first["pairs"][0], other["pairs"][0]
    values = {**values, "document": first["context"], "raw_document": first["context"]}
    values |= {"document_outline": "The terms of the Marrow ferry", "domain": "ferry"}
    values |= {"question": pair["question"], "response": pair["answer"]}
    yield _writes("knowledge_sdg", "extract_claims", values, count=0)
    rule = rules_of("knowledge_sdg", "question_answer_pairs")
    texts = (pair["question"], "Why is it shown in the table above?", rule)
    yield _judges("knowledge_sdg", "judge_question", values, "question", texts)
    texts = (pair["answer"], far["answer"], pair["question"])
    yield _judges("knowledge_sdg", "judge_relevancy", values, "response", texts)
    yield _judges("knowledge_sdg", "judge_faithfulness", values, "response", texts)
    claim = "On the Marrow ferry a large piece of luggage costs 3 euros."
    texts = (claim, "A berth at the north pier costs 14 euros a night.", pair["question"])
    yield _judges("knowledge_sdg", "judge_claim", values, "claim", texts)
    also = "Each passenger may take two pieces of hand luggage free of charge."
    judged = {quality: [also, row["claim"]] for quality, row in _qualities("claim", texts).items()}
    rows = {quality: {**values, "claims": claims} for quality, claims in judged.items()}
    yield Case(builder="knowledge_sdg", template="judge_claims", rows=rows, params={})


def _self_instruct() -> Iterator[Case]:
    task = _task("self_instruct")
    seeds = [{"input": "", **seed} for seed in task["seed_examples"]]
    kinds = {
        kind: [seed for seed in seeds if bool(seed.get("is_classification")) == kind]
        for kind in (True, False)
    }
    values = {
        "task_description": task["task_description"],
        "instructions": [seed["instruction"] for seed in seeds[:8]],
        "examples": kinds[False][:3],
        "class_examples": kinds[True][:3],
        "application_description": "It answers questions of a restaurant's guests.",
        "input": "The kitchen is open from 12 to 14:30 and from 18 to 22. On Mondays it is shut. "
        "Dogs may lie under the table.",
        "criteria": list(CRITERIA),
    }
    yield _writes("self_instruct", "new_instructions", values, count=5)
    row = {**values, "instruction": kinds[True][0]["instruction"]}
    yield Case(
        builder="self_instruct",
        template="classification",
        rows={
            GOOD: row,
            OFF_TOPIC: {**values, "instruction": kinds[False][1]["instruction"]},
            NONSENSE: {**values, "instruction": GIBBERISH},
            EMPTY: {**values, "instruction": ""},
            COPIED: {**values, "instruction": "Explain why the review is negative."},
        },
        params={},
    )
    text = {**values, "instruction": "Put the names in alphabetical order."}
    yield _writes("self_instruct", "input_first", text, count=1)
    text = {**values, "instruction": "Is the message about an order, an invoice or a complaint?"}
    yield _writes("self_instruct", "output_first", text, count=2)
    yield _writes("self_instruct", "queries", values, count=5)
    text = {**values, "instruction": "Can I have dinner at half past nine on a Tuesday?"}
    yield _writes("self_instruct", "answer", text)


def _evol_instruct() -> Iterator[Case]:
    seeds = [seed["instruction"] for seed in _task("evol_instruct")["seed_examples"]]
    values = {"instruction": seeds[0], "response": "Keep it in a bread bin, cut side down."}
    ways = ("add_constraints", "add_reasoning_steps", "breadth", "complicate_input", "concretize", "deepen")
    for name in (*ways, "answer", "creativity", "depth", "details", "helpfulness", "relevance"):
        yield _writes("evol_instruct", name, values)
    better = "How do I keep bread fresh for longer in a humid kitchen without a freezer or plastic bags?"
    texts = (better, seeds[4], seeds[0])
    parent = {"parent_instruction": seeds[0]}
    yield _judges("evol_instruct", "judge_instruction", parent, "instruction", texts)
    longer = (
        "Keep it cut side down in a bread bin, which lets it breathe. "
        "What you will not eat within two days, freeze in slices."
    )
    texts = (longer, "A virus needs a cell to multiply in.", values["response"])
    parent = {"instruction": seeds[0], "parent_response": values["response"]}
    yield _judges("evol_instruct", "judge_response", parent, "response", texts)


def _magpie() -> Iterator[Case]:
    form = FORMATS["qwen"]
    system = next(iter(_task("magpie")["system_prompt"].values()))["text"]
    stop = list(form.stop)
    yield _writes("magpie", "turn", {"text": form.before_user(system, ())}, stop=stop)
    asked = "How long can I keep cooked rice in the fridge?"
    yield _writes("magpie", "response", {"instruction": asked})
    yield _writes("magpie", "response_with_system", {"instruction": asked, "system_prompt": system})
    texts = (asked, "I'll assume you're here to help with baking.", rules_of("magpie", "judge_quality"))
    for name in ("judge_quality", "judge_difficulty"):
        yield _judges("magpie", name, {}, "instruction", texts)


def _preference() -> Iterator[Case]:
    asked = "My basil dies two weeks after I buy it. What am I doing wrong?"
    good = (
        "Shop basil is many seedlings in one small pot. Part them into three pots, water from below when "
        "the soil is dry on top, and pick whole tips above a pair of leaves."
    )
    off = "The Congress of Vienna met in 1814 and 1815 and redrew the map of Europe."
    yield _writes("preference", "answer", {"prompt": asked})
    rows = {
        quality: {"prompt": asked, "answer": {"text": text}}
        for quality, text in zip(QUALITIES, (good, off, GIBBERISH, "", asked), strict=True)
    }
    yield Case(builder="preference", template="score_answer", rows=rows, params={})
    pairs = {
        quality: {"prompt": asked, "pair": {"a": good, "b": text}}
        for quality, text in zip(QUALITIES, (good, off, GIBBERISH, "", asked), strict=True)
    }
    yield Case(builder="preference", template="compare_answers", rows=pairs, params={})


_JINJA = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)


def fixed_text(case: Case) -> str:
    """What a prompt says whatever it is filled with."""
    said = yaml.safe_load(case.path.read_text(encoding="utf-8"))
    return _JINJA.sub(" ", f"{said.get('system', '')}\n{said['prompt']}")
