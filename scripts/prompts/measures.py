"""What the answers to one prompt show: read, echoed, cut off, copied; and what a judge makes of its rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cases import QUALITIES, Case, fixed_text

ECHO_WORDS = 8  # so many words of the prompt in a row are an echo
COPY_WORDS = 12  # so many of a seed example are a copy
_WORD = re.compile(r"\w+")
_PLACEHOLDERS = re.compile(
    r"(?:[\s.\u2026]*|N|(?:[a-z]+ ){0,3}(?:question|instruction|item|reason|answer|response|text) ?#?\d{0,2}"
    r"|.{0,40}\b(?:json|whole number from)\b.*)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(kw_only=True)
class Counts:
    """The figures of one prompt."""

    asked: int = 0
    readable: int = 0
    readable_after: int = 0
    echoes: int = 0
    cut: int = 0
    copies: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    scores: dict[str, int | None] = field(default_factory=dict)
    reasons: int = 0


def counted(case: Case, calls: Sequence[Mapping[str, Any]]) -> Counts:
    """The figures of a case. Tokens are those of the first asks, added up."""
    counts = Counts()
    rules = _runs(fixed_text(case), ECHO_WORDS)
    seeds = _runs(" \n ".join(_seed_texts(case)), COPY_WORDS)
    first: Mapping[str, Any] = {}
    for call in calls:
        if not call["again"]:
            first = call
            counts.asked += 1
            counts.readable += not call["error"]
            counts.cut += call["finish"] == "length"
            counts.tokens_in += call["tokens_in"]
            counts.tokens_out += call["tokens_out"]
            texts = list(_texts(call["value"])) or [call["text"]]
            material = _runs(_material(case, call["quality"]), ECHO_WORDS)
            counts.echoes += any(_is_echo(text, rules - material) for text in texts)
            counts.copies += any(bool(_runs(text, COPY_WORDS) & seeds) for text in texts)
        counts.readable_after += not call["error"] and (call is first or bool(first["error"]))
        if case.is_judge and (not call["error"] or call["quality"] not in counts.scores):
            counts.scores[call["quality"]] = call["value"]["score"] if call["value"] else None
    if case.is_judge:
        values = [call["value"] for call in calls if call["value"]]
        counts.reasons = len({value["reason"] for value in values})
    return counts


def tells_apart(counts: Counts) -> str:
    """Whether the good row has a higher score than each of the others: a part such as "3 of 4"."""
    good = counts.scores.get(QUALITIES[0])
    others = [counts.scores.get(quality) for quality in QUALITIES[1:]]
    told = sum(good is not None and score is not None and good > score for score in others)
    return f"{told} of {len(others)}"


def _is_echo(text: str, rules: set[str]) -> bool:
    return bool(_PLACEHOLDERS.fullmatch(text.strip())) or bool(_runs(text, ECHO_WORDS) & rules)


def _runs(text: str, length: int) -> set[str]:
    """Each run of so many words in a text, without case and marks."""
    words = _WORD.findall(text.lower())
    return {" ".join(words[at : at + length]) for at in range(len(words) - length + 1)}


def _texts(value: Any) -> Iterator[str]:
    """The texts that a read reply holds; of a judge's, the reason."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key != "score":
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _seed_texts(case: Case) -> Iterator[str]:
    """The seed examples that a prompt shows, less what the reply is to be about."""
    values = next(iter(case.rows.values()))
    prompt = case.path.read_text(encoding="utf-8")
    for name in ("examples", "class_examples", "instructions"):
        if "example" in values and name == "examples":
            yield from _texts(values[name][values["example"]])
        elif name in values and name in prompt:
            yield from _texts(values[name])


def _material(case: Case, quality: str) -> str:
    return json.dumps(case.rows[quality], ensure_ascii=False).replace("\\n", " ")
