"""Which instructions and instances are unfit whatever a model says of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from fms_dgt.core.plain_words import normal
from fms_dgt.core.row import Row
from fms_dgt.documents.measure import WORD, count_words
from fms_dgt.errors import Rejected

# What a model that reads and writes text cannot be given, or cannot do.
BEYOND_TEXT = (
    *("image", "images", "picture", "pictures", "photo", "photos", "photograph", "photographs"),
    *("graph", "graphs", "chart", "charts", "diagram", "diagrams", "flowchart", "flowcharts"),
    *("map", "maps", "draw", "plot", "sketch", "screenshot", "screenshots"),
    *("file", "files", "attachment", "attachments", "go to", "click", "download", "upload"),
    *("video", "videos", "audio", "music", "recording", "recordings", "listen to"),
)
# The signs that a sentence of some language begins with.
_OPENING = "\u00bf\u00a1"
_NONE = re.compile(r"[\W_]*(?:none|n/?a|no ?input|not applicable)[\W_]*", re.IGNORECASE)


def usable(words: tuple[int, int], unwanted: Sequence[str]) -> Callable[[Row], Mapping[str, str]]:
    """Rejects instructions that are too short or too long, begin with a sign or name unwanted words.

    The paper drops what does not begin with an ASCII letter or digit; here those of any script do.
    """
    least, most = words
    pattern = _any_of(unwanted)

    def usable_instruction(row: Row) -> Mapping[str, str]:
        text = str(row["instruction"]).strip()
        number = count_words(text)
        if number < least:
            raise Rejected(f"under {least} words", {"words": number})
        if number > most:
            raise Rejected(f"over {most} words", {"words": number})
        if not text.lstrip(_OPENING)[:1].isalnum():
            raise Rejected("begins with a sign", text[:1])
        found = pattern.search(text) if pattern else None
        if found:
            raise Rejected("needs more than text", found[0].casefold())
        return {}

    return usable_instruction


def _any_of(words: Sequence[str]) -> re.Pattern[str] | None:
    """Whole words, in any case; parts of a run in scripts that put no spaces between words."""
    found = [" ".join(word.split()) for word in words]
    alternatives = "|".join(_whole(word) for word in found if word)
    return re.compile(alternatives, re.IGNORECASE) if alternatives else None


def _whole(word: str) -> str:
    text = re.escape(word).replace(r"\ ", r"\s+")
    return text if _dense(word[0]) else rf"(?<!\w){text}(?!\w)"


def _dense(char: str) -> bool:
    found = WORD.match(char + char)
    return found is not None and found.end() == 1


def told_apart(rows: Sequence[Row]) -> list[Row | Rejected]:
    """Instances of one instruction, less those that teach nothing.

    An input that says there is none is empty. The same input twice would have two outputs.
    """
    inputs: set[str] = set()
    result: list[Row | Rejected] = []
    for row in rows:
        given = "" if _NONE.fullmatch(row["input"]) else row["input"]
        problem = _instance_problem(given, row, inputs)
        inputs.add(normal(given))
        result.append(Rejected(problem, row["output"]) if problem else row.with_(input=given))
    return result


def _instance_problem(given: str, row: Row, inputs: set[str]) -> str:
    said = normal(row["output"])
    if said == normal(row["instruction"]):
        return "the output repeats the instruction"
    if said == normal(given):
        return "the output repeats the input"
    return "the same input as another instance" if normal(given) in inputs else ""
