"""What is drawn of a task: its stages in words, without places."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from fms_dgt.binding.bound import BoundTask
from fms_dgt.binding.wiring import matching
from fms_dgt.core.composed import Branch, ForEach, Together, Unfold
from fms_dgt.core.record import Columns
from fms_dgt.core.source import Endless
from fms_dgt.core.stages import Check, FunctionStage, Generate, Map, Stage
from fms_dgt.drawing.counts import Counts

Shape = Literal["step", "together", "each", "some", "branch"]

KINDS: Mapping[type[Stage], str] = {
    Generate: "generate",
    Check: "check",
    Map: "map",
    FunctionStage: "function",
    Together: "together",
    ForEach: "for each",
    Unfold: "unfold",
    Branch: "branch",
}


@dataclass(frozen=True)
class Lane:
    """A way through a branch, or one of several stages that work at once."""

    steps: tuple[Step, ...]
    label: str = ""


@dataclass(frozen=True)
class Step:
    """A stage. `lines` say what it does, `rows` and `lost` what a run made of it."""

    name: str
    kind: str
    lines: tuple[str, ...]
    shape: Shape = "step"
    lanes: tuple[Lane, ...] = ()
    rows: int | None = None
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A task's flow. `source` and `records` are what it begins and ends with, `roles` who plays what."""

    title: str
    about: str
    source: tuple[str, ...]
    steps: tuple[Step, ...]
    records: tuple[str, ...]
    roles: tuple[str, ...]
    kept: int | None = None
    counted: str = ""

    def sentences(self) -> Iterator[str]:
        """The same in words, for those who do not see it."""
        yield from self.source
        for step in self.steps:
            yield from _told(step, "")
        yield from self.records
        yield from self.roles
        if self.counted:
            yield self.counted


def _told(step: Step, before: str) -> Iterator[str]:
    rows = () if step.rows is None else (rows_said(step.rows),)
    yield f"{before}{step.name} ({step.kind}): {'; '.join((*step.lines, *rows, *step.lost))}"
    for lane in step.lanes:
        where = f"{before}{step.name}{f', {lane.label}' if lane.label else ''}: "
        for inner in lane.steps:
            yield from _told(inner, where)


def rows_said(rows: int) -> str:
    """A number of rows, in words."""
    return "1 row" if rows == 1 else f"{rows:,} rows"


def figure_of(task: BoundTask, counts: Counts | None = None) -> Figure:
    """The figure of a bound task, with what a run has counted."""
    build = _Steps(task, counts)
    return Figure(
        title=task.name,
        about=task.builder_name,
        source=_source(task),
        steps=build.steps(task.flow.stages),
        records=_records(task),
        roles=tuple(_roles(task)),
        kept=counts.records if counts else None,
        counted=counts.said if counts else "",
    )


def _source(task: BoundTask) -> tuple[str, ...]:
    # a source that reads a stream does not know how many
    size = task.source.size()
    many = "draws without end" if task.source.endless else rows_said(size) if size is not None else "rows"
    source = task.source
    first = source.unit(0, 0, ()) if isinstance(source, Endless) else next(source.units(0), None)
    columns = _listed("columns", first.values) if first is not None else ()
    return (f"source: {many}", *columns)


def _records(task: BoundTask) -> tuple[str, ...]:
    if task.record is not Columns:
        return ("records", *_listed("columns", [*task.record.__dataclass_fields__]))
    return ("records", *_listed("columns", task.output or ["all of the row"]))


def _roles(task: BoundTask) -> Iterator[str]:
    for role, generator in task.generators.items():
        yield f"{role}: {_model(generator.type, generator.backend.options)}"
    for role, bound in task.validators.items():
        keep = bound.validator.options.threshold
        models = [_model(asked.type, asked.backend.options) for asked in bound.generators.values()]
        said = [bound.type, *models, *([] if keep is None else [f"threshold {keep:g}"])]
        yield f"{role}: {', '.join(said)}"


def _model(kind: str, options: Any) -> str:
    model = getattr(options, "model_id_or_path", None)
    # a path tells of the machine; its last part is the model
    name = PurePath(str(model)).name if model and str(model).startswith(("/", "~", ".")) else model
    return f"{kind} {name}" if name else kind


