"""WizardLM's elimination, as far as it needs no model."""

from __future__ import annotations

import pytest

from fms_dgt.builders.evol_instruct.elimination import (
    PROMPT_WORDS,
    check_answer,
    check_instruction,
    check_response,
)
from fms_dgt.errors import Rejected

PARENT = "Why is the sky blue?"
NOTHING = "only stop words and punctuation"
REFUSAL = "a refusal"


def why(check, *given) -> str:
    try:
        check(*given)
    except Rejected as rejected:
        assert rejected.evidence
        return rejected.reason
    return ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Why is the sky blue at noon and red at dusk?", ""),
        (" why  is the SKY blue?", "same as its parent"),
        ("...", NOTHING),
        ("And so, with the... of?", NOTHING),
        ("Sorry", REFUSAL),
        ("Sorry, I cannot do that.", REFUSAL),
        ("I'm sorry, but this is not possible.", REFUSAL),
        ("I\u2019m very sorry.", REFUSAL),
        ("We are sorry to say no.", REFUSAL),
        ("As an AI, I do not rewrite.", REFUSAL),
        ("I can't help with that.", REFUSAL),
        ("I cannot write that.", REFUSAL),
        ("Write a letter that says sorry to a neighbour.", ""),
        ("Sorry " + "is the hardest word of all to say " * 10, ""),
        ("I can swim 40 metres in a minute. How far in an hour?", ""),
        ("I can't sleep. What can I do?", ""),
        ("As an AI researcher, explain attention.", ""),
        ("As an AI language model I have no view.", REFUSAL),
        ("空はなぜ青い?", ""),
        ("Что это?", ""),
        ("42?", ""),
        ("#Rewritten Prompt#: Why is the sky blue at noon?", "copies words of the prompt"),
        ("Make the Given  Prompt harder.", "copies words of the prompt"),
    ],
)
def test_evolved_instructions(text, reason):
    assert why(check_instruction, text, PARENT, PROMPT_WORDS) == reason


@pytest.mark.parametrize("words", PROMPT_WORDS)
def test_words_of_the_prompt_are_a_fault_unless_the_parent_has_them(words):
    text = f"Explain how the {words} differs from this one."
    assert why(check_instruction, text, PARENT, PROMPT_WORDS) == "copies words of the prompt"
    assert why(check_instruction, text, f"What is a {words.upper()}?", PROMPT_WORDS) == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Air scatters blue light.", ""),
        ("Sorry, I do not know.", "says 'sorry' and is short"),
        ("I am SORRY to hear that.", "says 'sorry' and is short"),
        ("word " * 78 + "sorry", "says 'sorry' and is short"),
        ("word " * 79 + "sorry", ""),
        ("A sorrysome tale.", ""),
        ("?!", NOTHING),
        ("of the", NOTHING),
        # answers that are one
        ("No.", ""),
        ("A", ""),
        ("7", ""),
        ("Да.", ""),
    ],
)
def test_answers(text, reason):
    assert why(check_answer, text, ["sorry"]) == reason
    if text != "Air scatters blue light.":
        assert why(check_response, text, "Air scatters blue light.", PROMPT_WORDS, ["sorry"]) == reason


def test_words_of_refusal_can_be_ones_own():
    assert why(check_answer, "Das tut mir leid.", ["tut mir leid"]) == "says 'tut mir leid' and is short"
    assert why(check_answer, "非常抱歉,我不知道。", ["抱歉"]) == "says '抱歉' and is short"
    assert why(check_answer, "Sorry.", []) == ""


def test_an_evolved_answer_is_not_its_parent():
    assert why(check_response, "Air.", "air.", PROMPT_WORDS, ["sorry"]) == "same as its parent"
