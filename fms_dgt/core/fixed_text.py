"""The text of a template that stands in every prompt made of it."""

from __future__ import annotations

_OPEN, _CLOSE = "{", {"{": "}}", "%": "%}", "#": "#}"}


def fixed_pieces(text: str) -> list[str]:
    """What stands between a template's expressions, statements and comments; blank pieces left out."""
    pieces: list[str] = []
    at = begin = 0
    while (at := text.find(_OPEN, at)) >= 0:
        close = _CLOSE.get(text[at + 1 : at + 2])
        if close is None:
            at += 1
            continue
        end = text.find(close, at + 2)
        if end < 0:
            break
        pieces.append(text[begin:at])
        at = begin = end + 2
    pieces.append(text[begin:])
    return [piece for piece in pieces if piece.strip()]
