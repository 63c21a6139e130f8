"""How many items of a reply are lost: cut off at its end, without a part, more than asked for."""

from __future__ import annotations

import pytest

from fms_dgt.core.reply import FieldsReply, JsonReply, ListReply, Reading, ScoreReply, TextReply
from fms_dgt.errors import Unreadable

LIST = ListReply("question")
PAIR = FieldsReply(("question", "answer"))
PAIRS = FieldsReply(("question", "answer"), repeated=True)

AB = ["A?", "B?"]
ONE = {"question": "A?", "answer": "B."}
TWO = [ONE, {"question": "C?", "answer": "D."}]
TAGGED = "<question>A?</question><answer>B.</answer>\n"
TWO_IN_TAGS = TAGGED + "<question>C?</question><answer>D.</answer>\n"
THOUGHT_ONLY = Unreadable("The reply has no answer after its thinking.")
NOT_ONE = Unreadable("The reply was cut off before the first <question>...</question> was complete.")

CUT_LIST = [
    ("tag", "<question>A?</question>\n<question>B", Reading(["A?"], cut=1)),
    ("between tags", "<question>A?</question>\n<question>B?</question>\n", Reading(AB)),
    ("inside a tag's name", "<question>A?</question>\n<quest", Reading(["A?"])),
    ("inside an end tag", "<question>A?</question>\n<question>B?</ques", Reading(["A?"], cut=1)),
    ("number", "1. A?\n2. B", Reading(["A?"], cut=1)),
    ("heading", "## Question 1\nA?\n## Question 2\nB", Reading(["A?"], cut=1)),
    ("bullet", "- A?\n- B", Reading(["A?"], cut=1)),
    ("label", "Question: A?\nQuestion: B", Reading(["A?"], cut=1)),
    ("table", "| question |\n|---|\n| A? |\n| B", Reading(["A?"], cut=1)),
    ("JSON", '{"items": ["A?", "B', Reading(["A?"], cut=1)),
    ("JSON in a fence", 'Sure:\n```json\n{"items": ["A?", "B', Reading(["A?"], cut=1)),
    ("JSON between entries", '{"items": ["A?", "B?",', Reading(AB)),
    ("more than asked for", "1. A?\n2. B?\n3. C?\n4. D", Reading(AB, cut=1, surplus=1)),
    (
        "first",
        "<question>A",
        NOT_ONE,
    ),
    ("while thinking", "<think>Let me", THOUGHT_ONLY),
]

CUT_PAIRS = [
    ("answer", f"{TAGGED}<question>C?</question><answer>D", Reading([ONE], cut=1)),
    ("question", f"{TAGGED}<question>C", Reading([ONE], cut=1)),
    ("between both", f"{TAGGED}<question>C?</question>\n", Reading([ONE], cut=1)),
    ("between pairs", TAGGED, Reading([ONE])),
    ("a gap, then cut", f"{TAGGED}<question>X?</question>\n<question>C", Reading([ONE], cut=1, incomplete=1)),
    ("JSON", '[{"question": "A?", "answer": "B."}, {"question": "C?", "ans', Reading([ONE], cut=1)),
    ("label", "Question: A?\nAnswer: B.\nQuestion: C?\nAnswer: D", Reading([ONE], cut=1)),
    ("table", "| question | answer |\n|---|---|\n| A? | B. |\n| C? | D", Reading([ONE], cut=1)),
    ("more than asked for", f"{TWO_IN_TAGS}\n<question>E", Reading(TWO[:2], cut=1)),
]


def reads(contract, reply, expected, **how):
    if isinstance(expected, Unreadable):
        with pytest.raises(Unreadable) as error:
            contract.reading(reply, **how)
        assert str(error.value) == str(expected)
        return
    assert contract.reading(reply, **how) == expected
    assert contract.read(reply, **how) == expected.value


def named(cases):
    return [pytest.param(*case, id=name) for name, *case in cases]


@pytest.mark.parametrize(("reply", "expected"), named(CUT_LIST))
def test_what_is_cut_off_a_list_is_counted(reply, expected):
    reads(LIST, reply, expected, finish="length", count=2)


@pytest.mark.parametrize(("reply", "expected"), named(CUT_PAIRS))
def test_what_is_cut_off_the_sets_is_counted(reply, expected):
    reads(PAIRS, reply, expected, finish="length", count=2)


LEFT_OUT = [
    ("an empty item is none", LIST, "<question>A?</question><question></question>", Reading(["A?"])),
    ("no text", LIST, '["A?", 7, {"x": 1}]', Reading(["A?"], incomplete=2)),
    ("single quotes in the middle", LIST, '["A?", "B?", \'C?\', "D?"]', Reading(AB, surplus=2)),
    ("no partner", PAIRS, f"<question>X?</question>{TAGGED}", Reading([ONE], incomplete=1)),
    ("no partner in JSON", PAIRS, '[{"question": "A?", "answer": "B."}, {"question": "C?"}]', Reading([ONE], incomplete=1)),
    ("too many", LIST, "1. A?\n2. B?\n3. C?", Reading(AB, surplus=1)),
    ("too many sets", PAIRS, TWO_IN_TAGS + TAGGED, Reading(TWO, surplus=1)),
    ("others than the first set", PAIR, TWO_IN_TAGS, Reading(ONE)),
    ("nothing", ScoreReply(1, 3), "Score: 2", Reading({"score": 2, "reason": ""})),
    ("nothing of JSON", JsonReply({"type": "object"}), '{"a": 1}', Reading({"a": 1})),
]  # fmt: skip


@pytest.mark.parametrize(("contract", "reply", "expected"), named(LEFT_OUT))
def test_what_is_left_out_is_counted(contract, reply, expected):
    reads(contract, reply, expected, count=2)


def test_a_text_that_was_cut_off_is_read_and_counted():
    assert TextReply().reading("It rains beca", finish="length") == Reading("It rains beca", cut=1)
    assert TextReply().reading("It rains.") == Reading("It rains.")
