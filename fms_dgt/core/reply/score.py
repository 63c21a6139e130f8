"""A reply that is a score with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.reply.chatter import before_end_mark
from fms_dgt.core.reply.cleaning import clean, key_of, plain, says_nothing, unfenced
from fms_dgt.core.reply.contract import WORDING, ReplyContract
from fms_dgt.core.reply.json_text import is_schema, json_in, json_within
from fms_dgt.core.reply.lazy_pattern import LazyPattern
from fms_dgt.core.reply.parts import Part, in_plain_tags, tagged
from fms_dgt.core.reply.score_doubts import other_score
from fms_dgt.core.reply.score_patterns import Found, alone, in_tag, in_text
from fms_dgt.errors import Unreadable

SCORE_NAMES = (
    "score",
    "rating",
    "grade",
    *(f"{w}_{n}" for w in ("final", "overall", "total") for n in ("score", "rating")),
)
REASON_NAMES = ("reason", "reasoning", "explanation", "feedback", "rationale", "justification")
NAMES = (*SCORE_NAMES, *REASON_NAMES)

LARGEST_ENUM = 101
SPELLED_OUT = 11  # so many scores are listed one by one

_REASON_LABEL = LazyPattern(
    rf"^[^\w\n]{{0,12}}(?:{'|'.join(REASON_NAMES)})[ \t*_`]{{0,4}}:[*_` \t]{{0,4}}",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class ScoreReply(ReplyContract):
    """A whole number from `low` to `high`, with a reason."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"a score cannot go from {self.low} to {self.high}")

    @property
    def _scale(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def instructions(self, count: int | None, *, as_json: bool) -> str:
        # in words: weak models hand a placeholder back, and a judge that does so judges nothing
        if as_json:
            return (
                "Reply with one JSON object and nothing else. It has two keys, in this order:\n"
                f'"reason": one or two sentences on what you judge.\n"score": {self._choice}.'
            )
        return (
            "Reply with nothing else than one or two sentences on what you judge, between <reason> and "
            f"</reason>, and then the score, {self._choice}, between <score> and </score>."
        )

    @property
    def _choice(self) -> str:
        if self.high - self.low < SPELLED_OUT:
            return f"one of {', '.join(str(score) for score in range(self.low, self.high + 1))}"
        return self._scale

    def schema(self, count: int | None) -> Mapping[str, Any]:
        score: dict[str, Any] = {"type": "integer"}
        if self.high - self.low < LARGEST_ENUM:
            score["enum"] = list(range(self.low, self.high + 1))
        else:
            score.update(minimum=self.low, maximum=self.high)
        return {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "score": score},
            "required": ["reason", "score"],
            "additionalProperties": False,
        }

    def read(self, text: str, *, finish: str = "stop", count: int | None = None) -> dict[str, Any]:
        """`{"score": int, "reason": str}`; the reason may be empty, the score is never guessed."""
        answer = before_end_mark(in_plain_tags(unfenced(clean(text, NAMES)), NAMES).strip())
        is_cut = finish == "length"
        parts = tagged(answer, NAMES)
        found = list(_in_tags(answer, parts, is_cut))
        if not found:
            read = self._in_json(answer, is_cut)
            if read is not None:
                return read
            found = in_text(answer, is_cut)
        score = self._score(found)
        self._check_doubts(answer, max(one.end for one in found), score)
        return {"score": score, "reason": _reason(answer, parts, found)}

    def _in_json(self, answer: str, is_cut: bool) -> dict[str, Any] | None:
        """The score of JSON in the reply, with what stands around it; None where there is none."""
        whole = json_in(answer)
        if isinstance(whole, dict) and not is_schema(whole):
            return self._of_json([whole])
        within = json_within(answer)
        values = [_unwrapped(one.value) for one in within]
        said = [
            value for value in values if isinstance(value, dict) and not value.keys().isdisjoint(SCORE_NAMES)
        ]
        if not said:
            return None
        ends = [0, *(one.end for one in within)]
        starts = [*(one.start for one in within), len(answer)]
        around = "\n".join(answer[end:start] for end, start in zip(ends, starts, strict=True))
        read = self._of_json(said, in_text(around, is_cut))
        self._check_doubts(answer, within[-1].end, read["score"])
        return read

    def _of_json(self, values: Iterable[Any], beside: Iterable[Found] = ()) -> dict[str, Any]:
        found, reasons = list(beside), []
        for value in map(_unwrapped, values):
            scores = [value[name] for name in SCORE_NAMES if value.get(name) is not None]
            reasons += [value[name] for name in REASON_NAMES if isinstance(value.get(name), str)][:1]
            for score in scores:
                is_said = isinstance(score, int | float | str) and not isinstance(score, bool)
                one = alone(str(score)) if is_said else None
                found += [one] if one else []
        return {"score": self._score(found), "reason": plain(reasons[0]) if reasons else ""}

    def _check_doubts(self, answer: str, end: int, score: int) -> None:
        other = other_score(answer, end, score)
        if other is not None:
            raise Unreadable(f"The reply gives {score} and then {other}; give one score.")

    def _score(self, found: Iterable[Found]) -> int:
        scores = {self._checked(one) for one in found}
        if not scores:
            raise Unreadable(f"The reply has no score; it must be {self._scale}.")
        if len(scores) > 1:
            several = ", ".join(str(score) for score in sorted(scores)[:5])
            raise Unreadable(f"The reply has several different scores ({several}); give one.")
        return scores.pop()

    def _checked(self, found: Found) -> int:
        if found.of is not None and found.of != self.high:
            raise Unreadable(f"The score is out of {found.of}; it must be {self._scale}.")
        if not found.number.is_integer() or not self.low <= found.number <= self.high:
            raise Unreadable(f"The score is {found.number:.9g}; it must be {self._scale}.")
        return int(found.number)

    def describe(self) -> Mapping[str, Any]:
        return {"kind": "score", "low": self.low, "high": self.high, "wording": WORDING}


def _unwrapped(value: Any) -> Any:
    """A JSON object by the keys that spellings share; the one inside, if that is all it holds."""
    for _ in range(3):
        if not isinstance(value, dict) or len(value) != 1:
            break
        inner = next(iter(value.values()))
        value = inner if isinstance(inner, dict) else value
    return {key_of(key): entry for key, entry in value.items()} if isinstance(value, dict) else value


def _in_tags(answer: str, parts: Iterable[Part], is_cut: bool) -> Iterator[Found]:
    for part in parts:
        if part.name in SCORE_NAMES and not (is_cut and part.is_open):
            found = in_tag(part.text, answer[part.end : part.end + 30])
            if found:
                yield found._replace(start=part.start, end=part.end)


def _reason(answer: str, parts: Iterable[Part], found: Sequence[Found]) -> str:
    given = [part.text for part in parts if part.name in REASON_NAMES and not says_nothing(part.text)]
    if given:
        return plain(given[0])
    pieces, position = [], 0
    spans = [(part.start, part.end) for part in parts] + [(one.start, one.end) for one in found]
    for start, end in sorted(spans):
        pieces.append(answer[position:start])
        position = max(position, end)
    rest = "".join((*pieces, answer[position:]))
    label = _REASON_LABEL.search(rest)
    return plain(rest[label.end() if label else 0 :].lstrip(" \t\n.,;"))
