"""Plain generation: rows in, the same rows with an answer out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.builders.text_generation.task import COLUMN, TextGenerationTask
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.canonical import canonical
from fms_dgt.core.composed import Flow
from fms_dgt.core.fixed_text import fixed_pieces
from fms_dgt.core.kit import Kit
from fms_dgt.core.overlap import RUN
from fms_dgt.core.plain_words import normal, words
from fms_dgt.core.record import Columns
from fms_dgt.core.row import Row
from fms_dgt.core.source import Source
from fms_dgt.core.stages import Check, Generate, Map, Outcome, Prompt, Stage
from fms_dgt.core.table_source import Table, rows_of
from fms_dgt.core.template import GIVEN, names_in
from fms_dgt.errors import InputError, Problem, Rejected

STAGE = "generate"


class TextGenerationBuilder(DataBuilder[TextGenerationTask]):
    """Plain generation: asks about each row of a table, and writes the answers in a new column."""

    record = Columns

    def source(self, task: TextGenerationTask) -> Source:
        return rows_of(task.input)

    def check(self, task: TextGenerationTask) -> list[Problem]:
        return task.input.problems() if isinstance(task.input, Table) else []

    def notes(self, task: TextGenerationTask) -> list[str]:
        made = _into(task)
        there = next(iter(task.input), {})
        names = [name for name in ([made] if isinstance(made, str) else made) if name in there]
        return [f"the column '{name}' of the rows is replaced by the answer" for name in names]

    def flow(self, task: TextGenerationTask) -> Flow:
        prompt = Prompt(task.prompt, system=task.system, reply=task.reply.said, params=dict(task.params))
        count, grouped = task.num_generations, task.group_generations
        made = _into(task)
        columns = [made] if isinstance(made, str) else made
        checked = columns if _has_words(task) else ()
        copies = [Check("copies", on=name, name=f"{name}_copies") for name in checked]
        # where each answer is a row, one that fails takes no other with it
        apart = count > 1 and not (grouped or task.reply.several)
        return Flow(
            has_values(self._used(task)),
            *([Copies(count)] if apart else []),
            Answer(
                prompt,
                into=made,
                count=1 if apart else count,
                spread=not grouped,
                name=STAGE,
            ),
            *copies,
        )

    def _used(self, task: TextGenerationTask) -> frozenset[str]:
        """The columns of a row that the prompts use."""
        try:
            names = names_in(task.prompt) | names_in(task.system)
        except InputError:
            # told where the prompt is compiled
            return frozenset()
        return names - GIVEN - self.columns(task).keys()


def told_apart(rows: Sequence[Row | Rejected], columns: Iterable[str]) -> list[Row | Rejected]:
    """The rows of one reply, less those that have the words of an earlier one."""
    seen: set[str] = set()
    told: list[Row | Rejected] = []
    for row in rows:
        if isinstance(row, Row):
            said = canonical([_normal(row[name]) for name in sorted(columns)]).decode()
            told.append(Rejected("like another item of the same reply", said) if said in seen else row)
            seen.add(said)
    return told


def _normal(value: Any) -> Any:
    return normal(value) if isinstance(value, str) else value


def _has_words(task: TextGenerationTask) -> bool:
    """Whether prompts have words of their own that an answer could hand back."""
    pieces = [*fixed_pieces(task.prompt), *fixed_pieces(task.system)]
    return any(len(words(piece)) >= RUN for piece in pieces)


def _into(task: TextGenerationTask) -> str | tuple[str, ...]:
    """The new column, or one for each part of the answer."""
    return task.into or task.reply.parts or COLUMN


def has_values(columns: frozenset[str]) -> Map:
    """Rejects rows that lack one of the columns, or have nothing in any of them."""

    def has_values(row: Row) -> Mapping[str, Any]:
        for name in sorted(columns):
            if row.get(name) is None:
                raise Rejected(f"no value in the column '{name}'")
        if columns and all(isinstance(row[name], str) and not row[name].strip() for name in columns):
            raise Rejected("nothing to ask about")
        return {}

    return Map(has_values)


@dataclass(frozen=True)
class Copies(Stage):
    """The same row `count` times, each to be answered by itself."""

    count: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or "copies")

    def multiplies(self) -> int:
        return self.count

    async def run(self, row: Row, kit: Kit) -> Outcome:
        return [row] * self.count


@dataclass(frozen=True)
class Answer(Generate):
    """Asks; the parts of an answer go into the columns of their names, whatever order they came in.

    Of the items of a list, those that repeat an earlier one end here.
    """

    async def run(self, row: Row, kit: Kit) -> Outcome:
        made = await super().run(row, kit)
        return told_apart(made, self.makes()) if isinstance(made, list) else made

    def _columns(self, value: Any) -> dict[str, Any]:
        if isinstance(self.into, str):
            return {self.into: value}
        return {name: value.get(name) for name in self.into}

    def functions(self) -> Iterator[Any]:
        yield Answer._columns
