"""A reply that is a score with its reason."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from fms_dgt.core.reply.cleaning import NOTHING, clean, json_in, key_of, plain, says_nothing, unfenced
from fms_dgt.core.reply.contract import ReplyContract
from fms_dgt.core.reply.parts import Part, tagged
from fms_dgt.errors import Unreadable

SCORE_NAMES = ("score", "rating")
REASON_NAMES = ("reason", "reasoning", "explanation", "feedback", "rationale", "justification")

LARGEST_ENUM = 101

_NUMBER = (
    r"(?P<number>[+-]?\d{1,9}(?:\.\d{1,9})?)"
    r"(?:[\s*_`\](]{0,4}(?:/|\bout of\b)[\s*_`\[]{0,4}(?P<of>\d{1,9}))?"
    # a range, a scale that is explained, or part of something longer is no score
    r"(?![\w%]|\.\d|,\d|[\s*_`\]]{0,4}/|\s{0,3}=|\s{0,3}[-\u2013\u2014]\s{0,3}\d|\s{1,3}(?:to|or)\s{1,3}\d)"
)
_AROUND = r"[\s*_`\"'()\[\]{}.,]{0,20}"
_MARKUP = r"[ \t*_`\"'\[({]{0,8}"
# on the next line only what is a number and nothing else: "Score:" may also open a list
_NEXT_LINE = r"\n{1,3}(?=[^\w\n]{0,8}\d{1,9}(?:\.0)?(?:[ \t]?/[ \t]?\d{1,9})?[^\w\n]{0,8}$)" + _MARKUP
_LABEL = (
    r"(?:\b(?:total|final|overall)[ \t_-]{1,2})?\b(?:rating|score|grade)\b"
    r"(?:[ \t]?\((?P<scale>[^()\n]{0,60})\))?[ \t*_`\"']{0,6}"
    rf"(?:(?::|=|\bis\b|(?=\[\[)|(?<=\*\*)){_MARKUP}(?:{_NEXT_LINE})?|{_NEXT_LINE})"
)
_END = r"[*_`\]\")}]{0,6}"

_BARE = _AROUND + _NUMBER + _AROUND
_FIRST = _AROUND + _NUMBER
_IN_SENTENCE = _LABEL + _NUMBER + _END
_AT_LINE_START = (
    r"^[^\w\n]{0,12}(?:\d{1,2}[.)][ \t]?[*_]{0,2})?(?:(?:the|my)[ \t])?" + _LABEL + _NUMBER + _END
)
_CONDITION_BEFORE = r"\b(?:if|when|unless|until|would|could|might|cannot|for)\b[^,;:]{0,25}\Z"
_CONDITION_AFTER = r"[\s,]{0,3}(?:if|when|unless|only|would|could|might)\b"
_REASON = rf"^[^\w\n]{{0,12}}(?:{'|'.join(REASON_NAMES)})[ \t*_`]{{0,4}}:[*_` \t]{{0,4}}"


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # not at import: most runs need none of them, and they take longer than the rest of the package
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)


class _Found(NamedTuple):
    """A number that was given as the score, what it was out of, and where it stands."""

    number: str
    of: str | None
    start: int = 0
    end: int = 0


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
        if as_json:
            return (
                "Reply with one JSON object of this form, the reason first, and nothing else:\n"
                f'{{"reason": "...", "score": N}}\nN is {self._scale}.'
            )
        return (
            f"First give your reason, then the score N, {self._scale}.\n"
            "Reply in these tags, and nothing else:\n<reason>...</reason>\n<score>N</score>"
        )

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
        answer = unfenced(clean(text)).strip()
        is_cut = finish == "length"
        parts = tagged(answer, (*SCORE_NAMES, *REASON_NAMES))
        found = list(_in_tags(parts, is_cut))
        value = NOTHING if found else json_in(answer)
        if isinstance(value, dict):
            return self._of_json(value)
        if not found:
            found = next(filter(None, (list(level(answer, is_cut)) for level in _LEVELS)), [])
        return {"score": self._score(found), "reason": _reason(answer, parts, found)}

    def _of_json(self, value: Mapping[str, Any]) -> dict[str, Any]:
        said = {key_of(key): entry for key, entry in value.items()}
        score = next((said[name] for name in SCORE_NAMES if said.get(name) is not None), None)
        reason = next((said[name] for name in REASON_NAMES if isinstance(said.get(name), str)), "")
        found = None
        if isinstance(score, int | float | str) and not isinstance(score, bool):
            found = _compiled(_BARE).fullmatch(str(score))
        numbers = [_Found(found["number"], found["of"])] if found else []
        return {"score": self._score(numbers), "reason": plain(reason)}

    def _score(self, found: Iterable[_Found]) -> int:
        scores = {self._checked(one) for one in found}
        if not scores:
            raise Unreadable(f"The reply has no score; it must be {self._scale}.")
        if len(scores) > 1:
            several = ", ".join(str(score) for score in sorted(scores)[:5])
            raise Unreadable(f"The reply has several different scores ({several}); give one.")
        return scores.pop()

    def _checked(self, found: _Found) -> int:
        if found.of is not None and int(found.of) != self.high:
            raise Unreadable(f"The score is out of {found.of}; it must be {self._scale}.")
        score = float(found.number)
        if not score.is_integer() or not self.low <= score <= self.high:
            raise Unreadable(f"The score is {found.number}; it must be {self._scale}.")
        return int(score)

    def describe(self) -> Mapping[str, Any]:
        return {"kind": "score", "low": self.low, "high": self.high}


def _in_tags(parts: Iterable[Part], is_cut: bool) -> Iterator[_Found]:
    for part in parts:
        if part.name in SCORE_NAMES and not (is_cut and part.is_open):
            found = _compiled(_FIRST).match(part.text) or _compiled(_IN_SENTENCE).search(part.text)
            if found:
                yield _Found(found["number"], found["of"], part.start, part.end)


def _labelled(pattern: str, answer: str, is_cut: bool) -> Iterator[_Found]:
    matches = [found for found in _compiled(pattern).finditer(answer) if not _is_conditional(answer, found)]
    if is_cut:  # the last digits may be missing
        matches = [found for found in matches if found.end() < len(answer)]
    for found in matches:
        scale = re.findall(r"\d{1,9}", found["scale"] or "")
        yield _Found(found["number"], found["of"] or (scale[-1] if scale else None), *found.span())


def _is_conditional(answer: str, found: re.Match[str]) -> bool:
    """Whether the sentence around it says what a score would mean, not what it is."""
    before = answer[max(0, found.start() - 60) : found.start()]
    before = re.split(r"[.!?\n]", before)[-1]
    after = _compiled(_CONDITION_AFTER).match(answer, found.end())
    return bool(after or _compiled(_CONDITION_BEFORE).search(before))


def _at_line_start(answer: str, is_cut: bool) -> Iterator[_Found]:
    return _labelled(_AT_LINE_START, answer, is_cut)


def _in_sentence(answer: str, is_cut: bool) -> Iterator[_Found]:
    return _labelled(_IN_SENTENCE, answer, is_cut)


def _alone(answer: str, is_cut: bool) -> Iterator[_Found]:
    found = None if is_cut else _compiled(_BARE).fullmatch(answer)
    if found:
        yield _Found(found["number"], found["of"], *found.span())


_LEVELS: tuple[Callable[[str, bool], Iterator[_Found]], ...] = (_at_line_start, _in_sentence, _alone)


def _reason(answer: str, parts: Iterable[Part], found: Iterable[_Found]) -> str:
    given = [part.text for part in parts if part.name in REASON_NAMES and not says_nothing(part.text)]
    if given:
        return plain(given[0])
    pieces, position = [], 0
    spans = [(part.start, part.end) for part in parts] + [(one.start, one.end) for one in found]
    for start, end in sorted(spans):
        pieces.append(answer[position:start])
        position = max(position, end)
    rest = "".join((*pieces, answer[position:]))
    label = _compiled(_REASON).search(rest)
    return plain(rest[label.end() if label else 0 :].lstrip(" \t\n.,;"))
