"""The arithmetic in a text: two texts of the same words may ask for another sum."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# signs that are written in several ways
_SAME: Final = str.maketrans("\u00d7\u00b7\u00f7\u2212\u2013\u2264\u2265", "**/--<>")
_OPERAND: Final = r"\(?-?(?:\d+(?:[.,]\d+)*[a-z]?|[a-z])(?![^\W_]|:\d)\)?"
_OPERATOR: Final = (
    r"(?:[ \t]*(?:\*\*|[<>=!]=|[+*^=<>])[ \t]*"
    # between words they are dashes
    r"|[ \t]+[-/x][ \t]+(?=[\d(-])|(?<=\d)[-/](?=\d)|(?<=[\d)])-(?=[a-z(]))"
)
_EXPRESSION: Final = re.compile(rf"(?<![\w.,:-]){_OPERAND}(?:{_OPERATOR}{_OPERAND}){{1,40}}", re.IGNORECASE)
# `3-5` may be a range, `1/2` a date
_DOUBTFUL: Final = re.compile(r"\d+(?:[-/]\d+)+")
_TIMES: Final = re.compile(r"(?<=[\d)])x(?=[\d(])")
_SIGN: Final = re.compile(r"[-+*/^=<>x\u00d7\u00b7\u00f7\u2212\u2013\u2264\u2265]", re.IGNORECASE)


class Expressions(NamedTuple):
    """The expressions of a text without their spaces, and whether one is arithmetic beyond doubt."""

    found: tuple[str, ...] = ()
    is_plain: bool = False


def expressions(text: str) -> Expressions:
    """What a text has of expressions such as `2 + 1` or `3x = 12`; each has a digit in it."""
    if not _SIGN.search(text) or not any(map(str.isdigit, text)):
        return Expressions()
    matches = [match[0] for match in _EXPRESSION.finditer(text.translate(_SAME))]
    found = [match for match in matches if any(map(str.isdigit, match))]
    bare = tuple(_TIMES.sub("*", "".join(match.split()).lower()) for match in found)
    return Expressions(bare, any(not _DOUBTFUL.fullmatch(match) for match in found))


def differ(one: Expressions, other: Expressions, *, same_words: bool) -> bool:
    """Whether two texts have other arithmetic in them.

    What may be a range or a date counts where both texts have the same words.
    """
    return one.found != other.found and (same_words or one.is_plain or other.is_plain)
