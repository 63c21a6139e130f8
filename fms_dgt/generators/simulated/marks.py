"""Replies between marks that only the prompt's text asks for, as the prompts of sdg_hub's flows do."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Final

SETS: Final = 2  # of question and answer
MOST: Final = 50_000  # characters of a prompt that are looked at

_BEGIN: Final = re.compile(r"\[Start of ([A-Z][\w ]{1,30})\]")
_CLOSED: Final = re.compile(r"\[/([A-Z]\w{0,30})\]")
_LABEL: Final = re.compile(r"[A-Z_]{2,10}|\d(?:\.\d)?")
_MARK: Final = re.compile(r"\[(q|a|question|answer|end)\]", re.IGNORECASE)


def reply_in_marks(prompt: str, random: Random, text: Callable[[str], str]) -> str:
    """A reply with all marks that a prompt speaks of; "" where it speaks of none.

    `text` writes what belongs to a name. Where the prompt shows a label or a number between two marks,
    such a one is written.
    """
    prompt = prompt[-MOST:]
    pairs = [
        (f"[Start of {name}]", f"[End of {name}]", name)
        for name in dict.fromkeys(_BEGIN.findall(prompt))
        if f"[End of {name}]" in prompt
    ]
    pairs = pairs or [
        (f"[{name}]", f"[/{name}]", name)
        for name in dict.fromkeys(_CLOSED.findall(prompt))
        if f"[{name}]" in prompt
    ]
    if pairs:
        parts = (
            (begin, _between(prompt, begin, end, random) or text(name), end) for begin, end, name in pairs
        )
        return "\n".join("\n".join(part) for part in parts)
    return _questions_and_answers(prompt, text)


def _between(prompt: str, begin: str, end: str, random: Random) -> str:
    shown = [piece.partition(end)[0].strip() for piece in prompt.split(begin)[1:] if end in piece]
    labels = [one for one in shown if _LABEL.fullmatch(one)]
    return random.choice(labels) if labels else ""


def _questions_and_answers(prompt: str, text: Callable[[str], str]) -> str:
    full = {"q": "question", "a": "answer"}
    marks = {full.get(name := mark[1].lower(), name): mark[0] for mark in _MARK.finditer(prompt)}
    if not {"question", "answer"} <= marks.keys():
        return ""
    names = ("question", "answer")
    sets = ("\n".join(f"{marks[name]}\n{text(name)}" for name in names) for _ in range(SETS))
    end = f"\n{marks['end']}" if "end" in marks else ""
    return "\n".join(f"{one}{end}" for one in sets)
