"""What holds for every reply, however it is written and wherever it is cut off."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fms_dgt.core.reply import FieldsReply, JsonReply, ListReply, ScoreReply, TextReply
from fms_dgt.errors import Unreadable

LIST = ListReply("question")
PAIR = FieldsReply(("question", "answer"))
PAIRS = FieldsReply(("question", "answer"), repeated=True)
CONTRACTS = [
    TextReply(),
    LIST,
    PAIR,
    PAIRS,
    ScoreReply(1, 3),
    ScoreReply(0, 100),
    JsonReply({"type": "object", "properties": {"items": {"type": "array", "items": {"type": "string"}}}}),
]

always = settings(max_examples=300)

PIECES = st.sampled_from(
    """<question> </question> <answer> </answer> <QUESTION> < /question <question_2> &lt;question&gt; \\<answer\\>
    [question] [/question] <think> </think> <thinking> </thinking> [THINK] <score> </score> <reason> Score: Rating:
    2 3/3 two \\boxed{2} [[1]] [RESULT] 1. 2. 1) ① **1.** - • ### Question Answer: question｜ | |---| | ``` ```json { } [ ] "items":
    ["A", , : " ' … ... first question 得分：2 １． \u200b \ufeff \ud83d <|im_end|> <|channel|> analysis final""".split()
)
GLUE = st.sampled_from(["", " ", "\n", "\n\n", "\r\n", "\t"])
MESS = st.one_of(
    st.text(max_size=80),
    st.lists(st.tuples(PIECES, GLUE), max_size=30).map(lambda all_: "".join(a + b for a, b in all_)),
)
WORDS = st.text(
    st.characters(categories=["L", "N", "Zs", "Po", "Sm"], exclude_characters="\\`*_#|<>&\"'"), max_size=30
)
SAFE = WORDS.map(lambda text: "x" + " ".join(text.split()) + "x?")
SEVERAL = st.lists(SAFE, min_size=1, max_size=5)


@always
@given(st.sampled_from(CONTRACTS), MESS, st.sampled_from(["stop", "length"]), st.sampled_from([None, 1, 3]))
def test_a_reply_is_read_or_refused_with_a_sentence(contract, reply, finish, count):
    try:
        reading = contract.reading(reply, finish=finish, count=count)
    except Unreadable as error:
        assert str(error).endswith(".")
        with pytest.raises(Unreadable):
            contract.read(reply, finish=finish, count=count)
        return
    assert contract.read(reply, finish=finish, count=count) == reading.value
    json.dumps(reading.value, allow_nan=False, ensure_ascii=False).encode()
    assert 0 <= reading.cut <= (finish == "length")
    assert reading.incomplete >= 0
    assert reading.surplus >= 0
    if isinstance(reading.value, list):
        assert 0 < len(reading.value) <= (count or len(reading.value))


def in_tags(pairs, tag="<{}>{}</{}>", between="\n"):
    return between.join(tag.format(name, text, name) for name, text in pairs)


TAGS = st.sampled_from(
    [
        "<{}>{}</{}>",
        "<{}>\n{}\n</{}>",
        "**<{}>**{}**</{}>**",
        "< {} >{}</ {} >",
        "\\<{}\\>{}\\</{}\\>",
        "<{}>{}</{}",
    ]
)
AROUND = st.sampled_from(
    [
        "{}",
        "Sure! Here they are:\n\n{}\n\nI hope this helps!",
        "<think>\nWhat about <question>no</question>?\n</think>\n\n{}",
        "Which ones? </think>\n{}",
        "Okay, I will use <question> tags.\n\n{}",
        "<question>...</question>\n{}",
        "```xml\n{}\n```",
        "Here:\n```\n{}\n```\n",
        "\u200b{}\ufeff",
        "{}<|im_end|>\n",
    ]
)
LINES = st.sampled_from(["\n", "\r\n"])
CASES = st.sampled_from(["question", "Question", "QUESTION"])


@always
@given(SEVERAL, TAGS, AROUND, LINES, CASES)
def test_a_list_in_tags_is_read_however_it_is_dressed(items, tag, around, line, name):
    reply = around.format(in_tags([(name, item) for item in items], tag)).replace("\n", line)
    assert LIST.read(reply) == items


