"""Which parts of a prompt are rules, and which are material that an answer may quote."""

from __future__ import annotations

import pytest

from fms_dgt.core.prompt_rules import rules_of


def rules(text: str) -> list[str]:
    return [part.strip() for part in rules_of([text])[0].split("{##}") if part.strip()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write about {{ x }}. The sea is wide.", ["Write about {{ x }}."]),
        ("The ferry sails at nine.\n\nAnswer in French.", ["Answer in French."]),
        ("<notice>Do not swim.</notice>\nAnswer.", ["Answer."]),
        ("<rules>Three sentences.</rules>\nAnswer.", ["Three sentences.", "Answer."]),
        ("<task>Answer.\n<text>Do it.</text></task>", ["Answer."]),
        ("```\nDo it.\n```\nAnswer.", ["Answer."]),
        ("> Do it.\nAnswer.", ["Answer."]),
        ("{% set law %}You must not swim.{% endset %}Answer.", ["Answer."]),
        ('Reply "You must ask your bank." where the text is silent.', ["Reply", "where the text is silent."]),
        (
            "Die Fähre fährt um neun. Antworte auf Deutsch.",
            ["Die Fähre fährt um neun. Antworte auf Deutsch."],
        ),
        ("Die Fähre.\n<info>Um neun.</info>\nAntworte.", ["Die Fähre.", "Antworte."]),
        ("Antworte.\n<rules>Drei Sätze.</rules>\nDie Fähre.", ["Antworte.", "Drei Sätze.", "Die Fähre."]),
        ("Is 3 <b a number? Answer.", ["Answer."]),
    ],
)
def test_rules_are_what_the_model_is_told_to_do(text, expected):
    assert rules(text) == expected


def test_one_text_of_rules_is_enough_to_know_the_language():
    assert rules_of(["You are kind.", "The ferry sails at nine. {{ x }}"]) == ["You are kind.", ""]


@pytest.mark.parametrize(
    "piece", ["{% set a %}", "<a>", '"a', '"""', "```\n", "~~~~~~~~\n~~~~~~\n", "you ", "1. "]
)
def test_any_prompt_is_read(piece):
    assert rules_of([piece * (190_000 // len(piece))])
    assert rules_of([piece * 100_000]) == [piece * 100_000]
