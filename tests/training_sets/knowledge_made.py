"""Records as the knowledge builder makes them, with texts that tell where they are from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VARIANTS = ("document", "detailed_summary", "extractive_summary", "atomic_facts")


def text_of(document: str, chunk: int, variant: str) -> str:
    return f"<{document}/{chunk}> as {variant}"


def record(name: str = "a.md", chunk: int = 0, variant: str = "document", pair: int = 0, **said: Any) -> dict:
    where = f"{name}/{chunk}/{variant}/{pair}"
    made = {
        "task_name": "prices",
        "taxonomy_path": "knowledge/shop/prices",
        "task_description": "what things cost",
        "domain": "retail",
        "document_outline": "The price list",
        "question": f"What does {where} cost?",
        "response": f"{where} costs nothing.",
        "question_kind": "short_answer",
        "dataset_type": variant,
        "document": text_of(name, chunk, variant),
        "raw_document": text_of(name, chunk, "document"),
        "document_name": name,
        "headings": ["Prices"],
        "start": 0,
        "end": 10,
    }
    return {**made, **said}


def records(documents: int = 5, chunks: int = 2, pairs: int = 1, **said: Any) -> list[dict]:
    """`pairs` questions about each variant of each chunk of each document."""
    return list(_records(documents, chunks, pairs, said))


def _records(documents: int, chunks: int, pairs: int, said: dict) -> Iterator[dict]:
    for document in range(documents):
        for chunk in range(chunks):
            for variant in VARIANTS:
                for pair in range(pairs):
                    yield record(f"d{document}.md", chunk, variant, pair, **said)


def skill(number: int = 0, context: str = "", **said: Any) -> dict:
    made = {
        "task_name": "debate",
        "taxonomy_path": "compositional_skills/writing/debate",
        "task_description": "to argue",
        "instruction": f"Argue for number {number}.",
        "response": f"Number {number} is best.",
        "context": context,
        "question_score": 1.0,
        "question_reason": "",
        "pair_score": 3.0,
        "pair_reason": "clear",
    }
    return {**made, **said}


def lines(rows: list[dict]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def said(row: dict) -> tuple[str, str]:
    """What the user asks and the assistant answers."""
    assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]
    return row["messages"][0]["content"], row["messages"][1]["content"]


def about(row: dict) -> dict:
    return json.loads(row["metadata"])
