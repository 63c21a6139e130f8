"""Preferences as conversations: a prompt, and a better and a worse answer to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fms_dgt.datasets.columns import Schema, bad_row, only
from fms_dgt.datasets.conversations import conversation, conversation_problem, message, with_system
from fms_dgt.datasets.row_file import Message
from fms_dgt.datasets.skills import optional_text
from fms_dgt.datasets.tables import Given, SomeRow, Table, not_for_training, tables
from fms_dgt.datasets.training_set import PreferenceRow, TrainingSet

_ANSWERS = ("chosen", "rejected")


@dataclass(frozen=True, kw_only=True)
class PreferenceColumns:
    """The names of a flow's own columns; "" where it has the usual ones."""

    prompt: str = ""
    chosen: str = ""
    rejected: str = ""
    system: str = ""

    def schema(self) -> Schema:
        """Where a row has what."""
        return Schema.of(
            "preference",
            prompt=self.prompt,
            chosen=self.chosen,
            rejected=self.rejected,
            system=self.system,
        )


def create_preference_ds(generated: Given, columns: PreferenceColumns | None = None) -> TrainingSet:
    """Prompt, chosen and rejected answer as turns, so that a trainer uses its chat template.

    A prompt may be a text or turns, and so may the answers; without a prompt it is what both answers
    begin with. All other columns become metadata. Raises InputError.
    """
    schema = (columns or PreferenceColumns()).schema()
    found, notes = only(tables(generated), schema)

    def make(said: list[str]) -> Iterator[PreferenceRow]:
        said.extend([*notes, *not_for_training(found)])
        equal = 0
        for row in preference_rows(found, schema):
            if row.chosen == row.rejected:
                equal += 1
            else:
                yield row
        if equal:
            rows = "1 row is" if equal == 1 else f"{equal:,} rows are"
            said.append(f"{rows} left out: the chosen and the rejected answer are the same")

    return TrainingSet("preference", make)


def preference_rows(found: Iterable[Table], schema: Schema) -> Iterator[PreferenceRow]:
    """Every row, in order. Raises InputError where an answer or the prompt is missing."""
    for table in found:
        for number, row in table.rows():
            if row:
                yield _preference_row(table, number, row, schema)


def _preference_row(table: Table, number: int, row: SomeRow, schema: Schema) -> PreferenceRow:
    def turns(name: str, role: str) -> list[Message]:
        (column, *_) = schema.names(name)
        value = row.get(column)
        problem = _problem(value, column)
        if problem:
            raise bad_row(table, number, problem)
        return [message(role, value.strip())] if isinstance(value, str) else conversation(value or [])

    chosen, rejected = (turns(name, "assistant") for name in _ANSWERS)
    (asked,) = schema.names("prompt")
    prompt = turns("prompt", "user") if row.get(asked) is not None else _common(chosen, rejected)
    if not prompt:
        raise bad_row(table, number, f"there is no '{asked}', and the answers do not begin with one")
    chosen, rejected = _without(prompt, chosen), _without(prompt, rejected)
    if not chosen or not rejected:
        raise bad_row(table, number, "an answer has nothing but the prompt")
    used = schema.columns("prompt", "system", *_ANSWERS)
    others = {name: value for name, value in row.items() if name not in used and value not in (None, "")}
    system = optional_text(row, schema.names("system"))
    return PreferenceRow(with_system(prompt, system), chosen, rejected, {"dataset": "preference", **others})


def _problem(value: Any, column: str) -> str:
    if isinstance(value, str):
        return "" if value.strip() else f"'{column}' is empty, and must be text or turns"
    return conversation_problem(value, column)


def _common(chosen: list[Message], rejected: list[Message]) -> list[Message]:
    """The turns that both begin with."""
    both = list(zip(chosen, rejected, strict=False))
    length = next((at for at, (one, other) in enumerate(both) if one != other), len(both))
    return chosen[:length]


def _without(prompt: list[Message], answer: list[Message]) -> list[Message]:
    """An answer without the prompt that it repeats."""
    return answer[len(prompt) :] if answer[: len(prompt)] == prompt else answer
