"""Whether every column is there where a flow in YAML uses it, told with the stage's line."""

from __future__ import annotations

from collections.abc import Sequence

from fms_dgt.builders.pipeline.reading import Reading
from fms_dgt.core.composed import Branch, ForEach, Together
from fms_dgt.core.node import Node
from fms_dgt.core.stages import Check, Generate, Stage
from fms_dgt.errors import Problem, did_you_mean


class ColumnCheck:
    """Walks a flow as a row would, on every way through its branches.

    The binding checks this of every flow; here it is known in which line a stage stands.
    """

    def __init__(self, reading: Reading) -> None:
        self.problems: list[Problem] = []
        self._reading = reading
        # a column that is missing is missing for all that follows
        self._told: set[str] = set()

    def stages(self, stages: Sequence[Stage], there: frozenset[str]) -> list[frozenset[str]]:
        """The columns that are there at the end of each way."""
        for at, stage in enumerate(stages):
            self._uses(stage, there)
            if isinstance(stage, Branch):
                ways = [self.stages((*way.stages, *stages[at + 1 :]), there) for way in stage.to.values()]
                return [end for ends in ways for end in ends]
            self._inside(stage, there)
            there |= stage.makes()
        return [there]

    def output(self, columns: Sequence[Node], ends: list[frozenset[str]]) -> None:
        """What records are to have must be there at every end."""
        known = frozenset().union(*ends)
        for node in columns:
            name = str(node.value)
            if name not in self._told and any(name not in end for end in ends):
                what = f"records are to have the column '{name}', which nothing makes"
                self.problems.append(
                    node.problem(what, did_you_mean(name, known, noun="columns that are there"))
                )

    def _inside(self, stage: Stage, there: frozenset[str]) -> None:
        inner_there = there | {stage.item} if isinstance(stage, ForEach) else there
        for inner in stage.inner():
            self._uses(inner, inner_there)
            self._inside(inner, inner_there)
            if not isinstance(stage, Together):
                inner_there |= inner.makes()
        if isinstance(stage, ForEach):
            for old in stage.gather.values():
                self._missing(stage, old, inner_there, "gathers")

    def _uses(self, stage: Stage, there: frozenset[str]) -> None:
        for column in sorted(stage.needs()):
            self._missing(stage, column, there, "needs")
        name = stage.template if isinstance(stage, Check | Generate) else None
        if name in self._reading.templates:
            for column in sorted(self._reading.templates[name].variables):
                self._missing(stage, column, there, "has in its prompt")

    def _missing(self, stage: Stage, column: str, there: frozenset[str], verb: str) -> None:
        if column in there or column in self._told:
            return
        self._told.add(column)
        node = self._reading.places[stage.name]
        what = f"the stage '{stage.name}' {verb} the column '{column}', which is not there"
        mend = did_you_mean(column, there, noun="columns that are there")
        self.problems.append(Problem(what, mend, str(node.place)))
