"""The arms: which rows a student is trained on, in which order, with which share of the tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from questions import document_texts
from rows import Tokens, chat_tokens, endless, packs, text_tokens
from teachers import read_set

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
    "facts": "knowledge_closed_book_text.jsonl",
    "closed": "messages_all.jsonl",
    "pairs": "knowledge_closed_book_pairs.jsonl",
}
TEACHERLESS = ("none", "open-book", "raw")
FACTS = "document_facts"
PIECE = 512  # tokens of a document in a row of its own


def source_rows(source: str, tokenizer: Any, documents: list[str], sets: Path | None) -> list[Tokens]:
    if source == "raw":
        texts = [text for document in documents for text in document_texts(document).values()]
        return [piece for text in texts for piece in text_tokens(tokenizer, text, PIECE)]
    assert sets is not None, f"{source} needs a teacher"
    rows = read_set(sets / FILES[source])
    if source == "facts":
        lists = [row["text"] for row in rows if json.loads(row["metadata"])["dataset"] == FACTS]
        return [piece for text in lists for piece in text_tokens(tokenizer, text, PIECE)]
    return [chat_tokens(tokenizer, row["messages"], unmask=row.get("unmask", False)) for row in rows]


def arm_packs(
    stages: list[list[list[Tokens]]], seed: int, budget: int, step: int, longest: int
) -> Iterator[list[Tokens]]:
    """The steps of an arm, of the rows of its stages' sources."""
    share = budget // len(stages)
    return chain.from_iterable(
        packs(endless(sources, seed * 100 + number), share, step, longest)
        for number, sources in enumerate(stages)
    )
