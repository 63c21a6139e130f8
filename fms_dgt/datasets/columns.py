"""Which columns a row must have, by whatever name, and what they are called here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fms_dgt.core.node import kind_of
from fms_dgt.datasets.tables import SomeRow, Table
from fms_dgt.errors import InputError, Problem, did_you_mean

Kind: TypeAlias = Literal["knowledge", "skills", "messages", "preference"]
Names: TypeAlias = Mapping[str, tuple[str, ...]]

# Our name, then those that sdg_hub, InstructLab and common instruction sets use.
_REQUIRED: Mapping[Kind, Names] = {
    "knowledge": {
        "question": ("question",),
        "response": ("response", "answer"),
        "document": ("document",),
    },
    "skills": {
        "instruction": ("instruction", "question"),
        "response": ("response", "answer", "output"),
    },
    "preference": {"chosen": ("chosen",), "rejected": ("rejected",)},
    "messages": {"messages": ("messages",)},
}
OPTIONAL: Names = {
    "context": ("context", "input"),
    "system": ("system_prompt", "system"),
    "prompt": ("prompt",),
    "raw_document": ("raw_document", "base_document"),
    "document_outline": ("document_outline",),
    "document_name": ("document_name", "document_path", "source"),
    "domain": ("domain",),
    "dataset_type": ("dataset_type",),
    "task_name": ("task_name",),
    "taxonomy_path": ("taxonomy_path", "leaf_node_path"),
}
MESSAGES = "messages"
# columns that rows may have besides
_MAY_HAVE: Mapping[Kind, tuple[str, ...]] = {
    "skills": ("context", "system"),
    "preference": ("prompt", "system"),
}
_COMMAND = {kind: f"fms_dgt datasets {kind}" for kind in ("knowledge", "skills", "preference")}
_TYPES = {
    "document": "base_document",
    "detailed_summary": "summary_detailed",
    "extractive_summary": "summary_extractive",
    "atomic_facts": "summary_atomic_facts",
}
BASE = "base_document"
SHOWN_NOTES = 3


@dataclass(frozen=True)
class Schema:
    """The columns of a kind of row. `own` has the user's names for some of them, by ours."""

    kind: Kind
    own: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: Kind, **own: str) -> Schema:
        """With the user's names, as far as they are not empty."""
        return cls(kind, {name: column for name, column in own.items() if column})

    def names(self, name: str) -> tuple[str, ...]:
        """The columns that may hold `name`, the likeliest first."""
        usual = _REQUIRED[self.kind].get(name) or OPTIONAL[name]
        return (self.own[name],) if name in self.own else usual

    def columns(self, *names: str) -> set[str]:
        """All columns that may hold one of them."""
        return {column for name in names for column in self.names(name)}

    def missing(self, row: SomeRow) -> list[str]:
        """What a row has no column for, by our names."""
        names = dict.fromkeys([*self._required(row), *self.own])
        return [name for name in names if not any(column in row for column in self.names(name))]

    def taken_twice(self, row: SomeRow) -> tuple[str, ...]:
        """A column that two of our names would be read from, and these two; empty where there is none."""
        readers: dict[str, str] = {}
        for name in dict.fromkeys([*_REQUIRED[self.kind], *self.own, *_MAY_HAVE.get(self.kind, ())]):
            column = next((column for column in self.names(name) if row.get(column) is not None), "")
            if column and readers.setdefault(column, name) != name:
                return column, readers[column], name
        return ()

    def fits(self, row: SomeRow) -> bool:
        """Whether rows like this one are of the kind."""
        # a knowledge row has the columns of a skill, too
        is_knowledge = self.kind == "skills" and not self.own and "document" in row
        return not self.missing(row) and not is_knowledge

    def _required(self, row: SomeRow) -> Iterable[str]:
        # a whole conversation needs no more
        return () if self.kind == "skills" and self.is_conversation(row) else _REQUIRED[self.kind]

    def is_conversation(self, row: SomeRow) -> bool:
        """Whether a row of skills is meant as a whole conversation."""
        given = row.get(MESSAGES)
        # a column that is named is meant
        if given is None or self.own.keys() & {"instruction", "response"}:
            return False
        return isinstance(given, list) or not any(column in row for column in self.names("instruction"))


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


