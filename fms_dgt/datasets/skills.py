"""Skills as conversations: the instruction, below its context where it has one, and the response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fms_dgt.datasets.columns import SkillsRow, only, skills_rows
from fms_dgt.datasets.knowledge import turns
from fms_dgt.datasets.tables import Given, not_for_training, tables
from fms_dgt.datasets.training_set import TrainingRow, TrainingSet

FREE, GROUNDED = "free", "grounded"


def create_skills_ds(generated: Given) -> TrainingSet:
    """One conversation a record; all other columns become metadata. Raises InputError."""
    found, notes = only(tables(generated), "skills")

    def make(said: list[str]) -> Iterator[TrainingRow]:
        said.extend([*notes, *not_for_training(found)])
        yield from skill_rows(skills_rows(found))

    return TrainingSet("skills", make)


def skill_rows(rows: Iterable[SkillsRow]) -> Iterator[TrainingRow]:
    """The conversations; a context that already stands in the instruction is not said twice."""
    for row in rows:
        within = row.context in row.instruction
        asked = row.instruction if within else f"{row.context}\n\n{row.instruction}"
        about = {name: value for name, value in row.others.items() if value not in (None, "")}
        kind = GROUNDED if row.context else FREE
        yield TrainingRow(kind, turns(asked, row.response), {"dataset": f"skills_{kind}", **about})
