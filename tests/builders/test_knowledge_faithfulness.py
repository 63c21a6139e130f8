"""Must-show: claims are read in whatever form they come, one false claim rejects the answer and is named."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from knowledge_samples import Teacher, between, run, score, tagged


@dataclass(frozen=True)
class Case:
    """An answer about a document; `claims` is the reply with its claims, `false` those not in the document."""

    document: str
    question: str
    answer: str
    claims: str
    false: str = ""
    read: tuple[str, ...] = ()


def tags(*claims: str) -> str:
    return tagged(*(("claim", claim) for claim in claims))


CASES = {
    "one claim, supported": Case(
        "A helmet costs nothing.", "What does a helmet cost?", "Nothing.", tags("A helmet costs nothing."),
        read=("A helmet costs nothing.",),
    ),
    "two claims, supported": Case(
        "The shop opens at 9 and closes at 18.", "When is the shop open?", "From 9 to 18.",
        tags("The shop opens at 9.", "The shop closes at 18."),
        read=("The shop opens at 9.", "The shop closes at 18."),
    ),
    "a wrong figure": Case(
        "A city bicycle costs 14 euros a day.", "What does it cost?", "It costs 15 euros a day.",
        tags("A city bicycle costs 15 euros a day."), "A city bicycle costs 15 euros a day.",
    ),
    "the last of three is false": Case(
        "The Heron has a battery of 630 Wh and ten gears.", "What is the Heron?", "It has 630 Wh, ten gears and a belt.",
        tags("The Heron has 630 Wh.", "The Heron has ten gears.", "The Heron has a belt."), "The Heron has a belt.",
    ),
    "the first of three is false": Case(
        "Tandems need two places.", "What of tandems?", "They are forbidden, need two places and are long.",
        tags("Tandems are forbidden.", "Tandems need two places.", "Tandems need places."), "Tandems are forbidden.",
    ),
    "two are false: the first is named": Case(
        "Dogs travel free.", "What of dogs?", "They travel free, in the saloon, on a lead.",
        tags("Dogs travel free.", "Dogs travel in the saloon.", "Dogs must be on a lead."), "Dogs travel in the saloon.",
    ),
    "numbered": Case(
        "Cards are kept for five years.", "How long?", "Five years, in a box.",
        "1. Cards are kept for five years.\n2. Cards are kept in a box.", "Cards are kept in a box.",
    ),
    "numbered and bold": Case(
        "Belts last 25,000 km.", "How long do belts last?", "25,000 km.",
        "**1.** Belts last 25,000 km.\n**2.** Belts are parts.", read=("Belts last 25,000 km.", "Belts are parts."),
    ),
    "bullets under a heading": Case(
        "The lock bridge opens hourly.", "When does it open?", "Every hour, and at night.",
        "Here are the claims:\n\n- The lock bridge opens hourly.\n- The lock bridge opens at night.",
        "The lock bridge opens at night.",
    ),
    "json": Case(
        "Sheep have the right of way.", "Who has the right of way?", "Sheep, and horses.",
        json.dumps({"items": ["Sheep have the right of way.", "Horses have the right of way."]}),
        "Horses have the right of way.",
    ),
    "a fenced json list": Case(
        "Tours last two hours.", "How long?", "Two hours.", '```json\n["Tours last two hours."]\n```',
        read=("Tours last two hours.",),
    ),
    "after thinking aloud": Case(
        "Lockers cost 3 euros.", "What do lockers cost?", "Three euros a week.",
        "<think>one claim: <claim>no</claim></think>" + tags("Lockers cost 3 euros a week."),
        "Lockers cost 3 euros a week.",
    ),
    "with chatter around": Case(
        "Guides carry a radio.", "What do guides carry?", "A radio.",
        "Sure!\n" + tags("Guides carry a radio.") + "\nThat is all.", read=("Guides carry a radio.",),
    ),
    "the tag in bold": Case(
        "Gates have to be closed.", "What of gates?", "They have to be locked.",
        "**<claim>**Gates have to be locked.**</claim>**", "Gates have to be locked.",
    ),
    "a claim of several lines": Case(
        "Salt ruins bearings.", "Why no riding on the beach?", "Salt ruins\nthe bearings.",
        "<claim>\nSalt ruins\nthe bearings.\n</claim>", read=("Salt ruins\nthe bearings.",),
    ),
    "umlauts and quotes": Case(
        "Das Café heißt „Möwe“.", "Wie heißt das Café?", "Es heißt „Möwe“ und öffnet früh.",
        tags("Das Café heißt „Möwe“.", "Das Café öffnet früh."), "Das Café öffnet früh.",
    ),
    "a condition left out": Case(
        "Children under twelve ride free if an adult comes along.", "Do children pay?", "Children ride free.",
        tags("Children under twelve always ride free."), "Children under twelve always ride free.",
    ),
    "from general knowledge": Case(
        "Charge the battery indoors.", "Where to charge?", "Indoors, since batteries hold lithium.",
        tags("The battery is charged indoors.", "Batteries hold lithium."), "Batteries hold lithium.",
    ),
    "nothing claimed": Case(
        "The island has one road.", "How many roads?", "I cannot say.", tags("The answer says nothing."),
        "The answer says nothing.",
    ),
    "from a table": Case(
        "| Class | Day |\n| --- | --- |\n| Tandem | 28 |", "What does a tandem cost?", "28 a day.",
        tags("A tandem costs 28 a day."), read=("A tandem costs 28 a day.",),
    ),
    "a wrong row of a table": Case(
        "| Class | Week |\n| --- | --- |\n| Plover | 179 |\n| Heron | 215 |", "And the Plover?", "215 a week.",
        tags("The Plover costs 215 a week."), "The Plover costs 215 a week.",
    ),
    "many claims": Case(
        "Numbers go from 1 to 12.", "Which numbers?", "1 to 13.",
        tags(*(f"There is the number {n}." for n in range(1, 14))), "There is the number 13.",
    ),
}  # fmt: skip
FILES = {f"{at:02}.md": case for at, case in enumerate(CASES.values())}


def case_of(prompt: str) -> Case:
    """The case whose answer, or else document, a prompt is about."""
    answers = {case.answer: case for case in CASES.values()}
    documents = {case.document: case for case in CASES.values()}
    return answers.get(between(prompt, "answer")) or documents[between(prompt, "document")]


def judged(prompt: str) -> str:
    """The scripted judge: a claim is false where the table says so, in the case of that document."""
    case, claim = case_of(prompt), between(prompt, "claim")
    also = ("Dogs must be on a lead.",)
    if claim == case.false or claim in also:
        return score(0, f"There is no place for this: {claim}")
    return f"**Reason:** it is there.\n\n**Score:** {1}/1"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    teacher = Teacher(
        question_answer_pairs=lambda prompt: tagged(
            ("question", case_of(prompt).question), ("answer", case_of(prompt).answer)
        ),
        extract_claims=lambda prompt: case_of(prompt).claims,
        judge_claim=judged,
    )
    folder: Path = tmp_path_factory.mktemp("faithful")
    documents = {name: case.document for name, case in FILES.items()}
    return run(folder, teacher, documents, variants=["document"], faithfulness="each_claim")


def test_there_are_enough_cases_of_both_sorts():
    assert len(CASES) >= 20
    assert 8 <= sum(bool(case.false) for case in CASES.values()) <= len(CASES) - 7


def test_what_is_supported_is_kept_with_its_claims(outcome):
    kept = {record["document_name"]: tuple(record["claims"]) for record in outcome.records}
    assert kept == {name: case.read for name, case in FILES.items() if not case.false}


def test_one_false_claim_rejects_and_is_named(outcome):
    rejected = {row["values"]["document_name"]: row for row in outcome.rejections}
    assert {name: row["evidence"]["claim"] for name, row in rejected.items()} == {
        name: case.false for name, case in FILES.items() if case.false
    }
    for row in rejected.values():
        assert (row["stage"], row["reason"]) == ("faithfulness", "a claim is not supported by the document")
        assert row["evidence"]["reason"] == f"There is no place for this: {row['evidence']['claim']}"
        assert row["evidence"]["score"] == 0


def judged_together(prompt: str) -> str:
    """The scripted judge of all claims: the first false one is its reason."""
    case = case_of(prompt)
    return score(0, f"1. none: {case.false}") if case.false else score(1, "All are there.")


def test_all_claims_are_judged_in_one_call_unless_a_config_says_otherwise(tmp_path):
    teacher = Teacher(
        question_answer_pairs=lambda prompt: tagged(
            ("question", case_of(prompt).question), ("answer", case_of(prompt).answer)
        ),
        extract_claims=lambda prompt: case_of(prompt).claims,
        judge_claims=judged_together,
    )
    documents = {name: case.document for name, case in FILES.items()}
    outcome = run(tmp_path, teacher, documents, variants=["document"])
    kept = {record["document_name"]: tuple(record["claims"]) for record in outcome.records}
    assert kept == {name: case.read for name, case in FILES.items() if not case.false}
    assert not teacher.prompts["judge_claim"]
    assert len(teacher.prompts["judge_claims"]) == len(FILES)
    for row in outcome.rejections:
        case = FILES[row["values"]["document_name"]]
        assert (row["stage"], row["reason"]) == ("faithfulness", "a claim is not supported by the document")
        assert case.false in row["evidence"]["claims"]
        assert row["evidence"]["reason"] == f"1. none: {case.false}"
