"""Signs that count without digits: circled and keycap numbers, Chinese ones, letters and Roman numerals."""

from __future__ import annotations

import re

from fms_dgt.core.reply.lazy_pattern import LazyPattern
from fms_dgt.core.reply.parts import LEAD

_FIRSTS = "①⑴⒈❶➀➊⓵"
_HOW_MANY = {"①": 20, "⑴": 20, "⒈": 20, "❶": 10, "➀": 10, "➊": 10, "⓵": 10}
_SIGNS = {chr(ord(first) + at): at + 1 for first in _FIRSTS for at in range(_HOW_MANY[first])}
_SIGNS |= {"\U0001f51f": 10}
_CHINESE = {sign: at + 1 for at, sign in enumerate("一二三四五六七八九十")}
_SIGN = LazyPattern(
    rf"^({LEAD})(?:([{''.join(_SIGNS)}])|((?:[0-9]\ufe0f?\u20e3){{1,3}})|([一二三四五六七八九十])(?=[、.\uff0e)\uff09]))"
    r"[.):、\uff0e\uff09]?[ \t]{0,4}",
    re.MULTILINE,
)
_LETTER = LazyPattern(
    rf"^(?P<before>{LEAD})(?P<sign>[a-zA-Z]|[ivxIVX]{{1,5}})(?P<tail>[.):]|\)\.)(?=[ \t*_])", re.MULTILINE
)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv")
_QUESTION = LazyPattern(r"[?\uff1f][*_\"' \t]{0,4}\s{0,100}\Z")


def in_digits(text: str) -> str:
    """`text` with `1.` for `①`, `1️⃣`, `一、` and their like at the start of a line."""
    return text if text.isascii() else _SIGN.sub(_number, text)


def _number(found: re.Match[str]) -> str:
    sign, keycaps, chinese = found[3], found[4], found[5]
    number = _SIGNS.get(sign or "") or _CHINESE.get(chinese or "")
    if keycaps:
        number = int("".join(char for char in keycaps if char.isdigit()))
    return f"{found[1]}{number}. "


def letters_in_digits(text: str) -> str:
    """`text` with `1.` for `a)` or `I.` at the start of a line, where two or more count on from the first.

    Right behind a question they are its choices: the text stays as it is.
    """
    marks = list(_LETTER.finditer(text))
    alike = [mark for mark in marks if mark["tail"] == marks[0]["tail"]]
    if len(alike) <= 1 or _QUESTION.search(text[max(0, alike[0].start() - 120) : alike[0].start()]):
        return text
    signs = [mark["sign"] for mark in alike]
    if signs[0].lower() not in ("a", "i") or len({sign.isupper() for sign in signs}) > 1:
        return text
    roman = signs[0].lower() == "i"
    expected = _ROMAN if roman else [chr(ord("a") + at) for at in range(26)]
    if [sign.lower() for sign in signs] != list(expected[: len(signs)]):
        return text
    pieces, position = [], 0
    for number, mark in enumerate(alike, 1):
        pieces += [text[position : mark.start()], f"{mark['before']}{number}."]
        position = mark.end()
    return "".join((*pieces, text[position:]))
