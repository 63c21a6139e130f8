"""What each stage needs must have been made before it: checked before the first call."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fms_dgt.core.composed import Branch, Flow, ForEach, Together
from fms_dgt.core.record import Record
from fms_dgt.core.stages import Check, FunctionStage, Stage
from fms_dgt.core.template import Template
from fms_dgt.errors import Problem, did_you_mean


@dataclass(frozen=True)
class Wiring:
    """The names that a flow may use, and what is wrong with how it uses them."""

    where: str
    templates: Mapping[str, Template]
    ordered: frozenset[str]
    problems: list[Problem]

    def flow(self, flow: Flow, there: frozenset[str]) -> frozenset[str]:
        """The columns that are there at the end of the flow, whichever way a row went."""
        return self._stages(flow.stages, there)

    def output(self, columns: Sequence[str], there: frozenset[str]) -> None:
        """Each column of a record that is a choice of the row's must be there at the end."""
        for name in columns:
            if name not in there:
                mend = did_you_mean(name, there, noun="columns that are there")
                self._problem(f"records are to have the column '{name}', which nothing makes", mend)

    def record(self, record: type[Record], there: frozenset[str]) -> None:
        """Every field of the record that has no default must be there at the end."""
        for name in required_fields(record):
            if name not in there:
                mend = f"make it in a stage, or give the field a default ({did_you_mean(name, there)})"
                self._problem(f"the record {record.__name__} needs '{name}', which nothing makes", mend)

    def _stages(self, stages: tuple[Stage, ...], there: frozenset[str]) -> frozenset[str]:
        for stage in stages:
            self._needs(stage, there)
            if isinstance(stage, Branch):
                # ways are not followed apart to the end: their number doubles with every branch
                ends = [self._stages(flow.stages, there) for flow in stage.to.values()]
                there = there.union(frozenset.intersection(*ends) if ends else ())
                continue
            self._inside(stage, there)
            there |= stage.makes()
        return there

    def _inside(self, stage: Stage, there: frozenset[str]) -> None:
        if not stage.inner():
            return
        inner_there = there | {stage.item} if isinstance(stage, ForEach) else there
        for inner in stage.inner():
            self._needs(inner, inner_there)
            if isinstance(inner, Branch) or (isinstance(inner, Check) and inner.name in self.ordered):
                kind = "a branch" if isinstance(inner, Branch) else "a check against earlier records"
                self._problem(
                    f"{stage.name}: {kind} ({inner.name}) cannot be inside another stage",
                    "put it before or after",
                )
            self._inside(inner, inner_there)
            if not isinstance(stage, Together):
                inner_there |= inner.makes()
        if isinstance(stage, ForEach):
            for new, old in stage.gather.items():
                if old not in inner_there:
                    mend = did_you_mean(old, inner_there, noun="columns of an item")
                    self._problem(f"{stage.name} gathers '{new}' from '{old}', which no item has", mend)

    def _needs(self, stage: Stage, there: frozenset[str]) -> None:
        for column in sorted(stage.needs() - there):
            mend = did_you_mean(column, there, noun="columns that are there")
            self._problem(f"the stage '{stage.name}' needs the column '{column}', which nothing makes", mend)
        if isinstance(stage, FunctionStage):
            # what a function passes to its asks is its own affair
            return
        for name in self._asked(stage):
            if name in self.templates:
                self._variables(stage, self.templates[name], there)

    def _variables(self, stage: Stage, template: Template, there: frozenset[str]) -> None:
        for column in sorted(template.variables - there):
            mend = did_you_mean(column, there, noun="columns that are there")
            what = f"the template '{template.name}' uses '{column}', which is not there at '{stage.name}'"
            self.problems.append(Problem(what, mend, template.origin))

    def _asked(self, stage: Stage) -> Iterator[str]:
        for _, name in stage.asks():
            yield from matching(name, self.templates)
        if isinstance(stage, Check) and stage.template:
            yield stage.template

    def _problem(self, what: str, mend: str) -> None:
        self.problems.append(Problem(what, mend, self.where))


def matching(pattern: str, names: Mapping[str, object]) -> list[str]:
    """The names that a template's name or glob stands for."""
    return [name for name in names if fnmatch.fnmatchcase(name, pattern)] if "*" in pattern else [pattern]


def required_fields(record: type[Record]) -> list[str]:
    """The fields of a record type that have no default."""
    missing = dataclasses.MISSING
    fields = dataclasses.fields(record)
    return [f.name for f in fields if f.default is missing and f.default_factory is missing]
