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

    def stages(self, stages: Sequence[Stage], there: frozenset[str]) -> frozenset[str]:
        """The columns that are there at the end, whichever way a row went."""
        for stage in stages:
            self._uses(stage, there)
            if isinstance(stage, Branch):
                # ways are not followed apart to the end: their number doubles with every branch
                ends = [self.stages(way.stages, there) for way in stage.to.values()]
                there = there.union(frozenset.intersection(*ends) if ends else ())
                continue
            self._inside(stage, there)
            there |= stage.makes()
        return there

    def output(self, columns: Sequence[Node], there: frozenset[str]) -> None:
        """What records are to have must be there at the end."""
        for node in columns:
            name = str(node.value)
            if name not in self._told | there:
                what = f"records are to have the column '{name}', which nothing makes"
                self.problems.append(
                    node.problem(what, did_you_mean(name, there, noun="columns that are there"))
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
