"""Which evolutions go no further whatever a judge says: the rules of the paper that need no model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fms_dgt.core.plain_words import normal
from fms_dgt.documents.measure import count_words
from fms_dgt.errors import Rejected

# An answer that says sorry in fewer words is a refusal, not an apology that was asked for.
SHORT = 80
# Words by which instructions speak of their own making.
PROMPT_WORDS = (
    *("given prompt", "rewritten prompt", "created prompt"),
    *("given instruction", "rewritten instruction", "evolved instruction", "original instruction"),
    *("given response", "rewritten response", "improved response", "original response"),
)
# Words that say nothing by themselves. Those that may be an answer ("no", "all", "I", "a") are not here.
_STOP_WORDS: Final = """
am an and any are as at be because been being but by can could did do does doing during each for from
further had has have having he her here hers him his how if in into is it its itself just me my of off
on or our ours own so some such than that the their theirs them then there these they this those through
to too until up very was we were what when where which while who whom why will with would you your yours
"""
_SAY_NOTHING: Final = frozenset(_STOP_WORDS.split())
_WORD = re.compile(r"[^\W_]+")
# "I can't sleep, what can I do?" and "As an AI researcher, ..." are instructions
_REFUSAL = re.compile(
    r"\W*(?:"
    r"(?:(?:i(?:['\u2019]m| am)?|we(?:['\u2019]re| are)?) )?(?:(?:so|very|really|truly) )?sorry\b"
    r"|as an ai(?:,| (?:language )?model\b)"
    r"|i(?: can(?:no|['\u2019])t| am unable to|['\u2019]m unable to|['\u2019]m not able to) "
    r"(?:help|assist|rewrite|evolve|create|write|provide|fulfil+|complete|comply|do (?:that|this|so))\b"
    r")",
    re.IGNORECASE,
)
# a single sentence, and nothing to do in it: "This is a different way to write the instruction."
_OWN_MAKING = re.compile(
    r"(?:this|that|it|here|below|the (?:following|above))(?:['\u2019]s| is| was| are)\b"
    r"[^.!?:\n]{0,200}\b(?:instruction|prompt|rewording|rewrite|rephrasing)s?\b[^.!?:\n]{0,200}[.!:]?",
    re.IGNORECASE,
)


def check_instruction(
    text: str, parent: str, prompt_words: Sequence[str], earlier: Sequence[str] = ()
) -> None:
    """Raises Rejected where an evolved instruction is none. `earlier` is what its parent came of."""
    _check_new(text, parent, prompt_words, earlier)
    if _OWN_MAKING.fullmatch(text.strip()) and not _OWN_MAKING.fullmatch(parent.strip()):
        raise Rejected("speaks of its own making", text)
    if _REFUSAL.match(text) and count_words(text) < SHORT:
        raise Rejected("a refusal", text)


def check_response(
    text: str,
    parent: str,
    prompt_words: Sequence[str],
    refusal_words: Sequence[str],
    earlier: Sequence[str] = (),
) -> None:
    """Raises Rejected where an evolved answer is none. `earlier` is what its parent came of."""
    _check_new(text, parent, prompt_words, earlier)
    check_answer(text, refusal_words)


def check_answer(text: str, refusal_words: Sequence[str]) -> None:
    """Raises Rejected where an answer shows that the instruction is too much for the teacher."""
    _check_says_something(text)
    if count_words(text) >= SHORT:
        return
    for word in refusal_words:
        if _says(text.casefold(), word.casefold()):
            raise Rejected(f"says '{word}' and is short", text)


def _says(text: str, word: str) -> bool:
    # other scripts may put no spaces around a word
    return bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)) if word.isascii() else word in text


def _check_new(text: str, parent: str, prompt_words: Sequence[str], earlier: Sequence[str]) -> None:
    _check_says_something(text)
    said, before = normal(text), normal(parent)
    if said == before:
        raise Rejected("same as its parent", text)
    if said in map(normal, earlier):
        raise Rejected("same as an earlier generation", text)
    for words in map(normal, prompt_words):
        if words and words in said and words not in before:
            raise Rejected("copies words of the prompt", {"words": words, "text": text})


def _check_says_something(text: str) -> None:
    if all(word.casefold() in _SAY_NOTHING for word in _WORD.findall(text)):
        raise Rejected("only stop words and punctuation", text)
