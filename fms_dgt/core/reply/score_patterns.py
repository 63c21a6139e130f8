"""Where a score stands in a text: the places that are tried, the surest first."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from fms_dgt.core.reply.lazy_pattern import LazyPattern
from fms_dgt.core.reply.score_doubts import is_hypothetical, is_quoted, parts_of_score
from fms_dgt.core.reply.score_words import WORDS, number_of
from fms_dgt.errors import Unreadable

_FLAGS = re.IGNORECASE | re.MULTILINE

# a number in words must end what it stands in: "one of the best" is no score
_WORD_END = (
    r"(?=[ \t*_`\"')\]}]{0,6}(?:$|[.!;](?:[ \t*_`\"']|$)|[/<\uff0f]|\bout of (?:\d|"
    + "|".join(WORDS)
    + r")\b))"
)
_WORD = "(?:" + "|".join(rf"{word}(?:[ ]\({at}\))?" for at, word in enumerate(WORDS)) + ")" + _WORD_END
_OUT_OF = r"[/\uff0f]|\b(?:(?:out )?of|von|sur|de|di|su|\u0438\u0437)\b"
# in Chinese and Japanese a counter stands behind the score, and the highest one after 满分
_COUNTER = "[分点점]"
_FULL = rf"{_COUNTER}?[\s(\uff08,\uff0c]{{0,3}}(?:满分|滿分)(?:为|是)?"
_NUMBER = (
    rf"(?P<number>[+-]?\d{{1,9}}(?:\.\d{{1,9}})?|{_WORD})"
    rf"(?:[\s*_`\](]{{0,4}}(?:{_OUT_OF}|{_FULL})[\s*_`\[]{{0,4}}(?P<of>\d{{1,9}}|{'|'.join(WORDS)})(?:\.0\b)?)?"
    # a range, a choice, a scale that is explained, or part of something longer is no score
    rf"(?:\s?{_COUNTER}(?!\w)|(?!\s?{_COUNTER})(?![\w%]|\.\d|,\s{{0,3}}\d|[\s*_`\]]{{0,4}}[/|]|\s{{0,3}}=|\s{{0,3}}[-\u2013\u2014~\uff5e]\s{{0,3}}\d"
    r"|[\s*_`]{0,4}\+|\s{0,3}(?:to|or|and|至|到|或)\s{0,3}(?:(?:maybe|perhaps|even)\s)?\d))"
)
_AROUND = r"[\s*_`\"'()\[\]{}.,$]{0,20}"
_BOXED = r"(?:\$?\\boxed\{)?"
_MARKUP = r"[ \t*_`\"'\[({$]{0,8}" + _BOXED
# on the next line only what is a number and nothing else: "Score:" may also open a list
_NEXT_LINE = r"\n{1,3}(?=[^\w\n]{0,8}\d{1,9}(?:\.0)?(?:[ \t]?/[ \t]?\d{1,9})?[^\w\n]{0,8}$)" + _MARKUP
_NAME = (
    r"(?:\b(?:rating|score|grade|bewertung|punktzahl|puntuación|calificación|pontuação|punteggio"
    r"|\u043e\u0446\u0435\u043d\u043a\u0430)\b|得分|评分|評分|分数|分數|スコア|評価|評点|得点|점수|평점)"
)
# "score - 3 - is for ..." and its like in Chinese go on; these end with the number
_ENDS_WITH_IT = (
    r"(?:[-\u2013\u2014][ \t]|是|为|は)"
    rf"(?=[ *_`]{{0,4}}\d{{1,3}}(?:[ ]?/[ ]?\d{{1,3}})?\s?{_COUNTER}?[*_`]{{0,3}}"
    r"(?:[.,;!(。\uff0c\uff1b\uff01\uff08]|$))"
)
_LABEL = (
    rf"(?:\b(?:total|final|overall)[ \t_-]{{1,2}})?{_NAME}"
    r"(?:[ \t]?[(\uff08](?P<scale>[^()\uff08\uff09\n]{0,60})[)\uff09]|[ \t](?P<out_of>out of \d{1,4})"
    r"|[ \t](?:for|of) (?:this|the) [a-z]{1,20}(?= is\b))?[ \t*_`\"'\u201d\u00a0]{0,6}"
    rf"(?:(?:[:\uff1a]|=|\u2192|->|\bis\b:?|{_ENDS_WITH_IT}|(?=\[\[)|(?<=\*\*))"
    rf"{_MARKUP}(?:{_NEXT_LINE})?|{_NEXT_LINE})"
)
# at the start of a line these are the score, too; "Note" is French, and elsewhere it is a remark
_SUM = LazyPattern(
    r"^[^\w\n]{0,12}(?:(?:overall|total|verdict|final (?:verdict|judge?ment|answer)|gesamt|insgesamt|总分"
    r"|總分|総合評価)[ \t*_`\u00a0]{0,6}[:\uff1a]"
    r"|note[ \t*_`\u00a0]{0,6}[:\uff1a](?=[ \t*_`]{0,6}\d{1,3}[ ]?(?:/|sur\b)))" + _MARKUP + _NUMBER,
    _FLAGS,
)
_END = r"[*_`\]\")}$]{0,6}"
_SENTENCE_END = r"(?:[.!]?(?=[\s*_`\"')]{0,6}$)|,? ?(?=\b(?:because|since|as|given|due to)\b))"
# A judge's verdict as a whole sentence. Any other word in between ("no more than") may turn it around.
_VERDICT = (
    r"\b(?:I(?:['\u2019]d| would| will)? (?:rate|give|score|grade|assign|award)"
    r"|I(?:['\u2019]d| would) say(?: (?:it|this|that)(?:['\u2019]s| is))?"
    r"|(?:it|this)(?:['\u2019]s| is)(?= an? \d)"
    r"|(?:it|this|(?:the|this) \w{1,20}) (?:deserves|receives|gets|earns|merits))"
    r"(?: (?:this|it|that|the|a|an|as|of|to|response|answer|question|instruction|pair|context|text"
    r"|sample|score|rating|grade)){0,6}[: ][ *_`]{0,4}"
)

_BARE = LazyPattern(_AROUND + _BOXED + _NUMBER + _AROUND, _FLAGS)
_FIRST = LazyPattern(_AROUND + _BOXED + _NUMBER, _FLAGS)
_IN_SENTENCE = LazyPattern(_LABEL + _NUMBER + _END, _FLAGS)
_AT_LINE_START = LazyPattern(
    r"^[^\w\n]{0,12}(?:\d{1,2}[.)][ \t]?[*_]{0,2})?(?:(?:the|my)[ \t])?" + _LABEL + _NUMBER + _END,
    _FLAGS,
)
_AT_SENTENCE_START = LazyPattern(
    r"(?<=[.!?;,][ \t])[*_(\[]{0,4}(?:(?:so|and|the|my|therefore|thus|hence)\b,?[ \t]){0,3}"
    + _LABEL
    + _NUMBER
    + _END,
    _FLAGS,
)
# as trained judges and reasoning models end; a box elsewhere may be of the sum that they judge
_RESULT = LazyPattern(r"\[RESULT\][ \t(]{0,4}" + _NUMBER, _FLAGS)
_LAST_BOX = LazyPattern(
    r"^(?:[*_# ]{0,6}(?:final )?answer(?: is)?[:*_ ]{0,6})?[$ ]{0,3}\\boxed\{"
    + _NUMBER
    + r"\}[$]{0,2}\.?\s*\Z",
    _FLAGS,
)
_SAID = LazyPattern(_VERDICT + _NUMBER + _END + _SENTENCE_END, _FLAGS)
_LAST_LINE = LazyPattern(r"^[*_#\s]{0,8}(?:score|rating|grade)[ \t]" + _NUMBER + _END + r"\.?\s*\Z", _FLAGS)
_CONCLUSION = LazyPattern(
    r"\b(?:(?:therefore|thus|hence|verdict|result|final answer)[:,]"
    r"|(?:verdict|result|(?:final )?answer|conclusion) is)[ *_`]{0,4}" + _NUMBER + r"[*_`]{0,4}\.?\s*\Z",
    _FLAGS,
)
# "4/5. All is there." and "4 - All is there.", but not "4. All is there.", which may be the fourth of a list
_FIRST_LINE = LazyPattern(
    r"\A[*_\s\[(]{0,8}"
    + _NUMBER
    + r"[*_`\])]{0,6}(?:\.?[ \t]*$|[ \t]?[-\u2013\u2014:,;][ \t]|(?(of)[.][ \t]|(?!)))"
    r"(?!(?s:.){0,2000}^[*_\s\[(]{0,8}\d{1,2}[ \t]?[-\u2013\u2014:.])",
    _FLAGS,
)
_LAST_ALONE = LazyPattern(r"(?<=[\n.!:;*])\n[^\w\n]{0,8}" + _NUMBER + r"[^\w\n]{0,8}\Z", _FLAGS)
_OF = LazyPattern(rf"[\s*_`]{{0,4}}(?:{_OUT_OF})\s{{0,3}}(?P<of>\d{{1,9}})", _FLAGS)
_OTHER_NUMBER = re.compile(r"(?<![\w.])\d")


class Found(NamedTuple):
    """A number that was given as the score, what it was out of, and where it stands."""

    number: float
    of: int | None = None
    start: int = 0
    end: int = 0


def in_tag(inner: str, after: str) -> Found | None:
    """The score that a tag holds; `after` is what follows the tag."""
    found = _FIRST.match(inner) or _IN_SENTENCE.search(inner)
    if found is None or is_hypothetical(inner, *found.span()) or _OTHER_NUMBER.search(inner, found.end()):
        return None
    behind = _OF.match(after)
    of = found["of"] or (behind["of"] if behind else None)
    return Found(number_of(found["number"]), _whole(of))


def alone(text: str) -> Found | None:
    """The score that a text is, and nothing else."""
    found = _BARE.fullmatch(text)
    return Found(number_of(found["number"]), _whole(found["of"]), *found.span()) if found else None


def in_text(answer: str, is_cut: bool) -> list[Found]:
    """The scores in the surest of the places where any is, and those of verdicts in whole sentences.

    Raises Unreadable where they are scores of parts.
    """
    levels = (list(level(answer, is_cut)) for level in _LEVELS)
    found = next(filter(None, levels), [])
    return [*found, *_labelled((_SAID,), answer, is_cut)] if found else found


def _whole(said: str | None) -> int | None:
    return None if said is None else int(number_of(said))


def _labelled(patterns: Sequence[LazyPattern], answer: str, is_cut: bool) -> Iterator[Found]:
    matches = [found for pattern in patterns for found in pattern.finditer(answer)]
    matches = [found for found in matches if not is_hypothetical(answer, *found.span())]
    matches = [found for found in matches if not is_quoted(answer, *found.span())]
    if is_cut:  # the last digits may be missing
        matches = [found for found in matches if found.end() < len(answer)]
    parts = parts_of_score(answer, [found.start() for found in matches])
    if len(set(parts)) > 1 and len({found["number"] for found in matches}) == 1:
        raise Unreadable("The reply has scores of parts only; give one score of the whole.")
    for found in matches:
        groups = found.groupdict()
        scale = re.findall(r"\d{1,9}", groups.get("scale") or groups.get("out_of") or "")
        of = found["of"] or (scale[-1] if scale else None)
        yield Found(number_of(found["number"]), _whole(of), *found.span())


def _alone(answer: str, is_cut: bool) -> Iterator[Found]:
    found = None if is_cut else alone(answer)
    if found:
        yield found


_Level: TypeAlias = Callable[[str, bool], Iterator[Found]]
_PLACES = (
    (_AT_LINE_START, _AT_SENTENCE_START, _SUM),
    (_IN_SENTENCE,),
    (_RESULT,),
    (_SAID,),
    (_LAST_BOX,),
    (_LAST_LINE, _CONCLUSION),
)
_LEVELS: tuple[_Level, ...] = (
    *(functools.partial(_labelled, places) for places in _PLACES),
    _alone,
    functools.partial(_labelled, (_FIRST_LINE, _LAST_ALONE)),
)
