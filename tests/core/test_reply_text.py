from __future__ import annotations

import pytest

from fms_dgt.core.reply import TextReply
from fms_dgt.errors import Unreadable

MARKDOWN = "# Plan\n\n```python\nprint(1)\n```\n\nDone."


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("  Hello. \n", "Hello."),
        ("<think>Let me see.</think>\n\nHello.", "Hello."),
        ("Let me see.\n</think>\nHello.", "Hello."),
        ("<THINK>a</THINK>Hello. <think>b</think>Bye.", "Hello. Bye."),
        ("A model writes `<think>` first.", "A model writes `<think>` first."),
        ("```\nHello.\n```", "Hello."),
        ("```markdown\n" + MARKDOWN + "\n```", MARKDOWN),
        ("```python\nprint(1)\n```", "```python\nprint(1)\n```"),
        (MARKDOWN, MARKDOWN),
        ("```\none\n```\nand\n```\ntwo\n```", "```\none\n```\nand\n```\ntwo\n```"),
        ('"To be or not to be"', '"To be or not to be"'),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\ufeffHello.", "Hello."),
        ("half a \ud83d face, a whole 😀", "half a \ufffd face, a whole 😀"),
    ],
)
def test_what_is_read(reply, text):
    assert TextReply().read(reply) == text


@pytest.mark.parametrize(
    ("reply", "missing"),
    [
        ("", "The reply is empty."),
        (" \n\t", "The reply is empty."),
        ("```\n\n```", "The reply is empty."),
        ("<think>It may be that", "The reply has no answer after its thinking."),
        ("<think>All thought, no words.</think>\n", "The reply has no answer after its thinking."),
        ("x" * 1_000_001, "The reply is too long: it has more than 1,000,000 characters."),
    ],
)
def test_what_is_refused(reply, missing):
    with pytest.raises(Unreadable) as error:
        TextReply().read(reply)
    assert str(error.value) == missing


def test_a_text_needs_no_instructions_and_no_schema():
    assert TextReply().instructions(5, as_json=True) == ""
    assert TextReply().schema(5) is None
    assert TextReply().describe() == {"kind": "text"}


def test_a_text_that_has_to_be_whole_is_none_where_it_was_cut_off():
    assert TextReply().reading("It rains and", finish="length").cut == 1
    assert TextReply(whole=True).read("It rains.") == "It rains."
    with pytest.raises(Unreadable, match="cut off"):
        TextReply(whole=True).reading("It rains and", finish="length")
