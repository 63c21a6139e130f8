r"""Patterns of a schema in the part of them that llama.cpp turns into a grammar.

It knows whole texts alone (`^...$`), no classes such as `\d`, and writes what matches into the JSON as it
is: a quotation mark, a backslash or a line break would break it. What it does not know it leaves open, with a
warning on the terminal; so that is left out here. Fewer texts than a pattern has are fine, others are not.
"""

from __future__ import annotations

from typing import Final

# within a text of JSON, these are written as escapes alone
_MARKS: Final = ('"', "\\")
_NO_MARKS: Final = '"\\\\\\x00-\\x1F'
_CLASSES: Final = {"d": "0-9", "w": "0-9A-Za-z_", "s": " "}
_SIGNS: Final = frozenset(".+*?()[]{}|$^-/:;,=!@#%&~'<>_ ")
LONGEST: Final = 500


class _Unknown(ValueError):
    """Something that llama.cpp does not know."""


def known_pattern(pattern: str) -> str | None:
    """The pattern, or one for some of its texts, as llama.cpp knows it; None where there is none."""
    if len(pattern) > LONGEST or not pattern.startswith("^") or not pattern.endswith("$") or pattern == "^":
        return None
    try:
        return f"^{''.join(_Pattern(pattern[1:-1]).parts())}$"
    except (_Unknown, IndexError):
        return None


class _Pattern:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parts(self) -> list[str]:
        depth, parts = 0, []
        while self._at < len(self._text):
            char = self._taken()
            depth += {"(": 1, ")": -1}.get(char, 0)
            if char == "|" and depth == 0:
                # the signs for the ends are for one side each
                raise _Unknown(char)
            parts.append(self._part(char))
        return parts

    def _taken(self) -> str:
        char = self._text[self._at]
        self._at += 1
        return char

    def _next_is(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _part(self, char: str) -> str:
        if char == "\\":
            return self._escape()
        if char == "[":
            return self._set()
        if char == ".":
            return f"[^{_NO_MARKS}]"
        if char == "(":
            if self._text.startswith("?", self._at) and not self._next_is("?:"):
                raise _Unknown(char)
            return char
        if char in "^$" or char in _MARKS or not char.isprintable():
            raise _Unknown(char)
        return char

    def _escape(self) -> str:
        letter = self._taken()
        if letter in _CLASSES:
            return f"[{_CLASSES[letter]}]"
        if letter not in _SIGNS:
            raise _Unknown(letter)
        return f"\\{letter}" if letter in ".+*?()[]{}|$^" else letter

    def _set(self) -> str:
        is_other = self._next_is("^")
        parts: list[str] = []
        while self._at < len(self._text):
            if not parts and self._next_is("]"):
                parts.append("\\]")
            elif self._next_is("]"):
                return f"[^{''.join(parts)}{_NO_MARKS}]" if is_other else f"[{''.join(parts)}]"
            else:
                parts.append(self._range(is_other=is_other))
        raise _Unknown("[")

    def _range(self, *, is_other: bool) -> str:
        first = self._taken()
        if first == "\\":
            letter = self._taken()
            if letter in _CLASSES:
                # all that `\s` is, and not the blank alone, must be kept out of the others
                if letter == "s" and is_other:
                    raise _Unknown(letter)
                return _CLASSES[letter]
            if letter not in _SIGNS:
                raise _Unknown(letter)
            first = letter
        elif first == "[" or first in _MARKS or not first.isprintable():
            raise _Unknown(first)
        is_range = self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at)
        if not is_range:
            return _in_set(first)
        self._at += 1
        last = self._taken()
        if last in "\\[" or last < first or not last.isprintable():
            raise _Unknown(last)
        if any(first <= mark <= last for mark in _MARKS) and not is_other:
            return _without_marks(first, last)
        return f"{_in_set(first)}-{_in_set(last)}"


def _in_set(char: str) -> str:
    return f"\\x{ord(char):02X}" if char in "]^-\\" else char


def _without_marks(first: str, last: str) -> str:
    """A range less the signs that JSON cannot have in a text."""
    ends, low = [], first
    for mark in sorted(_MARKS):
        if low <= mark <= last:
            ends.extend([(low, chr(ord(mark) - 1))] if low < mark else [])
            low = chr(ord(mark) + 1)
    ends.extend([(low, last)] if low <= last else [])
    return "".join(_in_set(low) if low == high else f"{_in_set(low)}-{_in_set(high)}" for low, high in ends)
