"""No reply, however odd or long, does anything but give a value or raise Unreadable."""

from __future__ import annotations

import json
import random

import pytest

from fms_dgt.core.reply import FieldsReply, JsonReply, ListReply, ScoreReply, TextReply
from fms_dgt.errors import Unreadable

CONTRACTS = {
    "text": TextReply(),
    "list": ListReply("question"),
    "fields": FieldsReply(("question", "answer")),
    "repeated": FieldsReply(("question", "answer"), repeated=True),
    "score": ScoreReply(1, 3),
    "json": JsonReply(
        {"type": "object", "properties": {"items": {"type": "array", "items": {"type": "string"}}}}
    ),
}
VALID = (
    '<question>What is it?</question>\n<question>Why "that"?</question>\n<answer>So.</answer>',
    "<reason>Fine.</reason>\n<score>2</score>",
    "**Rating:** 2/3\nExplanation: good",
    '{"items": [{"question": "A", "answer": "B"}, "C", 4], "score": 2}',
    "### Question 1:\nWhat?\n\n### Question 2:\nWhy?\n\nBye!",
    "Sure: 1. What? 2. Why?\n- one\n- two",
    '<think>Hm.</think>\n```json\n["A", "B"]\n```',
    "Question: A?\nAnswer: B.\n---\n**Question:** C?\n**Answer:** D.",
)
SNIPPETS = (
    *"<>/*`\"'{}[]()#-.:,\n\t 012é…\\\ud800\0",
    "```",
    "<think>",
    "</think>",
    "<question>",
    "</answer>",
    "<score>",
    "Rating:",
    "\n1. ",
    '{"a":',
    "\\ud800",
    "1e999",
    "NaN",
    "9" * 30,
)


def mutated(dice):
    text = dice.choice(VALID)
    for _ in range(dice.randrange(1, 8)):
        at, length = dice.randrange(len(text) + 1), dice.choice((0, 0, 1, 3, 10))
        text = text[:at] + dice.choice((*SNIPPETS, "", dice.choice(VALID))) + text[at + length :]
    return text


def outcome(contract, text, **how):
    try:
        return contract.read(text, **how)
    except Unreadable as error:
        assert str(error).endswith(".")
        return None


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_mutated_reply_is_read_or_refused(name):
    dice = random.Random(name)
    for _ in range(2_000):
        how = {"finish": dice.choice(("stop", "length")), "count": dice.choice((None, 1, 3))}
        value = outcome(CONTRACTS[name], mutated(dice), **how)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        if name in ("list", "repeated") and value is not None:
            assert 0 < len(value) <= (how["count"] or len(value))


def some_text(dice):
    letters = "abc XYZ éß 日本 0123 .,;:?!-+=%&()[]{}#*_\\/|~ \n\t"
    return "x" + "".join(dice.choice(letters) for _ in range(dice.randrange(60))) + "x"


def in_tags(*parts):
    return "\n".join(f"<{name}>{text}</{name}>" for name, text in parts)


def test_what_stands_in_tags_comes_back_as_it_was():
    dice = random.Random(2)
    for _ in range(500):
        texts = [some_text(dice) for _ in range(4)]
        assert CONTRACTS["list"].read(in_tags(*(("question", text) for text in texts))) == texts
        sets = [{"question": texts[0], "answer": texts[1]}, {"question": texts[2], "answer": texts[3]}]
        reply = in_tags(*(item for one in sets for item in one.items()))
        assert CONTRACTS["repeated"].read(reply) == sets
        assert CONTRACTS["fields"].read(reply) == sets[0]
        judged = CONTRACTS["score"].read(in_tags(("reason", texts[0]), ("score", "3")))
        assert judged == {"score": 3, "reason": texts[0]}


FILLERS = (
    "<",
    "<question>",
    "<question ",
    "</question>",
    "<question>a\n",
    "<score>1</score>",
    "<think>",
    "</think>",
    "1. ",
    "1. a\n",
    "? 1. b",
    "- a\n",
    "\n",
    " ",
    "*",
    "`",
    "```\n",
    "{",
    '{"a":',
    "[",
    "[1,",
    '{"a":1}',
    "Rating: ",
    "Rating: 1 ",
    "if the score is 2 ",
    "Question: a\nAnswer: b\n",
    "#",
    "2",
    '"',
    "\\ud800",
    "\ud800",
    "...",
)


@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize("size", [1_000_000, 10_000_000], ids=["1 MB", "10 MB"])
def test_a_huge_reply_is_read_or_refused(filler, size):
    # a pattern that backtracks would not come back from this
    for contract in CONTRACTS.values():
        outcome(contract, (filler * (size // len(filler) + 1))[:size], count=5)
