"""The arithmetic of a text, as far as it tells the text from another."""

from __future__ import annotations

import pytest

from fms_dgt.core.expressions import differ, expressions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is 2 + 1?", ("2+1",)),
        ("What is 12 × 7?", ("12*7",)),
        ("Solve 3x = 12 and x - 4 = 1.", ("3x=12", "x-4=1")),
        ("2*(3+4)", ("2*(3+4)",)),
        ("1920 x 1080", ("1920*1080",)),
        ("Is 5 > 3?", ("5>3",)),
        ("A range of 3-5 pages, on 1/2/2020", ("3-5", "1/2/2020")),
        ("GPT-4 - a model", ()),
        ("Chapter 4 - a summary", ()),
        ("from 10:30 - 11:30", ()),
        ("<h1>a</h1> 5, C++ 17, v1.2 -> v1.3, covid-19, x + y", ()),
        ("Write a poem.", ()),
    ],
)
def test_what_an_expression_is(text, found):
    assert expressions(text).found == found


@pytest.mark.parametrize(
    ("one", "other", "same_words", "expected"),
    [
        ("2+1", "2 + 1", True, False),
        ("2+1", "2-1", True, True),
        ("2-1", "2/1", True, True),
        ("3-5 pages", "3 - 5 pages", True, False),
        ("3-5 pages", "4-6 pages", False, False),
        ("Explain 12 + 7.", "Explain 13 + 7.", False, True),
        ("Write 3 lines.", "Write 4 lines.", False, False),
    ],
)
def test_whether_two_texts_differ(one, other, same_words, expected):
    assert differ(expressions(one), expressions(other), same_words=same_words) is expected
