"""What InstructLab's documents ask of a file beyond its schema: limits of length, and attribution."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fms_dgt.core.node import Node
from fms_dgt.documents import estimated_tokens
from fms_dgt.taxonomy.finding import Finding, Level
from fms_dgt.taxonomy.layout import FILE, Kind, shown

MAX_FILE_WORDS = 2_300
MAX_CONTEXT_TOKENS = 500
MAX_ANSWER_WORDS = 250
ATTRIBUTION = "attribution.txt"
_SHORTEN = "shorten it, or split it into two"


def length_findings(root: Node, kind: Kind, words: int) -> Iterator[Finding]:
    """What is longer than InstructLab's documents allow. Nothing enforces these limits."""
    if words > MAX_FILE_WORDS:
        what = f"the file has {words:,} words, and {MAX_FILE_WORDS:,} are the most that is asked for"
        yield Finding.at(root, "warning", "file-length", what, "shorten the examples, or leave some out")
    for seed in entries(root, "seed_examples"):
        context = seed.get("context")
        if context is not None and isinstance(context.value, str):
            # no token is shorter than a character
            tokens = estimated_tokens(context.value) if len(context.value) > MAX_CONTEXT_TOKENS else 0
            if tokens > MAX_CONTEXT_TOKENS:
                what = f"has about {tokens:,} tokens, and {MAX_CONTEXT_TOKENS} are the most that is asked for"
                yield Finding.at(context, "warning", "context-length", what, _SHORTEN)
        for pair in entries(seed, "questions_and_answers") if kind == "knowledge" else [seed]:
            yield from _long_answer(pair)


def attribution_findings(folder: Path, version: int, level: Level) -> Iterator[Finding]:
    """Whether the sources are named beside the file, as the public taxonomy asks from version 2 on."""
    if version < 2:
        return
    file = folder / ATTRIBUTION
    mend = "write title, link, licence and creator of the work into it"
    try:
        size = file.stat().st_size if file.is_file() else None
    except OSError:
        size = None
    if size is None:
        yield Finding(level, "attribution", f"there is no {ATTRIBUTION} beside {FILE}", mend, shown(file))
    elif not size:
        yield Finding(level, "attribution", "is empty", mend, shown(file))


def entries(node: Node, key: str) -> Iterator[Node]:
    """The entries of a list that are mappings; none where there is no list."""
    child = node.value.get(key)
    if child is not None and child.is_list:
        yield from (entry for entry in child.value if entry.is_mapping)


def _long_answer(pair: Node) -> Iterator[Finding]:
    answer = pair.get("answer")
    if answer is None or not isinstance(answer.value, str):
        return
    words = len(answer.value.split())
    if words > MAX_ANSWER_WORDS:
        what = f"has {words:,} words, and {MAX_ANSWER_WORDS} are the most that is asked for"
        yield Finding.at(answer, "warning", "answer-length", what, "shorten it")
