"""What a value is compared and measured as: its text, and the words of it."""

from __future__ import annotations

from typing import Any

from fms_dgt.core.canonical import canonical
from fms_dgt.core.plain_words import UNSPACED

__all__ = ["EXCERPT", "UNSPACED", "as_text", "excerpt", "spaced"]

EXCERPT = 120


def as_text(value: Any) -> str:
    """Text as it is, any other JSON value as its canonical JSON text."""
    return value if isinstance(value, str) else canonical(value).decode("utf-8", "surrogatepass")


def spaced(text: str) -> str:
    """The text with spaces around each character of a script without spaces."""
    return text if text.isascii() else UNSPACED.sub(r" \g<0> ", text)


def excerpt(text: str, start: int = 0, end: int | None = None) -> str:
    """A piece of a text for evidence, cut where it is long."""
    piece = text[start:end]
    return piece if len(piece) <= EXCERPT else piece[: EXCERPT - 3] + "..."
