"""A server that answers with copies: nothing of it is kept, and no judge is paid for it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from fms_dgt.testing import ModelServer, prompt_of

from fms_dgt.core.template import Template

BUILDERS = Path(__file__).parents[2] / "fms_dgt" / "builders"
SPEECH = (
    "belong to people. Cars take up the space in which children could play, and they foul the air that all of "
    "us breathe. A bus carries sixty in the room of three cars. Other towns have done it, and their shops sell "
    "more than before. Let us follow them before another summer is lost to noise and heat."
)
SEED_ANSWER = f"City centres {SPEECH}"
CUT = " ".join(re.findall(r"[^.]+\.", SEED_ANSWER)[:4])
SEED = {"question": 'Write a speech for the motion "city centres first".', "answer": SEED_ANSWER}
OTHER_SEED = {"question": "What speaks against the motion 'trains at night'?", "answer": "The noise does."}
SEED_AGAIN = "1. Write a speech for the motion 'City Centres First'"
NEW = "Argue for a town library that opens on Sundays, too."
OF_ITS_OWN = "A library on Sundays is for those who work all week. It costs one shift, and fills two floors."
LETTER = "My neighbour's dog barks all night, and I asked him twice to keep it in the house."
SAME = "same as a known text"
TAKEN = "copied from a known text"
PROMPT = "copied from the prompt"
REPEATED = "like another item of the same reply"


def rules(template: str, most: int = 3) -> str:
    """The last rules of a template, as a weak model hands them back."""
    lines = Template.from_file(BUILDERS / f"{template}.yaml").prompt.splitlines()
    said = [line[2:] for line in lines if line.startswith("- ") and not set(line) & set("{<")]
    return " ".join(said[-most:])


class Copier:
    """Answers each field of a form with the text for its name; judges are always content."""

    def __init__(self, texts: Mapping[str, Any]) -> None:
        self.texts = texts
        self.calls: Counter[str] = Counter()
        self.judged: list[str] = []

    def __call__(self, body: Mapping[str, Any]) -> str:
        form = body.get("response_format")
        judges = form is not None and "reason" in form["json_schema"]["schema"].get("properties", ())
        self.calls["judge" if judges else "maker"] += 1
        if judges:
            self.judged.append(prompt_of(body))
        if form is None:
            return str(self._text("text", 0))
        return json.dumps(self._filled(form["json_schema"]["schema"], "text", 0))

    def _filled(self, schema: Mapping[str, Any], name: str, at: int) -> Any:
        if "properties" in schema:
            return {key: self._filled(part, key, at) for key, part in schema["properties"].items()}
        if schema["type"] == "array":
            inside = schema["items"].get("properties", {name: None})
            lists = [self.texts[key] for key in inside if isinstance(self.texts.get(key), list | tuple)]
            number = max(map(len, lists), default=1)
            return [self._filled(schema["items"], name, at) for at in range(number)]
        if schema["type"] in ("integer", "number"):
            return self.texts.get(name, schema.get("enum", [1])[-1])
        return self._text(name, at)

    def _text(self, name: str, at: int) -> str:
        text = self.texts.get(name, f"It is {name}.")
        return text if isinstance(text, str) else str(text[at % len(text)])


def ran(folder: Path, builder: str, texts: Mapping[str, Any], task: Mapping[str, Any], **more: Any) -> Any:
    """What came of a task whose teacher answers so: the records, (stage, reason) of the rest, the server."""
    copier = Copier(texts)
    about = {"task_name": "t", "task_description": "To speak well.", "created_by": "a test"}
    with ModelServer(answer=copier).in_thread() as server:
        lm = {
            "type": "openai",
            "model": "m",
            "base_url": server.base_url,
            "api_key": "k",
            "enforce_schema": True,
        }
        judge = {"name": "validator", "type": "lm_judge", "lm_config": lm}
        blocks = [] if builder in ("self_instruct", "text_generation") else [judge]
        outcome = fms_dgt.run(
            {**about, "data_builder": builder, **task},
            config={"databuilders": {builder: {**more.pop("options", {}), "blocks": blocks}}},
            generator=lm,
            output_dir=folder / "out",
            allow_path=[folder],
            **more,
        )
    dropped = Counter((line["stage"], line["reason"]) for line in outcome.rejections)
    return list(outcome.records), dropped, copier


SKILLS = {"seed_examples": [SEED, OTHER_SEED], "runner_config": {"max_stalled_requests": 1}}


def test_skills_seeds_in_other_marks_cost_one_call(tmp_path):
    texts = {"items": [SEED_AGAIN, "what speaks against the motion “trains at night”"]}
    records, dropped, server = ran(tmp_path, "skills_sdg", texts, SKILLS)
    assert records == []
    assert set(dropped) == {("not_a_seed_question", SAME)}
    assert server.calls["judge"] == 0


def test_skills_one_question_five_times_is_judged_and_answered_once(tmp_path):
    forms = [NEW, f"2. {NEW}", NEW.upper(), f"**{NEW}**", NEW.removesuffix(", too.")]
    texts = {"items": forms, "response": OF_ITS_OWN, "text": OF_ITS_OWN}
    records, _, server = ran(tmp_path, "skills_sdg", texts, SKILLS, num_outputs_to_generate=1)
    assert [record["instruction"] for record in records] == [NEW]
    # the question, the pair; five questions, the answer
    assert server.calls == {"judge": 2, "maker": 2}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (rules("skills_sdg/templates/answer_template"), PROMPT),
        (CUT, TAKEN),
        (SEED_ANSWER.replace(".", "!"), SAME),
    ],
)
def test_skills_copied_answers_are_not_judged(tmp_path, answer, reason):
    texts = {"items": [NEW], "response": answer, "text": answer}
    records, dropped, server = ran(tmp_path, "skills_sdg", texts, SKILLS)
    assert records == []
    assert set(dropped) == {("answer_copies", reason)}
    # its question was judged, the pair was not
    assert server.judged
    assert not any(answer[:60] in prompt for prompt in server.judged)


def test_skills_rules_are_no_instructions(tmp_path):
    texts = {"items": [rules("skills_sdg/templates/question_template_freeform")]}
    records, dropped, server = ran(tmp_path, "skills_sdg", texts, SKILLS)
    assert (records, set(dropped), server.calls["judge"]) == ([], {("not_a_seed_question", PROMPT)}, 0)


@pytest.mark.parametrize("answer", [rules("skills_sdg/templates/simple_template_freeform"), CUT])
def test_simple_skills_are_held_against_seeds_before_the_judge(tmp_path, answer):
    texts = {"instruction": [SEED_AGAIN, NEW, NEW], "response": answer}
    records, dropped, server = ran(tmp_path, "skills_sdg", texts, SKILLS, options={"simple": True})
    assert records == []
    assert {stage for stage, _ in dropped} == {"not_a_seed_question", "dedup_question", "answer_copies"}
    assert server.calls["judge"] == 0


@pytest.mark.parametrize(
    ("texts", "stages", "judged"),
    [
        ({"items": [LETTER.upper(), f'"{LETTER}"']}, {"not_a_seed_context", "dedup_context"}, False),
        (
            {
                "items": ["Our ferry leaves at nine from the old harbour, and it waits for no one."],
                "response": SEED_ANSWER,
                "text": SEED_ANSWER,
            },
            {"grounded_answer_copies"},
            True,
        ),
    ],
)
def test_grounded_skills(tmp_path, texts, stages, judged):
    task = {**SKILLS, "seed_examples": [{**SEED, "context": LETTER}]}
    records, dropped, server = ran(tmp_path, "skills_sdg", texts, task)
    assert records == []
    assert {stage for stage, _ in dropped} == stages
    assert bool(server.calls["judge"]) is judged


def test_an_answer_may_quote_the_text_of_its_row(tmp_path):
    text = "Our ferry leaves at nine from the old harbour, waits for no one, and takes no dogs but those on a lead."
    seed = {"question": "What does the captain say?", "answer": f"{text} So she said.", "context": LETTER}
    texts = {"items": [text], "response": f"She says: {text}", "text": f"She says: {text}"}
    task = {**SKILLS, "seed_examples": [seed]}
    records, _, _ = ran(tmp_path, "skills_sdg", texts, task, num_outputs_to_generate=1)
    assert [record["response"] for record in records] == [f"She says: {text}"]


KNOWLEDGE = {
    "domain": "ferries",
    "document_outline": "A notice at the harbour.",
    "seed_examples": [{"question": 'When does the "old" ferry sail?', "answer": SEED_ANSWER}],
}


@pytest.mark.parametrize(
    ("pair", "dropped"),
    [
        (("2. When does the 'old' ferry sail", "At nine."), ("not_a_seed", SAME)),
        (("What do towns gain?", CUT), ("answer_copies", TAKEN)),
        (
            ("What do towns gain?", rules("knowledge_sdg/templates/question_answer_pairs")),
            ("answer_copies", PROMPT),
        ),
        ((rules("knowledge_sdg/templates/question_answer_pairs"), "At nine."), ("not_a_seed", PROMPT)),
    ],
)
def test_knowledge(tmp_path, pair, dropped):
    (tmp_path / "notice.md").write_text("The ferry to the islands sails at nine.", encoding="utf-8")
    question, answer = pair
    texts = {"question": [question], "answer": answer}
    more = {"include": {"documents": {"notice": str(tmp_path / "notice.md")}}}
    records, found, server = ran(
        tmp_path, "knowledge_sdg", texts, {**KNOWLEDGE, **more}, options={"variants": ["document"]}
    )
    assert (records, found, server.calls["judge"]) == ([], {dropped: 1}, 0)


def test_knowledge_the_rules_as_a_summary_and_one_question_five_times(tmp_path):
    (tmp_path / "notice.md").write_text("The ferry to the islands sails at nine.", encoding="utf-8")
    summary = rules("knowledge_sdg/templates/detailed_summary")
    questions = ["When does the ferry sail?", "when does the ferry sail", "3) When does the ferry sail?"]
    texts = {"summary": summary, "text": summary, "question": questions, "answer": "At nine."}
    task = {**KNOWLEDGE, "include": {"documents": {"notice": str(tmp_path / "notice.md")}}}
    options = {"variants": ["document", "detailed_summary"], "faithfulness": "one_call"}
    records, found, server = ran(tmp_path, "knowledge_sdg", texts, task, options=options)
    assert [record["question"] for record in records] == questions[:1]
    assert found == {("summary_copies", PROMPT): 1, ("dedup_question", REPEATED): 2}
    assert server.calls["judge"] == 3


GROW = {
    "seed_examples": [
        {"instruction": SEED["question"], "input": LETTER * 3, "output": SEED_ANSWER},
        {"instruction": OTHER_SEED["question"], "output": OTHER_SEED["answer"]},
    ],
    "runner_config": {"max_stalled_requests": 1},
}


@pytest.mark.parametrize(
    ("texts", "stages"),
    [
        ({"items": [SEED_AGAIN]}, {("instruction_copies", SAME)}),
        (
            {"items": [rules("self_instruct/templates/new_instructions", most=2)]},
            {("instruction_copies", PROMPT)},
        ),
        ({"items": [NEW], "input": "NONE", "output": CUT}, {("output_copies", TAKEN)}),
        (
            {"items": [NEW], "input": "NONE", "output": rules("self_instruct/templates/input_first")},
            {("output_copies", PROMPT)},
        ),
        ({"items": [NEW], "input": LETTER * 3, "output": "Yes."}, {("input_copies", SAME)}),
    ],
)
def test_self_instruct(tmp_path, texts, stages):
    records, dropped, _ = ran(tmp_path, "self_instruct", {"score": 0, **texts}, GROW)
    assert (records, set(dropped)) == ([], stages)


def test_self_instruct_answers_one_of_five_alike(tmp_path):
    texts = {
        "items": [NEW, NEW.lower(), f'"{NEW}"', f"4. {NEW}", f"- {NEW}"],
        "input": "NONE",
        "output": "Yes.",
        "score": 0,
    }
    records, _, server = ran(tmp_path, "self_instruct", texts, GROW, num_outputs_to_generate=1)
    assert len(records) == 1
    # five instructions, the kind of the first, its answer
    assert sum(server.calls.values()) == 3


EVOLVE = {"seed_examples": [{"instruction": "Name a river.", "response": "The Rhine."}]}


@pytest.mark.parametrize(
    ("evolved", "reason"),
    [
        ("This is a different way to write the instruction.", "speaks of its own making"),
        ("'Name a river!'", "same as its parent"),
        (rules("evol_instruct/templates/deepen"), PROMPT),
    ],
)
def test_evol_instruct(tmp_path, evolved, reason):
    texts = {"instruction": evolved, "text": evolved}
    records, dropped, server = ran(tmp_path, "evol_instruct", texts, EVOLVE)
    assert records == []
    assert {why for _, why in dropped} == {reason}
    assert server.calls == {"maker": 4}


def test_evol_instruct_the_rules_as_an_answer(tmp_path):
    answer, _, _ = Template.from_file(BUILDERS / "evol_instruct/templates/answer.yaml").prompt.partition("\n")
    evolved = "Name a river that flows through three countries, and the towns at which it enters each."
    texts = {"instruction": evolved, "response": answer, "text": answer}
    records, dropped, _ = ran(tmp_path, "evol_instruct", texts, EVOLVE, options={"num_evolutions": 1})
    assert (records, set(dropped)) == ([], {("evolve", PROMPT)})


def test_magpie_the_system_prompt_is_no_instruction(tmp_path):
    system = "You are a patient tutor of mathematics. Explain each step in a sentence of its own."
    task = {"system_prompt": system, "runner_config": {"max_stalled_requests": 1}}
    options = {"chat_format": "qwen"}
    records, dropped, server = ran(tmp_path, "magpie", {"text": f'"{system}"'}, task, options=options)
    assert records == []
    assert set(dropped) == {("instruction_copies", SAME)}
    assert server.calls["judge"] == 0


@pytest.mark.parametrize("answer", ["What are tides?", "1. “What are tides”"])
def test_preference_a_prompt_is_no_answer_and_two_alike_are_one(tmp_path, answer):
    task = {"input": [{"prompt": "What are tides?"}]}
    records, dropped, server = ran(tmp_path, "preference", {"text": answer}, task)
    assert (records, set(dropped)) == ([], {("answers", "fewer than two different answers")})
    assert server.calls["judge"] == 0


def test_text_generation(tmp_path):
    asked = "Write three questions about {{ topic }} that a child of ten could ask its teacher at school."
    prompt = f"{asked} {{{{ reply_format }}}}"
    task = {"prompt": prompt, "reply": "list", "input": [{"topic": "tides"}], "num_generations": 3}
    handed_back = "questions about tides that a child of ten could ask its teacher at school"
    texts = {"items": ["Why are there tides?", "1. why are there tides", handed_back]}
    records, dropped, _ = ran(tmp_path, "text_generation", texts, task)
    assert [record["generation"] for record in records] == ["Why are there tides?"]
    assert dropped == {("generate", REPEATED): 1, ("generation_copies", PROMPT): 1}


PRICES = "A helmet costs two crowns a day for everybody over twelve. The shop opens at nine on every day."


@pytest.mark.parametrize("material", [PRICES, f"<prices>{PRICES}</prices>", f'Quote this: "{PRICES}"'])
def test_text_generation_may_quote_the_material_of_its_prompt(tmp_path, material):
    asked = "You answer for a shop, in one sentence, and never speak of other shops."
    task = {
        "prompt": f"{asked}\n\n{material}\n\n{{{{ question }}}}",
        "input": [{"question": "What is a helmet?"}],
    }
    records, dropped, _ = ran(tmp_path / "quoted", "text_generation", {"text": PRICES}, task)
    assert [record["generation"] for record in records] == [PRICES]
    records, dropped, _ = ran(tmp_path / "rules", "text_generation", {"text": asked}, task)
    assert (records, dropped) == ([], {("generation_copies", PROMPT): 1})


def test_a_flow_in_yaml(tmp_path):
    task = {
        "flow": "skills",
        "draw": {"examples": 2},
        "seed_examples": [
            {"instruction": seed["question"], "response": seed["answer"]} for seed in (SEED, OTHER_SEED)
        ],
        "runner_config": {"max_stalled_requests": 1},
    }
    texts = {"items": [SEED_AGAIN, NEW, f"**{NEW}**"], "response": CUT, "text": CUT}
    records, dropped, server = ran(tmp_path, "pipeline", texts, task)
    assert records == []
    assert set(dropped) == {
        ("not_a_seed_instruction", SAME),
        ("dedup_question", REPEATED),
        ("not_a_seed_response", TAKEN),
    }
    assert not any(CUT[:60] in prompt for prompt in server.judged)


def test_the_same_comes_of_a_run_that_goes_on(tmp_path):
    texts = {"items": [SEED_AGAIN, NEW, NEW.upper()], "response": CUT, "text": CUT}
    records, dropped, _ = ran(tmp_path, "skills_sdg", texts, SKILLS)
    (tmp_path / "out" / "t" / "rejected.jsonl").unlink(missing_ok=True)
    again, dropped_again, server = ran(tmp_path, "skills_sdg", texts, SKILLS)
    assert (again, dropped_again, sum(server.calls.values())) == (records, dropped, 0)
