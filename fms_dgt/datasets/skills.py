"""Skills as conversations: the instruction, below its context where it has one, and the response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fms_dgt.datasets.columns import MESSAGES, Schema, bad_row, first_as_text, only, texts_of
from fms_dgt.datasets.conversations import conversation, conversation_problem, turns, with_system
from fms_dgt.datasets.row_file import Message
from fms_dgt.datasets.tables import Given, SomeRow, Table, not_for_training, tables
from fms_dgt.datasets.training_set import TrainingRow, TrainingSet

FREE, GROUNDED, WHOLE = "free", "grounded", "conversation"


@dataclass(frozen=True, kw_only=True)
class SkillsColumns:
    """The names of a flow's own columns; "" where it has the usual ones."""

    prompt: str = ""
    response: str = ""
    context: str = ""
    system: str = ""

    def schema(self) -> Schema:
        """Where a row has what."""
        return Schema.of(
            "skills",
            instruction=self.prompt,
            response=self.response,
            context=self.context,
            system=self.system,
        )


@dataclass(frozen=True, slots=True)
class SkillsRow:
    """A conversation, and all else that the row has. `messages` ends with an answer."""

    kind: str
    messages: list[Message]
    others: SomeRow


def create_skills_ds(generated: Given, columns: SkillsColumns | None = None) -> TrainingSet:
    """One conversation a record; all other columns become metadata. Raises InputError."""
    schema = (columns or SkillsColumns()).schema()
    found, notes = only(tables(generated), schema)

    def make(said: list[str]) -> Iterator[TrainingRow]:
        said.extend([*notes, *not_for_training(found)])
        yield from skill_rows(skills_rows(found, schema))

    return TrainingSet("skills", make)


def skill_rows(rows: Iterable[SkillsRow]) -> Iterator[TrainingRow]:
    """The conversations as rows of a set."""
    for row in rows:
        about = {name: value for name, value in row.others.items() if value not in (None, "")}
        yield TrainingRow(row.kind, row.messages, {"dataset": f"skills_{row.kind}", **about})


def skills_rows(found: Iterable[Table], schema: Schema | None = None) -> Iterator[SkillsRow]:
    """Every row, in order. Raises InputError where a text is missing."""
    columns = schema or Schema("skills")
    for table in found:
        for number, row in table.rows():
            if row:
                yield _skills_row(table, number, row, columns)


def _skills_row(table: Table, number: int, row: SomeRow, schema: Schema) -> SkillsRow:
    system = optional_text(row, schema.names("system"))
    used = {MESSAGES, *schema.columns("instruction", "response", "context", "system")}
    if schema.is_conversation(row):
        kind, messages = WHOLE, _conversation(table, number, row)
    else:
        texts = texts_of(table, number, row, schema)
        context = first_as_text(row, schema.names("context"))
        kind, messages = GROUNDED if context else FREE, _question_and_answer(**texts, context=context)
    others = {
        name: value for name, value in row.items() if name not in used or _is_unread(name, value, schema)
    }
    return SkillsRow(kind, with_system(messages, system), others)


def _conversation(table: Table, number: int, row: SomeRow) -> list[Message]:
    problem = conversation_problem(row[MESSAGES])
    if not problem and row[MESSAGES][-1]["role"] != "assistant":
        problem = f"the last turn of '{MESSAGES}' is not the assistant's"
    if problem:
        raise bad_row(table, number, problem)
    return conversation(row[MESSAGES])


def _question_and_answer(instruction: str, response: str, context: str) -> list[Message]:
    """A context that already is in the instruction is not given twice."""
    within = context in instruction
    return turns(instruction if within else f"{context}\n\n{instruction}", response)


def optional_text(row: Mapping[str, Any], names: Iterable[str]) -> str:
    """The text of the first of the columns that has one; "" where none has."""
    values = (row.get(name) for name in names)
    return next((value.strip() for value in values if isinstance(value, str) and value.strip()), "")


def _is_unread(name: str, value: Any, schema: Schema) -> bool:
    """A system column that holds no text is metadata."""
    return name in schema.names("system") and not isinstance(value, str)
