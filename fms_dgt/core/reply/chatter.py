"""What models say around an answer: end marks, closing words, remarks, examples, corrections, refusals.

It is known by how its line begins, and looked for only where nothing else can stand: outside of closed tags
and of JSON texts. The lists are short on purpose: a word that an answer may well begin with is not in them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable
from itertools import accumulate

from fms_dgt.core.reply.lazy_pattern import LazyPattern
from fms_dgt.errors import Unreadable

# "[END]" as in the prompts of InstructLab, at the end of a line
_END_MARK = LazyPattern(
    r"[ \t*_]{0,4}(?:\[[ ]?/?(?:end(?: of [a-z ]{1,20})?|done|eos|stop|/?inst)[ ]?\]|</?(?:end|eos)>)"
    r"[ \t*_.]{0,4}$",
    re.IGNORECASE | re.MULTILINE,
)
_PART_MARK = LazyPattern(
    r"^[ \t>*_#]{0,8}[\[<](?!/?(?:end|done|eos|stop|/?inst)\b)[a-z][\w ]{0,40}[\]>]",
    re.IGNORECASE | re.MULTILINE,
)
_BEGINS = r"^[ \t>*_\-(\[#]{0,8}"
_NOUNS = "question|pair|item|instruction|quer(?:y|ie)|set|list|example|task|claim|fact"

CLOSING = LazyPattern(
    _BEGINS + r"(?:i hope (?:this|these|that|it)\b|hope (?:this|these|that) help|let me know\b"
    r"|(?:please )?(?:feel free|let me know)\b|would you like\b|do you (?:want|need) (?:me|any|more)\b"
    r"|if you (?:need|want|would like|'d like|have any|require)\b|is there anything else\b|anything else\?"
    r"|enjoy!?\W*$|(?:happy|glad) to (?:help|adjust|revise|provide)\b|good luck\b"
    r"|(?:(?:these|both|all|the|each|this)(?: of (?:these|the|them)| the| above| two| three| four| five"
    rf"| \d{{1,2}}){{0,2}}(?: [a-z]{{1,20}})? (?:{_NOUNS})s?(?: and answers?)?(?: above)?"
    r"|these|both|each of them)"
    r"(?: [a-z]{1,20})? (?:covers?|is based|are based|is designed|are designed|should|aims?|tests?|asks?"
    r"|requires?|checks?|can be|will help|help)\b"
    r"|that(?:'s| is) all\b|done[.!]?$|ich hoffe\b|j'espère\b|espero que\b|sag(?:en sie)? mir bescheid\b"
    r"|n'hésitez pas\b|希望(?:这|這|以上|对|對|能)|如果(?:你|您)(?:需要|还|還)|ご(?:不明|質問)|他に)",
    re.IGNORECASE,
)
_REMARK_WORDS = (
    "notes?|rationale|explanation|reasoning|reason|justification|comment|remark|why this|why it|purpose"
    "|difficulty|level|topic|category|tags?|source|hint|context used|word count|hinweis|anmerkung"
    "|begründung|erklärung|remarque|explication|nota|explicación|justificación|说明|說明|解释|解釋|注|备注"
    "|理由|解説|説明"
)
_REMARK = LazyPattern(
    rf"^[ \t>*_\-(\[#•]{{0,10}}(?P<word>{_REMARK_WORDS})[*_ ]{{0,3}}[:\uff1a]", re.IGNORECASE
)
_IN_BRACKETS = LazyPattern(
    rf"[ \t]{{1,4}}[*_]{{0,2}}[(\[](?:{_REMARK_WORDS})[*_ ]{{0,3}}[:\uff1a]"
    r"[^()\[\]\n]{0,300}[)\]][*_]{0,2}\Z",
    re.IGNORECASE,
)
_NEXT_TURN = LazyPattern(r"\n[ \t]*\n[ \t*#]{0,6}(?:user|human|assistant)[*]{0,2}[ ]?:", re.IGNORECASE)
_RULE = LazyPattern(r"[ \t]{0,12}(?:[-*_=]{3,80}|#{1,6}[ \t]?)[ \t]{0,12}")

_PRODUCTS = "list|version|answer|set|questions?|pairs?|object|json"
_CORRECTION = LazyPattern(
    _BEGINS + r"(?:(?:oh,? |hmm,? |no,? )?wait\b|corrections?\b|correct(?:ed|ing)\b|revis(?:ed|ion)\b"
    r"|on (?:second thoughts?|reflection)\b|scratch that"
    r"|let me (?:correct|revise|fix|redo|rewrite|try again)\b"
    r"|alternativ(?:e|ely)\b|another (?:version|option|attempt)\b"
    rf"|(?:improved|better|updated|second|new|final) (?:attempt|draft|{_PRODUCTS})\b"
    r"|(?:option|version|draft|attempt) (?:2|b|two)\b|or,? (?:alternatively|if you prefer)"
    r"|actually,|edit:|update:|oops|sorry,? (?:that|the|i)\b|korrektur|corrección|更正|修正|訂正)"
    rf"|\b(?:revised|corrected|improved|alternative) (?:{_PRODUCTS})\b",
    re.IGNORECASE | re.MULTILINE,
)
_EXAMPLE = LazyPattern(
    r"\b(?:for (?:example|instance)|e\.g\.|examples?|sample|such as|draft"
    r"|the (?:required |expected |json )?(?:format|form|schema|structure|template)"
    r"|zum beispiel|beispiel|par exemple|exemple|por ejemplo|ejemplo)\b|例如|比如|示例|例:|例えば",
    re.IGNORECASE,
)
_REFUSAL = LazyPattern(
    r"\W{0,6}(?:(?:i'?m|i am|we are|we're) (?:very |so |really )?(?:sorry|afraid|unable|not able)\b"
    r"|i (?:apologi[sz]e|cannot|can't|can not|won't|do not|don't|need more|would need)\b"
    r"|(?:my )?apologies\b|sorry\b|as an ai\b|unfortunately\b"
    r"|(?:could|can|would) you (?:please |kindly )?(?:provide|tell|share|give|clarify|specify)\b"
    r"|please (?:provide|share|give me|clarify|specify)\b|it (?:seems|looks like|appears)\b"
    r"|there (?:is|are|was) no\b|no (?:text|document|context|input)\b"
    r"|es tut mir leid|leider\b|je suis désolé|désolé|lo siento|抱歉|对不起|對不起|很抱歉|申し訳|すみません)",
    re.IGNORECASE,
)
_OPENING = LazyPattern(
    r"\W{0,6}(?:sure|certainly|of course|absolutely|okay|ok|great|here(?:'s| is| are)|below|the following"
    r"|gerne|natürlich|hier (?:ist|sind)|bien sûr|voici|claro|aquí|当然|好的|以下)(?:\b|[^\w\s])",
    re.IGNORECASE,
)
# words that no sentence ends with, in a few languages
_UNENDING = LazyPattern(
    r"(?:[,;(\[{\-\u2013]|(?:\A|[^\w'])(?:the|an|and|or|of|with|from|by|as|if|because|which|that|whose|its"
    r"|their|your|my|than|into|is|are|was|were|der|die|das|ein|eine|und|oder|von|dass|weil|le|la|les|des|du"
    r"|et|ou|el|los|las|y|que|si))\Z"
)
_ARTICLE = LazyPattern(r"[a-z] an?\Z")  # a capital is a letter: "option A"
_SENTENCE_END = LazyPattern(r"[.?!…:。\uff1f\uff01؟)\]\"'”\u2019»`*_|}>]\Z")


def before_end_mark(text: str) -> str:
    """`text` up to the first end mark that ends one of its lines."""
    mark = _END_MARK.search(text) if _may_have_marks(text) else None
    return text[: mark.start()].rstrip() if mark else text


def has_part_marks(text: str) -> bool:
    """Whether lines begin with marks such as "[Q]" or "<answer>", by which a text is taken apart later."""
    return _may_have_marks(text) and _PART_MARK.search(text) is not None


def _may_have_marks(text: str) -> bool:
    return "[" in text or "<" in text


def before_next_turn(text: str) -> str:
    """`text` up to where a conversation goes on that it is no part of."""
    turn = _NEXT_TURN.search(text)
    return text if turn is None or _NEXT_TURN.match("\n\n" + text.lstrip()) else text[: turn.start()]


def without_remarks(text: str, names: Collection[str] = ()) -> str:
    """`text` less an end mark, and less the closing words, remarks and rules at its end.

    `names` are parts of the reply, and no remarks. The first line is never taken away.
    """
    remark = _remark_pattern(tuple(names))
    lines = before_end_mark(text).rstrip().split("\n")
    fences = list(accumulate(line.lstrip().startswith(("```", "~~~")) for line in lines))
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    while len(lines) > first + 1:
        if not lines[-1].strip() or _RULE.fullmatch(lines[-1]):
            lines.pop()
            continue
        block = len(lines) - 1
        while block > first + 1 and lines[block - 1].strip():
            block -= 1
        ends = [at for at in range(block, len(lines)) if remark.match(lines[at]) or CLOSING.match(lines[at])]
        if not ends or fences[ends[0]] % 2:
            break
        del lines[ends[0] :]
    return _IN_BRACKETS.sub("", "\n".join(lines).rstrip())


@functools.lru_cache(maxsize=256)
def _remark_pattern(names: tuple[str, ...]) -> LazyPattern:
    if not names:
        return _REMARK
    own = "|".join(re.escape(name.replace("_", " ")) for name in names)
    return LazyPattern(rf"(?![ \t>*_\-(\[#•]{{0,10}}(?:{own})\b)" + _REMARK.pattern, re.IGNORECASE)


def is_refusal(text: str) -> bool:
    """Whether the reply declines, or asks back."""
    return _REFUSAL.match(text) is not None


def is_opening(line: str) -> bool:
    """Whether a line only announces what follows: "Here are two questions:"."""
    line = line.rstrip(" *_")
    return line.endswith((":", "\uff1a")) or (
        _OPENING.match(line) is not None and not line.endswith(("?", "\uff1f"))
    )


def is_example(before: str) -> bool:
    """Whether the last sentence or line before an answer says that an example follows."""
    return _EXAMPLE.search(re.split(r"[.!?\n]\s", before[-300:].strip())[-1]) is not None


def check_one_version(between: Iterable[str]) -> None:
    """Raises Unreadable where a text between two answers takes the first one back, or offers another."""
    if any(map(_CORRECTION.search, between)):
        raise Unreadable("The reply gives more than one version; give the final one alone.")


def breaks_off(text: str) -> bool:
    """Whether a text ends in the middle of a sentence."""
    end = text.rstrip()[-60:]
    return (_UNENDING.search(end.lower()) or _ARTICLE.search(end)) is not None


def ends_sentence(text: str) -> bool:
    return _SENTENCE_END.search(text.rstrip()[-1:]) is not None


def last_breaks_off(texts: list[str]) -> bool:
    """Whether the last of several texts breaks off: others end as sentences do, and it does not."""
    if not texts or ends_sentence(texts[-1]):
        return False
    others = texts[:-1]
    return breaks_off(texts[-1]) or (len(others) > 1 and all(map(ends_sentence, others)))
