"""The arms: which rows a student is trained on, in which order, with which share of the tokens."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from questions import document_texts
from rows import Tokens, chat_tokens, endless, packs, text_tokens
from teachers import Row, read_set

# Each arm is its stages, one after the other with equal shares of the tokens; a stage mixes its sources.
ARMS: dict[str, list[list[str]]] = {
    "none": [],
    "open-book": [],
    "raw": [["raw"]],
    "phase1": [["phase1"]],
    "phase1+2": [["phase1"], ["phase2"]],
    "closed": [["closed"]],
    "raw+closed": [["raw", "closed"]],
    "phase1+closed": [["phase1", "closed"]],
    "raw+facts": [["raw", "facts"]],
    "raw+facts+pairs": [["raw", "facts", "pairs"]],
    "raw-then-pairs": [["raw"], ["pairs"]],
}
FILES = {
    "phase1": "knowledge_phase1.jsonl",
    "phase2": "knowledge_phase2.jsonl",
    "facts": "knowledge_phase1.jsonl",
    "closed": "messages_all.jsonl",
    "pairs": "messages_all.jsonl",
}
TEACHERLESS = ("none", "open-book", "raw")
FACTS = "document_summary_atomic_facts"
PIECE = 512  # tokens of a document in a row of its own


def source_rows(source: str, tokenizer: Any, documents: list[str], sets: Path | None) -> list[Tokens]:
    if source == "raw":
        texts = [text for document in documents for text in document_texts(document).values()]
        return [piece for text in texts for piece in text_tokens(tokenizer, text, PIECE)]
    assert sets is not None, f"{source} needs a teacher"
    rows = read_set(sets / FILES[source])
    if source == "facts":
        return [piece for text in fact_lists(rows) for piece in text_tokens(tokenizer, text, PIECE)]
    if source == "pairs":
        return [chat_tokens(tokenizer, turns, unmask=True) for turns in pairs_by_section(rows)]
    return [chat_tokens(tokenizer, row["messages"], unmask=row.get("unmask", False)) for row in rows]


def fact_lists(rows: list[Row]) -> list[str]:
    """The lists of facts that phase 1 asks for, each as a text of its own."""
    return [row["messages"][-1]["content"] for row in rows if _about(row)["dataset"] == FACTS]


def pairs_by_section(rows: list[Row]) -> list[list[dict[str, str]]]:
    """The pairs of each section as the turns of one conversation, without the section."""
    conversations: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        conversations[_about(row)["raw_document"]].extend(row["messages"])
    return list(conversations.values())


def _about(row: Row) -> dict[str, str]:
    about: dict[str, str] = json.loads(row["metadata"])
    return about


def arm_packs(
    stages: list[list[list[Tokens]]], seed: int, budget: int, step: int, longest: int
) -> Iterator[list[Tokens]]:
    """The steps of an arm, of the rows of its stages' sources."""
    share = budget // len(stages)
    return chain.from_iterable(
        packs(endless(sources, seed * 100 + number), share, step, longest)
        for number, sources in enumerate(stages)
    )
