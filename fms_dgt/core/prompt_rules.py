"""What of a prompt tells the model what to do, apart from the material that an answer may quote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from fms_dgt.core.reply.lazy_pattern import LazyPattern

# Text that is marked as somebody's: fences, Jinja's blocks, lines of quotations and tables, quotation marks.
_MARKED: Final = LazyPattern(
    r"^[ \t]{0,3}(?P<fence>`{3,8}|~{3,8})[^\n`]{0,40}\n.{0,5000}?^[ \t]{0,3}(?P=fence)"
    r"|(?P<triple>\"\"\"|''').{0,5000}?(?P=triple)"
    r"|\{%-?[ \t]{0,3}set[ \t]{1,3}\w{1,60}[ -]{0,3}%\}(?:(?!%\}).){0,5000}?\{%-?[ \t]{0,3}endset[ -]{0,3}%\}"
    r"|^[ \t]{0,3}[>|][^\n]*$"
    r"|(?<![^\s(\[])\"(?=\S)(?:[^\"\n]|\n(?!\s*\n)){1,2000}\"(?!\w)"
    r"|\u201c[^\u201c\u201d]{1,2000}\u201d|\u201e[^\u201c\u201d\u201e]{1,2000}[\u201c\u201d]"
    r"|\u00ab[^\u00ab\u00bb]{1,2000}\u00bb|\u300c[^\u300c\u300d]{1,2000}\u300d",
    re.MULTILINE | re.DOTALL,
)
_TAG: Final = LazyPattern(r"<(?P<closes>/?)(?P<name>[A-Za-z][\w-]{0,40})(?:\s[^<>]{0,200})?>")
# Tags about what the answer is to be like; examples are no answer to another row.
_OF_RULES: Final = re.compile(
    r"(?:examples?|shots?|samples?|rules?|instructions?|guidelines?|guidance|requirements?|constraints?|format|task"
    r"|system|prompt|steps?|persona|role|output|answer|response|thinking|important)",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(
    r"((?<=[.!?:;])[\"')\]]?\s+|\n\s*\n|\n(?=\s{0,8}(?:[-*\u2022]|\d{1,2}[.)])\s))"
)
_VERBS: Final = (
    "act|add|adopt|answer|apply|ask|assume|avoid|base|be|begin|check|choose|cite|classify|compare|compose|complete"
    "|consider|correct|cover|create|describe|do|draft|draw|end|ensure|evaluate|explain|extract|fill|find|finish|focus"
    "|follow|format|generate|give|identify|ignore|imagine|include|invent|judge|keep|leave|let|limit|list|look"
    "|make|mark|match|mention|name|never|note|omit|only|output|paraphrase|pick|pretend|produce|provide|put|quote|rank"
    "|rate|read|refer|remember|repeat|reply|report|respond|rephrase|return|rewrite|say|score|select|separate|show"
    "|sort|speak|start|state|stay|stick|stop|suggest|summari[sz]e|take|tell|think|translate|treat|try|turn|use|vary"
    "|work|write|always|don't|please|your|if|when|for each"
)
_DIRECTIVE: Final = LazyPattern(
    r"(?:^|[,:}]\s|\bthen\s|\band\s)[\s\-*\u2022#\d.)(]{0,12}"
    r"(?:please[ ,]\s?|now |then |also |first |finally |next )?"
    rf"(?:{_VERBS})\b"
    r"|\b(?:you|your|yours|yourself|must|should|shall|do not|don't|never|need to|has to|have to)\b",
    re.IGNORECASE,
)
# characters of prompts that are looked through
_LONGEST: Final = 200_000
# what becomes of material, so that the text before and behind it do not become one
_GAP: Final = "{##}"


def rules_of(texts: Sequence[str]) -> list[str]:
    """The parts of a prompt's texts that are rules, as template text.

    Material is what is between tags or quotation marks, in fences, quotations and tables. Of the rest a
    sentence that tells nobody to do anything is material, too; as far as any sentence shows that the
    language is one whose directives are known. Tags such as `<rules>` and `<example>` hold no material.
    """
    if sum(map(len, texts)) > _LONGEST:
        return list(texts)
    parts = [list(_parts(text)) for text in texts]
    if not any(_directives(part) for each in parts for part, is_rule in each if not is_rule):
        return ["".join(part for part, _ in each) for each in parts]
    return ["".join(part if is_rule else _directives(part) for part, is_rule in each) for each in parts]


def _directives(text: str) -> str:
    """The sentences that tell somebody to do something, as they follow one another; "" where none does."""
    pieces = _SENTENCE_END.split(text)
    sentences = list(zip(pieces[::2], [*pieces[1::2], ""], strict=True))
    if not any(_DIRECTIVE.search(sentence) for sentence, _ in sentences):
        return ""
    return "".join(sentence + end if _DIRECTIVE.search(sentence) else _GAP for sentence, end in sentences)


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text without what is marked as material, in parts, and whether a tag says that one is a rule."""
    tags = list(_TAG.finditer(text))
    last = {tag["name"]: tag.start() for tag in tags if tag["closes"]}
    at, material, rules = 0, "", ""
    for tag in tags:
        name, opens = tag["name"], not tag["closes"] and last.get(tag["name"], -1) > tag.end()
        if material:
            if tag["closes"] and name == material:
                at, material = tag.end(), ""
        elif rules and tag["closes"] and name == rules:
            yield text[at : tag.start()] + _GAP, True
            at, rules = tag.end(), ""
        elif opens and not (rules and _is_of_rules(name)):
            yield _unmarked(text[at : tag.start()], rules) + _GAP, bool(rules)
            at = tag.end()
            material, rules = ("", name) if _is_of_rules(name) else (name, rules)
    yield _unmarked(text[at:], rules), bool(rules)


def _unmarked(text: str, rules: str) -> str:
    return text if rules else _MARKED.sub(_GAP, text)


def _is_of_rules(tag: str) -> bool:
    return any(map(_OF_RULES.fullmatch, re.split("[_-]", tag)))
