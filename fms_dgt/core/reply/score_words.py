"""Numbers in words."""

from __future__ import annotations

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number_of(text: str) -> float:
    word = text.partition(" ")[0].lower()
    return float(WORDS.index(word)) if word in WORDS else float(text)
