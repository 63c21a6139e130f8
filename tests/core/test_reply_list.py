from __future__ import annotations

import pytest

from fms_dgt.core.reply import ListReply
from fms_dgt.errors import Unreadable

QUESTIONS = ListReply("question")


@pytest.mark.parametrize(
    "reply",
    [
        "<question>A?</question>\n<question>B?</question>",
        "<question>A?</question><question>B?</question> Enjoy!",
        "<Question>\nA?\n</Question>\n\n<QUESTION >B?</QUESTION>",
        '<question id="1">A?</question><question id="2">B?</question>',
        "**<question>**A?**</question>**\n`<question>`B?`</question>`",
        '<question>**A?**</question><question>"B?"</question>',
        "I will use <question> tags.\n\n<question>A?</question>\n<question>B?</question>",
        "<question>...</question>\n<question>A?</question><question></question><question>B?</question>",
        "1. <question>A?</question>\n2. <question>B?</question>",
        "<question>A?\n<question>B?",
        "<question>A?<question/>\n<question>B?<question/>",
        "```xml\n<question>A?</question>\n<question>B?</question>\n```",
        "Which ones?</think><question>A?</question><question>B?</question>",
    ],
)
def test_tags(reply):
    assert QUESTIONS.read(reply) == ["A?", "B?"]


@pytest.mark.parametrize(
    "reply",
    [
        "### Question 1:\nA?\n\n### Question 2:\nB?",
        "**Question 1:** A?\n**Question 2:** B?",
        "**Question 1: A?**\n**Question 2: B?**",
        "**Question 1**\nA?\n\n**Question 2**\nB?",
        "Question 1. A?\nQuestion 2. B?",
        "Question #1: A?\nQuestion #2: B?",
        "Q1: A?\nQ2: B?",
        "Sure! Here are two questions:\n\n1. A?\n2. B?",
        "1) A?\n2) B?",
        "(1) A?\n(2) B?",
        "**1.** A?\n**2.** B?",
        '1. **A?**\n2. "B?"',
        "  1. A?\n  2. B?",
        "1\\. A?\n2\\. B?",
        "1. A?\n1. B?",
        "1. A?\n2. B?\n\nI hope these help! Let me know.",
        "```\n1. A?\n2. B?\n```",
        "Here they are:\n```\n1. A?\n2. B?\n```\nEnjoy!",
        "1. A? 2. B?",
        "Sure! Here they are: 1. A? 2. B?",
        "Question 1: A? Question 2: B?",
        "- A?\n- B?",
        "Of course:\n\n* A?\n* B?\n\nAnything else?",
        "• A?\n• B?",
    ],
)
def test_numbers_headings_and_bullets(reply):
    assert QUESTIONS.read(reply) == ["A?", "B?"]


@pytest.mark.parametrize(
    "reply",
    [
        '{"items": ["A?", "B?"]}',
        '["A?", "B?"]',
        '{"questions": ["A?", "B?"], "n": 2}',
        '[{"question": "A?", "id": 1}, {"question": "B?", "id": 2}]',
        '```json\n{"items": ["A?", "B?"]}\n```',
        'Here is the JSON:\n```json\n["A?", "B?"]\n```\nEnjoy!',
        '{"items": ["A?", "B?", "C',
        '["A?", "B?",]',
        '{"hints": ["x"], "items": ["A?", "B?"]}',
    ],
)
def test_json(reply):
    assert QUESTIONS.read(reply) == ["A?", "B?"]


@pytest.mark.parametrize(
    "reply",
    [
        "Sure! Here are five questions:",
        "What is a river?",
        "I cannot write <question> items.",
        "<question>...</question>",
        "<question>…</question><question> </question>",
        "Step 1: think of a subject.\nStep 2: write.",
        "[1, 2, 3]",
        '{"note": "none"}',
        "In version 2. there were 3. of them",
    ],
)
def test_what_has_no_item(reply):
    with pytest.raises(Unreadable, match="The reply has no <question>...</question> with text in it."):
        QUESTIONS.read(reply)


@pytest.mark.parametrize(
    ("reply", "items"),
    [
        ("<question>A?</question>\n<question>B", ["A?"]),
        ("### Question 1:\nA?\n### Question 2:\nB", ["A?"]),
        ("1. A?\n2. B", ["A?"]),
        ("1. A? 2. B", ["A?"]),
        ("- A?\n- B", ["A?"]),
        ('{"items": ["A?", "B', ["A?"]),
    ],
)
def test_a_cut_off_last_item_is_dropped(reply, items):
    assert QUESTIONS.read(reply, finish="length") == items


@pytest.mark.parametrize("reply", ["<question>What is", "<question>Do this:\n1. first\n2. sec", "1. What is"])
def test_a_cut_off_only_item_leaves_nothing(reply):
    with pytest.raises(
        Unreadable, match="was cut off before the first <question>...</question> was complete"
    ):
        QUESTIONS.read(reply, finish="length")


@pytest.mark.parametrize(
    ("reply", "items"),
    [
        ("<question>\nA\n\nB\n</question>", ["A\n\nB"]),
        ("### Question 1:\nSort:\n1. b\n2. a\n\n### Question 2:\nB?", ["Sort:\n1. b\n2. a", "B?"]),
        ("1. Sort:\n   1. b\n   2. a\n2. B?", ["Sort:\n   1. b\n   2. a", "B?"]),
        ("1. Fix:\n```\n1. x\n```\n2. B?", ["Fix:\n```\n1. x\n```", "B?"]),
        ("1. A\n\na\n\n2. B\n\nb", ["A\n\na", "B\n\nb"]),
        ("- A\n  - a\n- B", ["A\n  - a", "B"]),
        ("1. Which is right: 1. or 2. of these?", ["Which is right: 1. or 2. of these?"]),
        ('<question>"A" or "B"?</question>', ['"A" or "B"?']),
        ("<question>**A** or **B**</question>", ["**A** or **B**"]),
        ("<question>Is <b>it</b> 1 < 2?</question>", ["Is <b>it</b> 1 < 2?"]),
        ("### Question 1:\nA\n\nstill A", ["A\n\nstill A"]),
    ],
)
def test_what_belongs_to_an_item_stays_in_it(reply, items):
    assert QUESTIONS.read(reply) == items


def test_more_than_asked_for_is_cut_and_duplicates_are_not():
    assert QUESTIONS.read("1. A\n2. A\n3. B", count=2) == ["A", "A"]


def test_any_word_may_number_plain_items():
    assert ListReply().read("Idea 1: A\nIdea 2: B") == ["A", "B"]


def test_instructions_say_the_tag_and_the_number():
    assert QUESTIONS.instructions(5, as_json=False) == (
        "Write each question between <question> and </question>, exactly 5 of them, one after the other, "
        "and nothing else."
    )
    assert "exactly" not in QUESTIONS.instructions(None, as_json=False)
    assert "each" not in QUESTIONS.instructions(1, as_json=False)
    assert QUESTIONS.instructions(5, as_json=True) == (
        "Reply with one JSON object and nothing else. "
        'Its key "items" is a list of exactly 5 texts, each of them one question.'
    )


def test_schema():
    assert QUESTIONS.schema(5) == {
        "type": "object",
        "properties": {"items": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 5}},
        "required": ["items"],
        "additionalProperties": False,
    }
    assert "maxItems" not in QUESTIONS.schema(None)["properties"]["items"]