def _listed(what: str, names: Any) -> tuple[str, ...]:
    listed = ", ".join(map(str, names))
    return (f"{what}: {listed}",) if listed else ()


@dataclass(frozen=True)
class _Steps:
    """Stages in words."""

    task: BoundTask
    counts: Counts | None

    def steps(self, stages: Sequence[Stage]) -> tuple[Step, ...]:
        return tuple(self._step(stage) for stage in stages)

    def _step(self, stage: Stage) -> Step:
        rows = self.counts.rows.get(stage.name) if self.counts else None
        lost = self.counts.lost.get(stage.name, ()) if self.counts else ()
        shape, lanes = self._inside(stage)
        return Step(stage.name, _kind(stage), tuple(self._lines(stage)), shape, lanes, rows, tuple(lost))

    def _inside(self, stage: Stage) -> tuple[Shape, tuple[Lane, ...]]:
        if isinstance(stage, Branch):
            ways = stage.to.items()
            return "branch", tuple(
                Lane(self.steps(way.stages), f"{stage.on}: {value}") for value, way in ways
            )
        if isinstance(stage, Together):
            return "together", tuple(Lane(self.steps([inner])) for inner in stage.stages)
        if not stage.in_turn:
            return "some", tuple(Lane(self.steps([inner])) for inner in stage.inner())
        return ("each", (Lane(self.steps(stage.inner())),)) if stage.inner() else ("step", ())

    def _lines(self, stage: Stage) -> Iterator[str]:
        for role, template in dict.fromkeys(stage.asks()):
            shown = f" with {template}" if template not in (stage.name, "*") else ""
            yield f"asks {role}{shown}"
        if isinstance(stage, Check):
            yield from self._check(stage)
        if isinstance(stage, ForEach):
            gathered = (f"{new} from {old}" for new, old in stage.gather.items())
            yield from (f"each {stage.item} of {stage.column}", *_listed("gathers", gathered))
            return
        reads = sorted(self._reads(stage) - self.task.columns.keys())
        yield from _listed("reads", [] if isinstance(stage, Branch) else reads)
        if not isinstance(stage, Together):
            yield from _listed("makes", sorted(stage.makes()))
        yield from _settings(stage)
        if stage.multiplies() > 1 and not isinstance(stage, Branch):
            yield f"up to {stage.multiplies()} rows of one"
        if isinstance(stage, Branch):
            yield f"by {stage.on}"

    def _check(self, stage: Check) -> Iterator[str]:
        validator = self.task.validators.get(stage.validator)
        known = f" ({validator.type})" if validator and validator.type != stage.validator else ""
        yield f"measured by {stage.validator}{known}"
        if stage.keep is not None:
            yield f"keeps {stage.keep}"
        if stage.name in self.task.ordered_checks:
            yield f"against earlier records{f' within {stage.within}' if stage.within else ''}"

    def _reads(self, stage: Stage) -> set[str]:
        names = [name for _, pattern in stage.asks() for name in matching(pattern, self.task.templates)]
        if isinstance(stage, Check) and stage.template:
            names.append(stage.template)
        used = {
            v for name in names if name in self.task.templates for v in self.task.templates[name].variables
        }
        # what a function passes to its asks is its own affair
        return set(stage.needs()) if isinstance(stage, FunctionStage) else {*stage.needs(), *used}


def _settings(stage: Stage) -> Iterator[str]:
    """What a stage of a kind that is not known here is set to, as far as it is short."""
    if KINDS.keys() & set(type(stage).__mro__) or stage.inner():
        return
    said = {spec.name: getattr(stage, spec.name) for spec in dataclasses.fields(stage)}
    short = {name: v for name, v in said.items() if isinstance(v, str | int | float) and v not in ("", None)}
    shown = ", ".join(f"{name}: {value}" for name, value in short.items() if name != "name")
    if shown:
        yield shown


def _kind(stage: Stage) -> str:
    for cls in type(stage).__mro__:
        if cls in KINDS:
            return "judge" if isinstance(stage, Check) and stage.template else KINDS[cls]
    name = type(stage).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
