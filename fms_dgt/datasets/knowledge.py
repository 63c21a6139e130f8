"""The training sets of LAB's knowledge tuning: phase 1 with the document in view, phase 2 with RAFT."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from fms_dgt.core.canonical import derived_random, digest
from fms_dgt.datasets.columns import BASE, KnowledgeRow, Schema, knowledge_rows, only
from fms_dgt.datasets.conversations import turns
from fms_dgt.datasets.instructions import INSTRUCTIONS
from fms_dgt.datasets.raft import Apart, Documents, RaftSettings
from fms_dgt.datasets.tables import Given, Table, not_for_training, tables
from fms_dgt.datasets.training_set import TrainingRow, TrainingSet

Rows: TypeAlias = Callable[[], Iterator[KnowledgeRow]]

QA, QA_WITH_DOCUMENT, SUMMARY = "raft", "question with document", "summary"
DATASET = "document_knowledge_qa"


def create_knowledge_pretraining_ds(
    generated: Given,
    add_auxiliary_dataset: bool = True,
    *,
    keep_document_outline: bool = False,
    seed: int = 0,
) -> TrainingSet:
    """Phase 1: each question with its document as user turn, every turn trained on; then summaries.

    `generated` is a run folder, a JSONL or Parquet file, a pandas frame, a Hugging Face dataset, or several
    of these. Raises InputError.
    """
    found, notes = only(tables(generated), Schema("knowledge"))

    def make(said: list[str]) -> Iterator[TrainingRow]:
        said.extend([*notes, *not_for_training(found)])
        rows = _reader(found)
        yield from open_book_rows(rows(), keep_document_outline=keep_document_outline)
        if add_auxiliary_dataset:
            yield from summary_rows(rows(), seed, said, unmask=True)

    return TrainingSet("knowledge, phase 1", make)


def create_knowledge_regular_ds(
    generated: Given,
    add_auxiliary_dataset: bool = True,
    *,
    p: float = 0.4,
    num_doc_in_context: int = 4,
    distractors: Apart = "documents",
    seed: int = 0,
) -> TrainingSet:
    """Phase 2: each question among documents, with its own among them in a share `p`; then summaries.

    `distractors` says whether the other texts come from other "documents", or only from other "chunks".
    Raises InputError.
    """
    raft = RaftSettings(p, num_doc_in_context, distractors)
    raft.check()
    found, notes = only(tables(generated), Schema("knowledge"))

    def make(said: list[str]) -> Iterator[TrainingRow]:
        said.extend([*notes, *not_for_training(found)])
        rows = _reader(found)
        with Documents(rows(), distractors) as documents:
            yield from raft_rows(rows(), documents, raft, seed=seed, said=said)
        if add_auxiliary_dataset:
            yield from summary_rows(rows(), seed, said, unmask=False)

    return TrainingSet("knowledge, phase 2", make)


def _reader(found: Sequence[Table]) -> Rows:
    return lambda: knowledge_rows(found)


def open_book_rows(
    rows: Iterable[KnowledgeRow], *, keep_document_outline: bool = False
) -> Iterator[TrainingRow]:
    """The document and the question; the trainer learns all of it (`unmask`)."""
    for row in rows:
        above = f"{row.document_outline}\n" if keep_document_outline and row.document_outline else ""
        asked = f"{above}{row.document}\n\n{row.question}"
        yield TrainingRow(QA_WITH_DOCUMENT, turns(asked, row.response), metadata(row, DATASET), unmask=True)


def closed_book_rows(rows: Iterable[KnowledgeRow]) -> Iterator[TrainingRow]:
    """The question by itself."""
    return (TrainingRow("", turns(row.question, row.response), metadata(row, DATASET)) for row in rows)


def raft_rows(
    rows: Iterable[KnowledgeRow], documents: Documents, raft: RaftSettings, *, seed: int, said: list[str]
) -> Iterator[TrainingRow]:
    """The question after a few documents in random order; only the answer is learned."""
    small = alone = 0
    for row in rows:
        random = derived_random(seed, "raft", row.question, row.response, row.document)
        context = documents.context(row, raft, random)
        small += 1 < len(context.texts) < raft.size
        alone += len(context.texts) == 1 < raft.size
        shown = "\n".join(f"Document:\n{text}\n\n" for text in context.texts)
        about = {**metadata(row, f"{DATASET}_raft_p{raft.p:g}"), "golden_in_context": context.golden}
        yield TrainingRow(QA, turns(f"{shown}\n\n{row.question}", row.response), about)
    if small or alone:
        said.append(_too_few(small, alone, len(documents)))


def _too_few(small: int, alone: int, documents: int) -> str:
    parts = [f"{small:,} contexts have fewer texts than asked for"] if small else []
    if alone:
        parts.append(f"{alone:,} have one text alone")
    there = "there is one document" if documents == 1 else f"there are {documents:,} documents"
    return f"{' and '.join(parts)}: {there} in all; merge runs over more, or let distractors be chunks"


def summary_rows(
    rows: Iterable[KnowledgeRow], seed: int, said: list[str], *, unmask: bool
) -> Iterator[TrainingRow]:
    """To summarise a chunk, once for each of its summaries."""
    seen: set[bytes] = set()
    others: Counter[str] = Counter()
    for row in rows:
        if row.dataset_type == BASE:
            continue
        if row.dataset_type not in INSTRUCTIONS:
            others[row.dataset_type] += 1
            continue
        key = digest([row.dataset_type, row.raw_document, row.document])
        if key in seen:
            continue
        seen.add(key)
        choice = derived_random(seed, "summary", row.raw_document, row.document)
        asked = choice.choice(INSTRUCTIONS[row.dataset_type])
        about = {
            "dataset_type": row.dataset_type,
            "raw_document": row.raw_document,
            "dataset": f"document_{row.dataset_type}",
            "domain": row.domain,
            **origin(row),
        }
        yield TrainingRow(SUMMARY, turns(f"{row.raw_document}\n\n{asked}", row.document), about, unmask)
    said.extend(f"{count:,} rows about '{name}' have no summary to learn" for name, count in others.items())


def metadata(row: KnowledgeRow, dataset: str) -> dict[str, Any]:
    """What is known about the row that a training row is made of."""
    return {
        "sdg_document": row.document,
        "domain": row.domain,
        "dataset": dataset,
        "raw_document": row.raw_document,
        "dataset_type": row.dataset_type,
        **origin(row),
    }


def origin(row: KnowledgeRow) -> dict[str, str]:
    """The document and the task, as far as the row has them."""
    said = {"document_name": row.document_name, "task_name": row.task_name}
    return {name: value for name, value in said.items() if value}
