"""The training set for a model that answers without the documents: their text, their facts, the pairs."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from fms_dgt.core.canonical import digest
from fms_dgt.datasets.columns import KnowledgeRow, Schema, knowledge_rows, only
from fms_dgt.datasets.conversations import turns
from fms_dgt.datasets.knowledge import origin
from fms_dgt.datasets.row_file import Message
from fms_dgt.datasets.tables import Given, not_for_training, tables
from fms_dgt.datasets.text_file import TextFile
from fms_dgt.datasets.training_set import TextRow, TrainingRow, TrainingSet

TEXT, FACTS, PAIRS = "chunk", "list of facts", "conversation"
TEXT_DATASET, FACTS_DATASET, PAIRS_DATASET = "document_text", "document_facts", "document_pairs"
_FACTS = "summary_atomic_facts"
# more is cut off by trainers that keep 1,024 tokens, TRL's default
_LONG = 600


def create_closed_book_text_ds(generated: Given) -> TrainingSet:
    """Each chunk of the documents once, as text, and each list of its facts once, as text.

    `generated` is a run folder, a JSONL or Parquet file, a pandas frame, a Hugging Face dataset, or several
    of these. Raises InputError.
    """
    found, notes = only(tables(generated), Schema("knowledge"))

    def make(said: list[str]) -> Iterator[TextRow]:
        said.extend([*notes, *not_for_training(found)])
        yield from text_rows(knowledge_rows(found), said)

    return TrainingSet("knowledge, closed book: text", make)


def create_closed_book_pairs_ds(generated: Given) -> TrainingSet:
    """The questions and answers of each chunk as one conversation without the chunk; all of it is learned.

    `generated` is as for `create_closed_book_text_ds`. Raises InputError.
    """
    found, notes = only(tables(generated), Schema("knowledge"))

    def make(said: list[str]) -> Iterator[TrainingRow]:
        said.extend([*notes, *not_for_training(found)])
        yield from conversation_rows(knowledge_rows(found), said)

    return TrainingSet("knowledge, closed book: pairs", make)


def text_rows(rows: Iterable[KnowledgeRow], said: list[str]) -> Iterator[TextRow]:
    """A row for each chunk and for each list of facts, in the order of the records."""
    chunks: set[bytes] = set()
    with_facts: set[bytes] = set()
    lists: set[bytes] = set()
    for row in rows:
        chunk = digest(row.raw_document)
        if chunk not in chunks:
            chunks.add(chunk)
            yield TextRow(TEXT, row.raw_document, _metadata(row, TEXT_DATASET))
        if row.dataset_type == _FACTS and (key := digest([row.raw_document, row.document])) not in lists:
            lists.add(key)
            with_facts.add(chunk)
            about = {**_metadata(row, FACTS_DATASET), "raw_document": row.raw_document}
            yield TextRow(FACTS, row.document, about)
    if not with_facts:
        said.append("the records have no lists of facts: the text is that of the documents alone")
    elif missing := len(chunks) - len(with_facts):
        said.append(f"{missing:,} of {len(chunks):,} chunks have no list of facts")


def conversation_rows(rows: Iterable[KnowledgeRow], said: list[str]) -> Iterator[TrainingRow]:
    """A row for each chunk, in the order in which the records name them first."""
    longest = 0
    with closing(TextFile()) as file:
        chunks = _chunks(rows, file)
        for chunk in chunks:
            messages: list[Message] = []
            for number in chunk.pairs:
                messages += turns(*json.loads(file.text(number)))
            about = {**chunk.metadata, "raw_document": file.text(chunk.text)}
            longest = max(longest, sum(len(turn["content"].split()) for turn in messages))
            yield TrainingRow(PAIRS, messages, about, unmask=True)
    if longest > _LONG:
        said.append(
            f"the longest conversation has {longest:,} words: raise the trainer's maximum length where it is "
            "below that many tokens and half as many again (TRL's max_length is 1,024)"
        )


@dataclass(slots=True)
class _Chunk:
    """A chunk and its pairs, by their numbers in the file of texts."""

    text: int
    metadata: dict[str, Any]
    pairs: array[int] = field(default_factory=lambda: array("Q"))


def _chunks(rows: Iterable[KnowledgeRow], file: TextFile) -> list[_Chunk]:
    """The chunks in order, with their texts and pairs in the file."""
    chunks: dict[bytes, _Chunk] = {}
    for row in rows:
        key = digest(row.raw_document)
        if key not in chunks:
            chunks[key] = _Chunk(file.add(row.raw_document), _metadata(row, PAIRS_DATASET))
        chunks[key].pairs.append(file.add(json.dumps([row.question, row.response])))
    file.flush()
    return list(chunks.values())


def _metadata(row: KnowledgeRow, dataset: str) -> dict[str, str]:
    return {"domain": row.domain, "dataset": dataset, **origin(row)}
