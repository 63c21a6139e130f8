"""A task with every name resolved: what the engine runs."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from fms_dgt.binding.wiring import matching
from fms_dgt.config.plan import TaskSettings
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.canonical import digest
from fms_dgt.core.composed import Branch, Flow
from fms_dgt.core.fits_json import check_shape, json_copy
from fms_dgt.core.generator import Generator, shaping
from fms_dgt.core.node import Node
from fms_dgt.core.record import Columns, Record
from fms_dgt.core.row import Row, Unit
from fms_dgt.core.source import Endless, Source
from fms_dgt.core.stages import Check, Stage
from fms_dgt.core.task import Task
from fms_dgt.core.template import Template
from fms_dgt.core.validator import OrderedValidator, Validator
from fms_dgt.safety.permissions import Permissions, under

_PLAIN = (str, int, float, bool, type(None))

# tasks that a note is told of one by one
MOST_NAMED = 3


@dataclass(frozen=True)
class BoundGenerator:
    """A generator as a role of a task: the backend and the sampling options that go with it.

    `limit_is_chosen` where somebody set its `max_tokens`, to a number or to null for none: that goes before
    the limit of a shipped template. One of a builder's own YAML does not: a template knows its answers.
    """

    type: str
    backend: Generator[Any]
    version: str
    limit_is_chosen: bool = False

    @cached_property
    def identity(self) -> str:
        """What of it shapes answers; part of every call's key.

        Options at their defaults are left out: one that a later version adds changes no old answer.
        """
        usual = {spec.name: spec.default for spec in dataclasses.fields(self.backend.options)}
        said = {name: value for name, value in shaping(self.backend).items() if value != usual.get(name)}
        return digest(
            [self.type, {name: value for name, value in said.items() if value not in ({}, [])}]
        ).hex()

    @property
    def lifts_limits(self) -> bool:
        """Whether somebody chose that answers have no limit of tokens."""
        return self.limit_is_chosen and self.backend.options.max_tokens is None

    @cached_property
    def sampling(self) -> Mapping[str, Any]:
        """Sampling options from the config; templates, stages and asks go before them."""
        return json_copy(self.backend.options.sampling())  # type: ignore[no-any-return]


@dataclass(frozen=True)
class BoundValidator:
    """A validator as a role of a task; `generators` are the roles that its own asks name."""

    type: str
    validator: Validator[Any] | OrderedValidator[Any]
    version: str
    generators: Mapping[str, BoundGenerator] = field(default_factory=dict)

    @property
    def ordered(self) -> OrderedValidator[Any] | None:
        """The validator, where it compares with earlier records."""
        return self.validator if isinstance(self.validator, OrderedValidator) else None


@dataclass(frozen=True)
class BoundTask:
    """Everything about a task that the engine needs."""

    name: str
    builder_name: str
    builder: DataBuilder[Any]
    task: Task
    settings: TaskSettings
    source: Source
    flow: Flow
    record: type[Record]
    columns: Mapping[str, Any]
    templates: Mapping[str, Template]
    generators: Mapping[str, BoundGenerator]
    validators: Mapping[str, BoundValidator]
    fingerprint: Mapping[str, str]
    config: Node
    resolved: Mapping[str, Any]
    folder: Path
    instruction_format: Mapping[str, str] = field(default_factory=dict)
    output: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    permissions: Permissions = field(default_factory=Permissions)
    # whether no number of records was given
    target_is_default: bool = False

    @property
    def target(self) -> int | None:
        """How many records are wanted; None for all that the source gives."""
        return self.settings.num_outputs_to_generate

    @cached_property
    def first_values(self) -> Mapping[str, Any]:
        """What the first unit's row begins with. Raises what the source raises."""
        with under(self.permissions):
            unit = first_unit(self.source, self.settings.seed)
        return unit.values if unit is not None else {}

    @cached_property
    def prompt_names(self) -> Mapping[tuple[str, str], str]:
        """The names of templates that are written in a stage, by the stage's name and the prompt's text."""
        stages = self.flow.walk()
        return {(stage.name, text): name for stage in stages for text, name in stage.prompt_names().items()}

    @cached_property
    def ordered_checks(self) -> Mapping[str, Check]:
        """The checks that are decided at commit, by stage name."""
        found = (stage for stage in self.flow.walk() if isinstance(stage, Check))
        return {stage.name: stage for stage in found if self.validators[stage.validator].ordered}

    @cached_property
    def fixed_texts(self) -> tuple[str, ...]:
        """The text that stands in every prompt of the flow, those of checks apart."""
        stages = (stage for stage in self.flow.walk() if not isinstance(stage, Check))
        asked = dict.fromkeys(pattern for stage in stages for _, pattern in stage.asks())
        names = dict.fromkeys(name for pattern in asked for name in matching(pattern, self.templates))
        return tuple(p for name in names if name in self.templates for p in self.templates[name].fixed_text)

    @cached_property
    def record_types(self) -> Mapping[str, tuple[type, ...]]:
        """What the record's fields of simple types may hold."""
        simple: dict[Any, tuple[type, ...]] = {str: (str,), int: (int,), float: (float, int), bool: (bool,)}
        hints = typing.get_type_hints(self.record)
        return {name: simple[hint] for name, hint in hints.items() if hint in simple}

    def record_of(self, row: Row) -> Mapping[str, Any]:
        """The record that a finished row is, as JSON values. Raises what a stranger's record class does.

        Raises NotJson before that for what would take such a class too long, or too deep.
        """
        own = row.as_dict()
        values = {**self.columns, **own}
        if self.record is Columns:
            return own if self.output is None else {name: values[name] for name in self.output}
        fields = self.record.__dataclass_fields__
        given = {name: values[name] for name in fields if name in values}
        check_shape(given)
        record = self.record(**given)
        _check_types(record, self.record_types)
        return self.written(record)

    def written(self, record: Record) -> Mapping[str, Any]:
        """A record as JSON values; by its own `to_dict`, but for plain values, which are a tenth the work."""
        if not self._is_plain:
            return record.to_dict()
        values = {name: getattr(record, name) for name in self.record.__dataclass_fields__}
        return values if all(type(v) in _PLAIN for v in values.values()) else record.to_dict()

    @cached_property
    def _is_plain(self) -> bool:
        """Whether dataclasses-json would write a record's plain values as they are."""
        fields = dataclasses.fields(self.record)
        own = self.record.to_dict is not Record.to_dict or self.record.dataclass_json_config is not None
        return not own and not any("dataclasses_json" in spec.metadata for spec in fields)

    @cached_property
    def backends(self) -> tuple[Generator[Any], ...]:
        """Every backend that the task may ask, the first one asked in front."""
        ordered = [role.backend for role in self._roles_in_order()]
        return tuple(dict.fromkeys(ordered))

    def _roles_in_order(self) -> list[BoundGenerator]:
        roles: list[BoundGenerator] = []
        for stage in self.flow.walk():
            roles.extend(self.generators[role] for role, _ in stage.asks())
            if isinstance(stage, Check):
                roles.extend(self.validators[stage.validator].generators.values())
        return roles

    @cached_property
    def paths(self) -> Mapping[str, Mapping[Any, tuple[Stage, ...]]]:
        """For each branch, what follows each of its choices: its flow, then what stands behind it."""
        result: dict[str, dict[Any, tuple[Stage, ...]]] = {}
        self._collect_paths(self.flow.stages, result)
        return result

    def _collect_paths(
        self, stages: tuple[Stage, ...], result: dict[str, dict[Any, tuple[Stage, ...]]]
    ) -> None:
        for at, stage in enumerate(stages):
            if isinstance(stage, Branch):
                behind = stages[at + 1 :]
                result[stage.name] = {value: flow.stages + behind for value, flow in stage.to.items()}
                for path in result[stage.name].values():
                    self._collect_paths(path, result)
                return