@always
@given(
    SEVERAL,
    st.sampled_from(["{}. {}", "{}) {}", "({}) {}", "**{}.** {}", "Question {}: {}", "### Question {}\n{}"]),
)
def test_a_numbered_list_is_read_in_any_style(items, style):
    reply = "Sure!\n\n" + "\n".join(style.format(at, item) for at, item in enumerate(items, 1))
    assert LIST.read(reply) == items


@always
@given(st.lists(st.tuples(SAFE, SAFE), min_size=1, max_size=4), TAGS, AROUND)
def test_pairs_in_tags_are_read_however_they_are_dressed(pairs, tag, around):
    parts = [part for q, a in pairs for part in (("question", q), ("answer", a))]
    sets = [{"question": q, "answer": a} for q, a in pairs]
    reply = around.format(in_tags(parts, tag))
    assert PAIRS.read(reply) == sets
    assert PAIR.read(reply) == sets[0]


@always
@given(
    st.lists(st.text(min_size=1, max_size=30).map(lambda text: f"x{text}x"), min_size=1, max_size=5),
    st.booleans(),
)
def test_json_is_read_to_the_letter(items, escaped):
    reply = json.dumps({"items": items}, ensure_ascii=escaped)
    readable = [item.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for item in items]
    # written as themselves beside a mark, they are taken away before anything is read
    invisible = not escaped and set("".join(items)) & set("\u200b\u200e\u200f\u2060\ufeff")
    if readable == items and not invisible:
        assert LIST.read(reply) == items


FORMS = st.sampled_from(
    [
        lambda items: in_tags([("question", item) for item in items]),
        lambda items: "\n".join(f"{at}. {item}" for at, item in enumerate(items, 1)),
        lambda items: "\n".join(f"- {item}" for item in items),
        lambda items: "\n".join(f"### Question {at}\n{item}" for at, item in enumerate(items, 1)),
        lambda items: json.dumps({"items": items}, ensure_ascii=False),
        lambda items: "```json\n" + json.dumps(items, ensure_ascii=False, indent=1) + "\n```",
        lambda items: "| Question |\n| --- |\n" + "\n".join(f"| {item} |" for item in items),
    ]
)


@always
@given(SEVERAL, FORMS, st.floats(0, 1))
def test_what_was_cut_off_anywhere_has_whole_items_only(items, form, share):
    whole = form(items)
    reply = whole[: int(share * len(whole))]
    try:
        reading = LIST.reading(reply, finish="length")
    except Unreadable:
        return
    assert reading.value == items[: len(reading.value)]
    assert len(reading.value) + reading.cut <= len(items)
    assert reading.incomplete == 0


@always
@given(st.lists(st.tuples(SAFE, SAFE), min_size=1, max_size=4), st.floats(0, 1))
def test_pairs_that_were_cut_off_anywhere_are_whole(pairs, share):
    whole = in_tags([part for q, a in pairs for part in (("question", q), ("answer", a))])
    sets = [{"question": q, "answer": a} for q, a in pairs]
    try:
        reading = PAIRS.reading(whole[: int(share * len(whole))], finish="length")
    except Unreadable:
        return
    assert reading.value == sets[: len(reading.value)]
    assert len(reading.value) + reading.cut <= len(sets)


STYLES = st.sampled_from(
    [
        "<reason>Fine.</reason>\n<score>{}</score>",
        "Fine.\n\n**Score:** {}",
        "Fine. Rating: [[{}]]",
        '{{"reason": "Fine.", "score": {}}}',
        "Score: {}/100",
        "Final score: $\\boxed{{{}}}$",
        "得分：{}",
        "I would rate this {} out of 100.",
        "{}",
    ]
)


@always
@given(st.integers(-20, 200), STYLES)
def test_a_score_is_read_on_its_scale_and_nowhere_else(score, style):
    contract = ScoreReply(0, 100)
    reply = style.format(score)
    if 0 <= score <= 100:
        assert contract.read(reply)["score"] == score
    else:
        with pytest.raises(Unreadable):
            contract.read(reply)


@always
@given(SAFE, SAFE)
def test_no_score_is_made_of_text_without_one(first, second):
    text = "".join(char for char in f"{first}\n{second}" if not char.isnumeric())
    with pytest.raises(Unreadable):
        ScoreReply(0, 100).read(text)
