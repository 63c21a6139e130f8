"""Prompts that ask in words for marks around the parts of a reply: the simulated model writes them."""

from __future__ import annotations

from random import Random

import pytest

from fms_dgt.generators.simulated.marks import reply_in_marks

JUDGE = """Put the reason between [Start of Reason] and [End of Reason], then the score.
[Start of Reason]
It fits.
[End of Reason]
[Start of Score]
2
[End of Score]
"""


@pytest.mark.parametrize(
    ("prompt", "reply"),
    [
        (JUDGE, "[Start of Reason]\n<Reason>\n[End of Reason]\n[Start of Score]\n2\n[End of Score]"),
        ("Write it between [Q] and [/Q].", "[Q]\n<Q>\n[/Q]"),
        ("[Start of Answer] YES [End of Answer]", "[Start of Answer]\nYES\n[End of Answer]"),
        (
            "[QUESTION] a [ANSWER] b [END]",
            "[QUESTION]\n<question>\n[ANSWER]\n<answer>\n[END]\n[QUESTION]\n<question>\n[ANSWER]\n<answer>\n[END]",
        ),
        ("[Question]\n[Answer]", "[Question]\n<question>\n[Answer]\n<answer>\n[Question]\n<question>\n[Answer]\n<answer>"),
        ("No marks, a list[0], and [Start of Nothing] that never ends.", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_reply_has_the_marks_that_its_prompt_speaks_of(prompt, reply):
    assert reply_in_marks(prompt, Random(0), lambda name: f"<{name}>") == reply


def test_labels_are_those_that_the_prompt_shows():
    prompt = JUDGE + JUDGE.replace("\n2\n", "\n0\n")
    random = Random(0)
    replies = {reply_in_marks(prompt, random, str.upper) for _ in range(50)}
    assert len(replies) == 2


def test_a_long_prompt_takes_no_long_time():
    assert reply_in_marks("[Start of A" * 20_000 + "[End of A]" * 20_000, Random(0), str.upper) == ""
