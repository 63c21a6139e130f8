"""JSON with the slips that models make: read where there is one way to read it, refused otherwise.

Read are commas too many at an end, comments, single and curly quotes, names without quotes, Python's
`True`, `False` and `None`, a comma missing at a line's end, and quotation marks inside a text. A mark inside
a text ends it only where JSON could go on behind it, and they must come in pairs: `["He said "a", "b""]`
can be read in two ways. Nothing is added or left out: a text that breaks off, `...`, NaN, a bare word and one
name with two values make it none.

The library `json-repair` is not used since it guesses: it ends broken texts, drops words and `...`, keeps the
last of two values, splits `'What's new?'` in two, and takes quadratic time.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from fms_dgt.core.reply.lazy_pattern import LazyPattern

LONGEST_REPAIR = 100_000  # characters
_DEEPEST = 50

_SPACE = LazyPattern(r"(?:[\s\ufeff]+|//[^\n]*|#[^\n]*|/\*(?:[^*]|\*(?!/)){0,1000}\*/)*+")
_NUMBER = LazyPattern(r"-?(?:0|[1-9]\d{0,300})(?:\.\d{1,300})?(?:[eE][+-]?\d{1,2})?(?![\w.+-])")
_WORD = LazyPattern(r"[^\W\d]\w{0,99}(?![\w.-])")
_WORDS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_CLOSING = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019"}
_IN_TEXT = {mark: LazyPattern(rf"\\.|[{mark}{end}]", re.DOTALL) for mark, end in _CLOSING.items()}
_OPENING = "".join(_CLOSING)
_GOES_ON = r"[\s\ufeff]{0,200}"
_KEY = rf"(?:[{_OPENING}][^{_OPENING}\n]{{1,100}}[\"'\u201d\u2019]|[^\W\d]\w{{0,99}}){_GOES_ON}:"
_COMMENT = r"(?:(?://|\#)[^\n]{0,200}\n|/\*[^*]{0,200}\*/)?"
# what may come behind a text, by the bracket that it is in
_AFTER = {
    "{": LazyPattern(
        rf"{_GOES_ON}{_COMMENT}{_GOES_ON}(?:\}}|\Z|,{_GOES_ON}{_COMMENT}{_GOES_ON}(?:\}}|\Z|{_KEY})|(?<=\s){_KEY})"
    ),
    "[": LazyPattern(
        rf"{_GOES_ON}{_COMMENT}{_GOES_ON}(?:\]|\Z|,{_GOES_ON}{_COMMENT}{_GOES_ON}"
        rf"(?:[\]\[{{\d{_OPENING}-]|\Z|(?:true|false|null|True|False|None)\b)|(?<=\n)[{_OPENING}])"
    ),
}
_TWO_TEXTS = LazyPattern(rf"\s{{1,200}}[{_OPENING}]")
_ESCAPED = LazyPattern(r'\\.|"', re.DOTALL)
_APOSTROPHE = LazyPattern(r"(?<=\w)['\u2019](?=\w)")


class BrokenJson(ValueError):
    """What is there is no JSON, or can be read in more than one way; `at` is how far it was understood."""

    def __init__(self, at: int, *, is_end: bool = False) -> None:
        super().__init__(f"broken at {at}")
        self.at = at
        self.is_end = is_end  # it breaks off where the reply ends


class _Reader:
    def __init__(self, text: str, position: int, *, open_end: bool) -> None:
        self.text = text
        self.at = position
        self.open_end = open_end
        self.depth = 0
        self.open_lists: list[list[Any]] = []
        self.element_start = position  # of the last element of the outermost open list

    def value(self, inside: str) -> Any:
        mark = self.text[self.at : self.at + 1]
        if mark in _CLOSING and mark:
            return self._string(inside)
        if mark in ("{", "["):
            self.depth += 1
            if self.depth > _DEEPEST:
                self._broken()
            value = self._object() if mark == "{" else self._array()
            self.depth -= 1
            return value
        number = _NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return json.loads(number.group())
        word = _WORD.match(self.text, self.at)
        if word and word.group() in _WORDS:
            self.at = word.end()
            return _WORDS[word.group()]
        return self._broken()

    def blanks(self) -> str:
        """Goes over blanks and comments; what stands behind them."""
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        return self.text[self.at : self.at + 1]

    def _broken(self) -> NoReturn:
        raise BrokenJson(self.at, is_end=not self.text[self.at :].strip())

    def _object(self) -> dict[str, Any]:
        value: dict[str, Any] = {}
        self.at += 1
        while (mark := self.blanks()) != "}":
            if not mark and self.open_end and value and self._is_after_value():
                return value  # only the bracket is missing
            key = self._key()
            if self.blanks() != ":":
                self._broken()
            self.at += 1
            self.blanks()
            entry = self.value("{")
            if key in value and value[key] != entry:
                self._broken()
            value[key] = entry
            self._comma("}")
        self.at += 1
        return value

    def _is_after_value(self) -> bool:
        return not self.text[: self.at].rstrip().endswith((",", "{", ":"))

    def _array(self) -> list[Any]:
        values: list[Any] = []
        self.open_lists.append(values)
        self.at += 1
        while self.blanks() != "]":
            if len(self.open_lists) == 1:
                self.element_start = self.at
            values.append(self.value("["))
            self._comma("]")
        self.at += 1
        return self.open_lists.pop()

    def _comma(self, closing: str) -> None:
        before = self.at
        mark = self.blanks()
        if mark == ",":
            self.at += 1
            return
        # a comma may be missing at a line's end, and before a name
        is_missing = "\n" in self.text[before : self.at] or (
            closing == "}" and re.match(_KEY, self.text[self.at : self.at + 300])
        )
        if mark and mark != closing and not is_missing:
            self._broken()

    def _key(self) -> str:
        mark = self.text[self.at : self.at + 1]
        if mark in _CLOSING:
            end = self.text.find(_CLOSING[mark], self.at + 1, self.at + 202)
            if end < 0:
                raise BrokenJson(self.at, is_end=len(self.text) < self.at + 202)
            key = self.text[self.at + 1 : end]
            self.at = end + 1
            return _decoded(key)
        word = _WORD.match(self.text, self.at)
        if word is None:
            self._broken()
        self.at = word.end()
        return word.group()

    def _string(self, inside: str) -> str:
        opening = self.text[self.at]
        closing = _CLOSING[opening]
        start, inner = self.at + 1, 0
        for mark in _IN_TEXT[opening].finditer(self.text, start):
            at = mark.start()
            if mark.group().startswith("\\"):
                continue
            if mark.group() == closing and _AFTER[inside].match(self.text, at + 1):
                self.at = at + 1
                if inner % 2:
                    raise BrokenJson(start)
                return _decoded(self.text[start:at])
            if mark.group() == closing and _TWO_TEXTS.match(self.text, at + 1) and inner % 2 == 0:
                raise BrokenJson(start)
            if not _APOSTROPHE.match(self.text, at):
                inner += 1
        raise BrokenJson(start, is_end=inner % 2 == 0)


def _decoded(text: str) -> str:
    """A JSON text without its quotation marks; in single quotes others need no backslash."""
    decoded: str = json.loads(f'"{_ESCAPED.sub(_escape, text)}"', strict=False)
    decoded.encode()
    return decoded


def _escape(mark: re.Match[str]) -> str:
    return {"\\'": "'", '"': '\\"'}.get(mark.group(), mark.group())


def repaired(text: str, position: int, *, open_end: bool = False) -> tuple[Any, int]:
    """The value at `position`, and where it ends. Raises BrokenJson.

    `open_end` allows closing braces to be missing where the text ends.
    """
    if len(text) > LONGEST_REPAIR:
        raise BrokenJson(position)
    reader = _Reader(text, position, open_end=open_end)
    try:
        return reader.value("["), reader.at
    except BrokenJson:
        raise
    except (ValueError, RecursionError) as error:
        raise BrokenJson(reader.at) from error


def elements(text: str, position: int) -> tuple[list[Any], bool]:
    """The whole elements of the list at `position`, and whether another one breaks off at the text's end.

    None where it is broken elsewhere: what follows may belong to an element.
    """
    if len(text) > LONGEST_REPAIR:
        return [], False
    reader = _Reader(text, position, open_end=False)
    try:
        return list(reader.value("[")), False
    except BrokenJson as error:
        if not error.is_end or not reader.open_lists:
            return [], False
        return reader.open_lists[0], bool(text[reader.element_start :].strip())
    except (ValueError, RecursionError):
        return [], False