def _check_types(record: Record, types: Mapping[str, tuple[type, ...]]) -> None:
    """Raises TypeError where a field that is declared as text or a number holds something else."""
    for name, allowed in types.items():
        value = getattr(record, name)
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            wanted = allowed[0].__name__
            raise TypeError(f"the field '{name}' holds {type(value).__name__}, and is declared as {wanted}")


def first_unit(source: Source, seed: int) -> Unit | None:
    """The first unit of a source; None where there is none."""
    return source.unit(0, seed, ()) if isinstance(source, Endless) else next(source.units(seed), None)


def stage_names(flow: Flow) -> list[str]:
    """The names of a flow's stages that rows pass one after the other, branches unfolded."""
    names: list[str] = []
    for stage in flow.stages:
        if isinstance(stage, Branch):
            for inner in stage.to.values():
                names.extend(name for name in stage_names(inner) if name not in names)
        else:
            names.append(stage.name)
    return names


def notes_of(tasks: Sequence[BoundTask]) -> list[str]:
    """The notes of all tasks; what holds for many of them is said once."""
    said: dict[str, list[str]] = {}
    for task in tasks:
        for note in task.notes:
            said.setdefault(note.removeprefix(f"{task.name}: "), []).append(note)
    return [
        note
        for text, notes in said.items()
        for note in (
            notes
            if len(notes) <= MOST_NAMED
            else [f"{notes[0].removesuffix(text)}{text} (and {len(notes) - 1:,} other tasks)"]
        )
    ]
