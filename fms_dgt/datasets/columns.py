"""Which columns a row must have, by whatever name, and what they are called here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fms_dgt.core.node import kind_of
from fms_dgt.datasets.tables import SomeRow, Table
from fms_dgt.errors import InputError, Problem

Kind: TypeAlias = Literal["knowledge", "skills", "messages"]

# Our name, then those that sdg_hub, InstructLab and common instruction sets use.
_KNOWLEDGE_TEXTS = {
    "question": ("question",),
    "response": ("response", "answer"),
    "document": ("document",),
}
_SKILLS_TEXTS = {
    "instruction": ("instruction", "question"),
    "response": ("response", "answer", "output"),
}
_OPTIONAL = {
    "context": ("context", "input"),
    "raw_document": ("raw_document", "base_document"),
    "document_outline": ("document_outline",),
    "document_name": ("document_name", "document_path", "source"),
    "domain": ("domain",),
    "dataset_type": ("dataset_type",),
    "task_name": ("task_name",),
    "taxonomy_path": ("taxonomy_path", "leaf_node_path"),
}
_REQUIRED: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    "knowledge": _KNOWLEDGE_TEXTS,
    "skills": _SKILLS_TEXTS,
    "messages": {"messages": ("messages",)},
}
_COMMAND = {"knowledge": "fms_dgt datasets knowledge", "skills": "fms_dgt datasets skills"}
_TYPES = {
    "document": "base_document",
    "detailed_summary": "summary_detailed",
    "extractive_summary": "summary_extractive",
    "atomic_facts": "summary_atomic_facts",
}
BASE = "base_document"
SHOWN_NOTES = 3


@dataclass(frozen=True, slots=True)
class KnowledgeRow:
    """A question about a document and its answer; `dataset_type` is in InstructLab's words."""

    question: str
    response: str
    document: str
    raw_document: str
    document_outline: str
    document_name: str
    domain: str
    dataset_type: str
    task_name: str
    taxonomy_path: str


@dataclass(frozen=True, slots=True)
class SkillsRow:
    """An instruction and its response; `others` is all else that the row said."""

    instruction: str
    response: str
    context: str
    others: SomeRow


def kind_of_table(table: Table) -> Kind | None:
    """What a table's rows are, by the columns of its first row."""
    first = table.first() or {}
    kinds: tuple[Kind, ...] = ("messages", "knowledge", "skills")
    return next((kind for kind in kinds if not _missing(first, kind)), None)


def only(found: Iterable[Table], kind: Kind) -> tuple[list[Table], list[str]]:
    """The tables whose rows are of a kind, and notes on those left out. Raises InputError.

    A table that was found in a folder may be of another kind, or empty; one that was named may not.
    """
    right: list[Table] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for table in found:
        first = table.first()
        if first is None:
            notes.append(f"{table.name}: holds no rows")
        elif not (missing := _missing(first, kind)) and not (kind == "skills" and "document" in first):
            right.append(table)
        elif table.stray:
            notes.append(f"{table.name}: left out, its rows are no {kind} rows")
        else:
            problems.append(_misfit(table, kind, first, missing))
    if problems:
        raise InputError(problems)
    if not right:
        what = f"there are no {kind} rows in what was given"
        raise InputError([Problem(what, "; ".join(notes[:SHOWN_NOTES]) or "name a run that has made some")])
    return right, notes


def _missing(row: SomeRow, kind: Kind) -> list[str]:
    return [name for name, names in _REQUIRED[kind].items() if not any(one in row for one in names)]


def _misfit(table: Table, kind: Kind, first: SomeRow, missing: Iterable[str]) -> Problem:
    names = [" or ".join(f"'{one}'" for one in _REQUIRED[kind][name]) for name in missing]
    what = f"has no column {', no column '.join(names)}" if names else f"has no {kind} rows"
    there = kind_of_table(table)
    if there in _COMMAND and there != kind:
        mend = f"its rows are {there} rows: {_COMMAND[there]}"
    else:
        mend = f"it has: {', '.join(first)}"
    return Problem(what, mend, table.name)


def knowledge_rows(found: Iterable[Table]) -> Iterator[KnowledgeRow]:
    """Every row, in order. Raises InputError where a text is missing."""
    for table in found:
        for number, row in table.rows():
            if row:
                texts = _texts(table, number, row, "knowledge")
                yield _knowledge_row(row, **texts)


def _knowledge_row(row: SomeRow, question: str, response: str, document: str) -> KnowledgeRow:
    dataset_type = _said(row, "dataset_type") or BASE
    return KnowledgeRow(
        question=question,
        response=_untagged(response),
        document=document,
        raw_document=_said(row, "raw_document") or document,
        document_outline=_said(row, "document_outline"),
        document_name=_said(row, "document_name"),
        domain=_said(row, "domain"),
        dataset_type=_TYPES.get(dataset_type, dataset_type),
        task_name=_said(row, "task_name"),
        taxonomy_path=_said(row, "taxonomy_path"),
    )


def skills_rows(found: Iterable[Table]) -> Iterator[SkillsRow]:
    """Every row, in order. Raises InputError where a text is missing."""
    used = {name for names in _SKILLS_TEXTS.values() for name in names} | {*_OPTIONAL["context"]}
    for table in found:
        for number, row in table.rows():
            if row:
                texts = _texts(table, number, row, "skills")
                others = {name: value for name, value in row.items() if name not in used}
                yield SkillsRow(**texts, context=_said(row, "context"), others=others)


def node_of(row: SomeRow) -> str:
    """The node of the taxonomy that a row is of, or its task; "" where it does not say."""
    # InstructLab writes a node as knowledge->shop->prices
    return _said(row, "taxonomy_path").replace("->", "/") or _said(row, "task_name")


def _said(row: SomeRow, name: str) -> str:
    values = (row.get(one) for one in _OPTIONAL[name])
    return next((str(value) for value in values if value is not None), "").strip()


def _texts(table: Table, number: int, row: SomeRow, kind: Kind) -> dict[str, str]:
    texts = {}
    for name, names in _REQUIRED[kind].items():
        said = next((one for one in names if row.get(one) is not None), names[0])
        value = row.get(said)
        if not isinstance(value, str) or not value.strip():
            what = f"'{said}' is {'empty' if isinstance(value, str) else kind_of(value)}, and must be text"
            raise InputError([Problem(what, "mend the row or take it out", table.place(number))])
        texts[name] = value.strip()
    return texts


# what sdg_hub's parser leaves around an answer; inside one it may be meant
_TAGS = ("[END]", "[End]", "[ANSWER]")


def _untagged(response: str) -> str:
    text = response
    while True:
        cut = text
        for tag in _TAGS:
            cut = cut.removeprefix(tag).removesuffix(tag).strip()
        if cut == text or not cut:
            return text
        text = cut