def kind_of_table(table: Table) -> Kind | None:
    """What a table's rows are, by the columns of its first row."""
    first = table.first() or {}
    kinds: tuple[Kind, ...] = ("knowledge", "skills", "preference", "messages")
    return next(
        (kind for kind in kinds if all(_has(first, names) for names in _REQUIRED[kind].values())), None
    )


def _has(row: SomeRow, names: Iterable[str]) -> bool:
    return any(name in row for name in names)


def only(found: Iterable[Table], schema: Schema) -> tuple[list[Table], list[str]]:
    """The tables whose rows are of a kind, and notes on those left out. Raises InputError.

    A table that was found in a folder may be of another kind, or empty; one that was named may not.
    """
    right: list[Table] = []
    notes: list[str] = []
    misfits: list[tuple[Table, Problem]] = []
    for table in found:
        first = table.first()
        if first is None:
            notes.append(f"{table.name}: holds no rows")
        elif (twice := schema.taken_twice(first)) and schema.own:
            column, one, other = twice
            what = f"the column '{column}' would be both {one} and {other}"
            raise InputError([Problem(what, "name two columns", table.name)])
        elif schema.fits(first):
            right.append(table)
        else:
            misfits.append((table, _misfit(table, schema, first)))
            if table.stray:
                notes.append(f"{table.name}: left out, its rows are no {schema.kind} rows")
    # columns that no table has are misspelt
    wrong = [problem for table, problem in misfits if not table.stray or (schema.own and not right)]
    if wrong:
        raise InputError(wrong)
    if not right:
        what = f"there are no {schema.kind} rows in what was given"
        raise InputError([Problem(what, "; ".join(notes[:SHOWN_NOTES]) or "name a run that has made some")])
    return right, notes


def _misfit(table: Table, schema: Schema, first: SomeRow) -> Problem:
    missing = schema.missing(first)
    own = next((schema.own[name] for name in missing if name in schema.own), None)
    if own is not None:
        return Problem(f"has no column '{own}'", did_you_mean(own, first, noun="its columns"), table.name)
    names = [" or ".join(f"'{column}'" for column in schema.names(name)) for name in missing]
    what = f"has no column {', no column '.join(names)}" if names else f"has no {schema.kind} rows"
    there = kind_of_table(table)
    if there in _COMMAND and there != schema.kind:
        help_text = f"its rows are {there} rows: {_COMMAND[there]}"
    else:
        help_text = f"it has: {', '.join(first)}"
    return Problem(what, help_text, table.name)


def knowledge_rows(found: Iterable[Table]) -> Iterator[KnowledgeRow]:
    """Every row, in order. Raises InputError where a text is missing."""
    schema = Schema("knowledge")
    for table in found:
        for number, row in table.rows():
            if row:
                yield _knowledge_row(row, **texts_of(table, number, row, schema))


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


def node_of(row: SomeRow) -> str:
    """The node of the taxonomy that a row is of, or its task; "" where it does not say."""
    # InstructLab writes a node as knowledge->shop->prices
    return _said(row, "taxonomy_path").replace("->", "/") or _said(row, "task_name")


def _said(row: SomeRow, name: str) -> str:
    return first_as_text(row, OPTIONAL[name])


def first_as_text(row: SomeRow, columns: Iterable[str]) -> str:
    """The value of the first of the columns that has one, as text; "" where none has."""
    values = (row.get(column) for column in columns)
    return next((str(value) for value in values if value is not None), "").strip()


def texts_of(table: Table, number: int, row: SomeRow, schema: Schema) -> dict[str, str]:
    """The texts that a row must have, by our names. Raises InputError."""
    texts = {}
    for name in _REQUIRED[schema.kind]:
        names = schema.names(name)
        column = next((each for each in names if row.get(each) is not None), names[0])
        value = row.get(column)
        if not isinstance(value, str) or not value.strip():
            what = f"'{column}' is {'empty' if isinstance(value, str) else kind_of(value)}, and must be text"
            raise bad_row(table, number, what)
        texts[name] = value.strip()
    return texts


def bad_row(table: Table, number: int, what: str) -> InputError:
    """What is wrong with a row, and where it is."""
    return InputError([Problem(what, "change the row or take it out", table.place(number))])


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
