"""Text in lines of a given width, measured in cells of a monospaced font."""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "\u2026"
_UNWRITABLE = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# where a long name may be broken: behind what joins its parts
_PARTS = re.compile(r"[^_\-./:,]*[_\-./:,]*")


def writable(text: str) -> str:
    """A text with a replacement for what neither XML nor UTF-8 can hold."""
    return _UNWRITABLE.sub("\ufffd", text)


def cells(text: str) -> int:
    """How many cells a text takes: two for a wide character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def wrapped(text: str, width: int, most: int) -> list[str]:
    """`text` in at most `most` lines of `width` cells; where it does not fit, it ends with an ellipsis."""
    lines = [""]
    for part in _pieces(" ".join(text.split()), width):
        if lines[-1] and cells((lines[-1] + part).rstrip()) > width:
            lines.append("")
        lines[-1] += part if lines[-1] else part.lstrip()
    lines = [line.rstrip() for line in lines]
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], _cut(lines[most - 1] + ELLIPSIS, width)]


def _pieces(text: str, width: int) -> list[str]:
    """The words, each with the space behind it; one that is too long for a line, in parts."""
    pieces: list[str] = []
    for word in text.split(" "):
        parts = [word] if cells(word) <= width else _PARTS.findall(word)
        pieces.extend(piece for part in parts for piece in _cells_of(part, width))
        pieces.append(" ")
    return [piece for piece in pieces[:-1] if piece]


def _cells_of(part: str, width: int) -> list[str]:
    pieces = [""]
    for character in part:
        if cells(pieces[-1] + character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _cut(text: str, width: int) -> str:
    while cells(text) > width:
        text = text[:-2] + ELLIPSIS
    return text
