"""What a qna.yaml must say, by kind and schema version: every fault with its line, key and mend.

The rules are those of InstructLab's schemas; `schema.py` asks the schemas themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fms_dgt.core.node import Node
from fms_dgt.errors import did_you_mean
from fms_dgt.taxonomy.finding import Finding
from fms_dgt.taxonomy.layout import Kind
from fms_dgt.taxonomy.limits import entries

VERSIONS: Mapping[Kind, tuple[int, ...]] = {
    "compositional": (1, 2, 3),
    "foundational": (1, 2, 3),
    "knowledge": (3,),
}
LATEST = 3
MIGRATE = (
    "write 'version: 3', 'document_outline: ...', and below each of five or more 'context: ...' from the "
    "document three or more pairs as 'questions_and_answers'; remove 'task_description'"
)
PATTERNS_AS_TEXT = "patterns-as-text"

_HELP = {
    "version": "add 'version: 3'",
    "created_by": "add 'created_by: ...', your GitHub name",
    "task_description": "add 'task_description: ...', one sentence on what is wanted",
    "seed_examples": "add 'seed_examples:' and the examples below it",
    "domain": "add 'domain: ...', the subject in a word or two, like a chapter's title",
    "document_outline": "add 'document_outline: ...', one sentence on what the document is about",
    "document": "add 'document:' with 'repo', 'commit' and 'patterns' below it",
    "question": "add 'question: ...', what a user asks",
    "answer": "add 'answer: ...', what the model should reply",
    "context": "add 'context: ...', the part of the document that the questions are about",
    "questions_and_answers": "add 'questions_and_answers:' with a question and an answer each",
    "repo": "add 'repo: https://...', the git repository of the documents",
    "commit": "add 'commit: ...', the full id of a commit",
    "patterns": "add 'patterns:' and the names of the files below it, '- \"*.md\"' say",
}
_IN_A_PAIR = ("question", "answer")
_IN_A_CONTEXT = ("context", "questions_and_answers")
_IN_A_DOCUMENT = ("repo", "commit", "patterns")
_OF_A_SKILL = ("created_by", "task_description", "seed_examples")
_OF_KNOWLEDGE = ("created_by", "domain", "document_outline", "seed_examples", "document")
_STRAY = {
    "attribution": "remove it; sources belong in the file attribution.txt next to this one",
    "task_description": "remove it; version 3 has 'domain' and 'document_outline' in its place",
    "document": "remove it; only knowledge has documents, a skill's text is the 'context' of a seed example",
}


def version_of(root: Node) -> tuple[int, list[Finding]]:
    """The schema version that InstructLab reads a file by, and what is wrong with how it is said."""
    node = root.value.get("version")
    if node is None:
        return 1, []
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool):
        return value, []
    if isinstance(value, float) and value.is_integer():
        return int(value), []
    fault = Finding.at(
        node, "error", "type", f"must be a whole number, not {_shown(node)}", f"write 'version: {LATEST}'"
    )
    try:
        return int(value), [fault]
    except (ValueError, TypeError):
        return 1, [fault]


def content_faults(root: Node, kind: Kind, version: int) -> Iterator[Finding]:
    """Everything that the schema of this kind and version refuses."""
    known = VERSIONS[kind]
    if kind == "knowledge" and version in (1, 2):
        what = f"knowledge of version {version} is no longer read, by InstructLab either"
        yield Finding.at(root.value.get("version", root), "error", "deprecated", what, MIGRATE)
    elif version not in known:
        what = f"there is no version {version}"
        listed = " or ".join(map(str, known)) if len(known) < 3 else "1, 2 or 3"
        yield Finding.at(root.value.get("version", root), "error", "version", what, f"write {listed}")
    elif kind == "knowledge":
        yield from _knowledge(root)
    else:
        yield from _skill(root, version)


def _skill(root: Node, version: int) -> Iterator[Finding]:
    required = _OF_A_SKILL if version == 1 else ("version", *_OF_A_SKILL)
    yield from _keys(root, required, ("version",))
    yield from _texts(root, ("created_by",))
    yield from _texts(root, ("task_description",), blank=version == 1)
    for seed in entries(root, "seed_examples"):
        yield from _keys(seed, _IN_A_PAIR, ("context",))
        yield from _texts(seed, (*_IN_A_PAIR, "context"))
    least = 1 if version == 1 else 5
    yield from _list_faults(root, "seed_examples", "seed example", least, unique=version > 1)


def _knowledge(root: Node) -> Iterator[Finding]:
    yield from _keys(root, ("version", *_OF_KNOWLEDGE))
    yield from _texts(root, ("created_by", "domain", "document_outline"))
    for seed in entries(root, "seed_examples"):
        yield from _keys(seed, _IN_A_CONTEXT)
        yield from _texts(seed, ("context",))
        for pair in entries(seed, "questions_and_answers"):
            # the only place where the schema lets other keys stand
            yield from _keys(pair, _IN_A_PAIR, pair.value)
            yield from _texts(pair, _IN_A_PAIR)
        yield from _list_faults(seed, "questions_and_answers", "pair", 3, unique=True)
    yield from _list_faults(root, "seed_examples", "seed example", 5, unique=True)
    document = root.value.get("document")
    if document is not None:
        yield from _document(document)


def _document(node: Node) -> Iterator[Finding]:
    if not node.is_mapping:
        what = f"must be a mapping, not {_shown(node)}"
        yield Finding.at(node, "error", "type", what, "write 'repo', 'commit' and 'patterns' below it")
        return
    yield from _keys(node, _IN_A_DOCUMENT)
    yield from _texts(node, ("repo", "commit"))
    patterns = node.value.get("patterns")
    if patterns is not None and isinstance(patterns.value, str) and patterns.value.strip():
        mend = "put '- ' before each pattern, on lines of their own; a run of this program reads it as it is"
        yield Finding.at(patterns, "error", PATTERNS_AS_TEXT, "must be a list, not text", mend)
        return
    if patterns is not None and patterns.is_list:
        for one in patterns.value:
            yield from _text(one, blank=False)
    yield from _list_faults(node, "patterns", "pattern", 1, unique=True)


def _keys(node: Node, required: tuple[str, ...], optional: Any = ()) -> Iterator[Finding]:
    for key in required:
        if key not in node.value:
            yield Finding.at(node, "error", "missing", f"the key '{key}' is missing", _HELP[key])
    known = {*required, *optional}
    for key, child in node.items():
        if key not in known:
            mend = _STRAY.get(key) or did_you_mean(key, known, noun="known keys")
            yield Finding.at(child, "error", "unknown-key", f"unknown key '{key}'", mend)


def _texts(node: Node, keys: tuple[str, ...], *, blank: bool = False) -> Iterator[Finding]:
    for key in keys:
        if key in node.value:
            yield from _text(node.value[key], blank=blank)


def _text(node: Node, *, blank: bool) -> Iterator[Finding]:
    if node.value is None or (node.value == "" and not blank):
        yield Finding.at(node, "error", "empty", "is empty", "write it out, or remove the key")
    elif not isinstance(node.value, str):
        mend = "write text" if node.is_mapping or node.is_list else "put it in quotes"
        yield Finding.at(node, "error", "type", f"must be text, not {_shown(node)}", mend)


def _list_faults(node: Node, key: str, noun: str, least: int, *, unique: bool) -> Iterator[Finding]:
    child = node.value.get(key)
    if child is None:
        return
    if not child.is_list:
        yield Finding.at(
            child, "error", "type", f"must be a list, not {_shown(child)}", "put '- ' before each entry"
        )
        return
    listed = child.value
    if len(listed) < least:
        what = f"has {_count(len(listed), noun)}, and {least} are the least"
        yield Finding.at(child, "error", "too-few", what, f"add {least - len(listed)} more")
    if noun != "pattern":
        for entry in listed:
            if not entry.is_mapping:
                what = f"must be a {noun}, not {_shown(entry)}"
                yield Finding.at(entry, "error", "type", what, "write its keys below the '- '")
    if unique:
        yield from _repeated(listed)


def _repeated(entries: list[Node]) -> Iterator[Finding]:
    seen: dict[str, Node] = {}
    for entry in entries:
        said = json.dumps(entry.plain(), sort_keys=True)
        first = seen.setdefault(said, entry)
        if first is not entry:
            what = f"is the same as the one in line {first.place.line}"
            yield Finding.at(entry, "error", "repeated", what, "remove one, or change it")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number or 'no'} {noun}s"


def _shown(node: Node) -> str:
    if isinstance(node.value, bool):
        return f"{'yes' if node.value else 'no'} (true/false)"
    return f"the number {node.value}" if isinstance(node.value, int | float) else node.kind()
