from __future__ import annotations

import pytest

from fms_dgt.core.reply import FieldsReply
from fms_dgt.errors import Unreadable

PAIR = FieldsReply(["question", "answer"])
PAIRS = FieldsReply(["question", "answer"], repeated=True)


def pair(question, answer):
    return {"question": question, "answer": answer}


@pytest.mark.parametrize(
    "reply",
    [
        "<question>A?</question>\n<answer>B.</answer>",
        "Here:\n**<Question>**A?**</Question>**\n<ANSWER>\nB.\n</ANSWER>\nEnjoy!",
        "<answer>B.</answer><question>A?</question>",
        "<question>A?\n<answer>B.",
        "<question>...</question><answer>...</answer>\n<question>A?</question><answer>B.</answer>",
        "<question>A?</question><answer>B.</answer><question>C?</question><answer>D.</answer>",
        '{"answer": "B.", "Question": "A?"}',
        '[{"question": "A?", "answer": "B."}]',
        'Sure:\n```json\n{"question": "A?", "answer": "B."}\n```',
        "Question: A?\nAnswer: B.",
        "Sure!\n\n**Question:** A?\n\n**Answer:** B.",
        "**Question: A?**\n**Answer:** B.",
        "### Question\nA?\n\n### Answer\nB.",
        "[Question]\nA?\n[Answer]\nB.",
        "1. Question: A?\n   Answer: B.",
    ],
)
def test_one_set(reply):
    assert PAIR.read(reply) == pair("A?", "B.")
    assert list(PAIR.read(reply)) == ["question", "answer"]


@pytest.mark.parametrize(
    ("reply", "missing"),
    [
        ("<question>A?</question>", "The reply has no <answer>...</answer> with text in it."),
        (
            "<question>A?</question><answer></answer>",
            "The reply has no <answer>...</answer> with text in it.",
        ),
        (
            "<question>A?</question><answer>...</answer>",
            "The reply has no <answer>...</answer> with text in it.",
        ),
        ('{"question": "A?"}', "The reply has no <answer>...</answer> with text in it."),
        ('{"question": "A?", "answer": null}', "The reply has no <answer>...</answer> with text in it."),
        ("Answer: B.", "The reply has no <question>...</question> with text in it."),
        ("A?", "The reply has no <question>...</question> and <answer>...</answer> with text in it."),
        ("Questionable: yes. Answering: no.", "The reply has no <question>...</question> and"),
    ],
)
def test_an_incomplete_set_is_named(reply, missing):
    with pytest.raises(Unreadable) as error:
        PAIR.read(reply)
    assert str(error.value).startswith(missing)


@pytest.mark.parametrize(
    "reply",
    [
        "<question>A?</question><answer>B.</answer><question>C?</question><answer>D.</answer>",
        "<question>A?\n<answer>B.\n<question>C?\n<answer>D.",
        '{"items": [{"question": "A?", "answer": "B."}, {"question": "C?", "answer": "D."}]}',
        '{"items": [{"question": "A?", "answer": "B."}, {"question": "C?", "answer": "D."}, {"quest',
        "Question: A?\nAnswer: B.\n\nQuestion: C?\nAnswer: D.",
        "Question 1: A?\nAnswer 1: B.\n---\nQuestion 2: C?\nAnswer 2: D.",
        "### Pair 1\n**Question:** A?\n**Answer:** B.\n\n### Pair 2\n**Question:** C?\n**Answer:** D.",
        "1. **Question:** A?\n   **Answer:** B.\n2. **Question:** C?\n   **Answer:** D.",
    ],
)
def test_several_sets(reply):
    assert PAIRS.read(reply) == [pair("A?", "B."), pair("C?", "D.")]


def tags(letters):
    """`q1 a1 q2` as a reply in tags."""
    names = {"q": "question", "a": "answer"}
    return "".join(f"<{names[word[0]]}>{word}</{names[word[0]]}>" for word in letters.split())


@pytest.mark.parametrize(
    ("parts", "sets"),
    [
        ("q1 a1 a2 q3 a3", [("q1", "a1"), ("q3", "a3")]),
        ("q1 q2 a2", [("q2", "a2")]),
        ("q1 a1 q2", [("q1", "a1")]),
        ("a1 q1 a2 q2", [("q1", "a1"), ("q2", "a2")]),
    ],
)
def test_nothing_is_paired_across_a_gap(parts, sets):
    assert PAIRS.read(tags(parts)) == [pair(question, answer) for question, answer in sets]


def test_two_possible_pairings_are_refused():
    with pytest.raises(
        Unreadable, match="unclear which tags belong together; keep to this order: <question>, <answer>"
    ):
        PAIRS.read(tags("a0 q1 a1 q2 a2"))


@pytest.mark.parametrize(
    "reply",
    [
        "<question>A?</question><answer>B.</answer><question>C?</question>\n<answer>D",
        "Question: A?\nAnswer: B.\nQuestion: C?\nAnswer: D",
        '[{"question": "A?", "answer": "B."}, {"question": "C?", "answer": "D',
    ],
)
def test_a_cut_off_set_is_left_out(reply):
    assert PAIRS.read(reply, finish="length") == [pair("A?", "B.")]


def test_a_cut_off_only_set_says_so():
    with pytest.raises(Unreadable, match="was cut off before <answer>...</answer> was complete"):
        PAIR.read("<question>A?</question>\n<answer>B", finish="length")


def test_a_tag_that_is_talked_about_is_no_tag():
    reply = "<question>What does the <answer> tag do?</question><answer>It holds the answer.</answer>"
    assert PAIR.read(reply) == pair("What does the <answer> tag do?", "It holds the answer.")


def test_names_may_be_spelt_with_blanks():
    assert FieldsReply(["final_answer"]).read("**Final Answer:** 4") == {"final_answer": "4"}
    assert FieldsReply(["final_answer"]).read('{"final answer": 4}') == {"final_answer": "4"}


def test_more_sets_than_asked_for_are_cut():
    assert PAIRS.read(tags("q1 a1 q2 a2"), count=1) == [pair("q1", "a1")]


@pytest.mark.parametrize("names", [[], ["a", "a"], ["final answer", "Final_Answer"]])
def test_names_must_differ(names):
    with pytest.raises(ValueError, match="field"):
        FieldsReply(names)


def test_instructions():
    pair = "the question between <question> and </question>, then the answer between <answer> and </answer>"
    assert PAIR.instructions(None, as_json=False) == f"Write {pair}, and nothing else."
    assert PAIRS.instructions(3, as_json=False) == f"Write {pair}, 3 times, and nothing else."
    assert PAIRS.instructions(3, as_json=True) == (
        'Reply with one JSON object and nothing else. Its key "items" is a list of exactly 3 objects; '
        'each object has the keys "question" and "answer", each with all of its text.'
    )
    assert PAIR.instructions(None, as_json=True).endswith(
        'It has the keys "question" and "answer", each with all of its text.'
    )


@pytest.mark.parametrize("contract", [PAIR, PAIRS, FieldsReply(["text"])])
@pytest.mark.parametrize("count", [None, 1, 4])
@pytest.mark.parametrize("as_json", [True, False])
def test_the_form_has_no_placeholder_to_hand_back(contract, count, as_json):
    text = contract.instructions(count, as_json=as_json)
    assert "..." not in text
    assert text.count("JSON") == as_json


def test_schema():
    one = PAIR.schema(None)
    assert one["required"] == ["question", "answer"]
    assert one["additionalProperties"] is False
    items = PAIRS.schema(3)["properties"]["items"]
    assert items == {"type": "array", "items": one, "minItems": 1, "maxItems": 3}
