"""The models that a config names, by the roles they play; no task needs to be bound for that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fms_dgt.binding.bound import BoundGenerator
from fms_dgt.binding.builder_config import TEACHER, merged_config, own_config
from fms_dgt.binding.postprocessors import KEY, Postprocessors
from fms_dgt.binding.roles import Backends, Roles, block_names
from fms_dgt.config.blocks import teacher_node
from fms_dgt.config.plan import RunPlan, TaskPlan
from fms_dgt.core.generator import GeneratorSpec
from fms_dgt.core.node import Node
from fms_dgt.errors import InputError, PluginError, Problem
from fms_dgt.plugins import Plugins

_MODEL_KEYS = ("model_id_or_path", "model", "model_id", "type")


@dataclass(frozen=True)
class Role:
    """One role that a model plays: `validator` of a builder, say; `said` is where its model was named."""

    builder: str
    name: str
    said: str

    def __str__(self) -> str:
        return f"{self.builder}.{self.name}" if self.builder else self.name


@dataclass(frozen=True)
class Teacher:
    """A model, and the roles that it plays. `problems` keep every call to it from working."""

    generator: BoundGenerator
    roles: Sequence[Role]
    problems: Sequence[Problem] = field(default=())


def teachers_of(plan: RunPlan, plugins: Plugins) -> list[Teacher]:
    """The models of the plan's builders; equal ones are one. Raises InputError.

    Every block of a builder counts, whichever of them the flow of a task asks for.
    """
    backends, problems = Backends(plugins, asked=False), list(plan.problems)
    bound: list[tuple[Role, BoundGenerator]] = []
    for task in {task.builder: task for task in plan.tasks}.values():
        try:
            bound.extend(_of_builder(task, plan.settings.teacher, plugins, backends, problems))
        except InputError as error:
            problems.extend(error.problems)
        except PluginError as error:
            problems.append(Problem(str(error), where=str(task.place)))
    if problems:
        raise InputError(problems)
    return _united(bound)


def teacher_alone(teacher: str | Mapping[str, Any], plugins: Plugins) -> Teacher:
    """A teacher by itself, with the options that it was given and no builder's. Raises InputError."""
    problems: list[Problem] = []
    spec = GeneratorSpec.from_node(teacher_node(teacher, TEACHER), problems)
    bound = Backends(plugins, asked=False).bind(spec, problems) if spec else None
    if bound is None or problems:
        raise InputError(problems)
    return _united([(Role("", "teacher", str(TEACHER)), bound)])[0]


def _of_builder(
    task: TaskPlan,
    teacher: str | Mapping[str, Any] | None,
    plugins: Plugins,
    backends: Backends,
    problems: list[Problem],
) -> Iterator[tuple[Role, BoundGenerator]]:
    found = plugins.builder(task.builder)
    config = merged_config(own_config(found), task.builder_layers, teacher, plugins)
    config = Postprocessors.read(config.get(KEY), problems).with_blocks(config)
    over = teacher_node(teacher, TEACHER) if teacher else None
    roles = Roles(config.get("blocks"), plugins, backends, over)
    where = str(task.place)
    names = block_names(config)
    # without a block, a teacher plays the generator all the same
    for name in dict.fromkeys([*names, *(["generator"] if over else [])]):
        block = _block(config, name) or over
        assert block is not None
        if not _is_validator(block, plugins):
            generator = roles.generator(name, where, problems)
            asked = {} if generator is None else {name: (generator, block)}
        else:
            validator = roles.validator(name, where, problems)
            own = validator.generators if validator else {}
            asked = {
                name if len(own) == 1 else f"{name}.{key}": (generator, block.get(f"{key}_config") or block)
                for key, generator in own.items()
            }
        for role, (generator, node) in asked.items():
            yield Role(task.builder, role, _said(node)), generator


def _block(config: Node, name: str) -> Node | None:
    blocks = config.get("blocks")
    entries = blocks.value if blocks is not None and blocks.is_list else []
    named = ((entry.get("name"), entry) for entry in entries)
    return next((entry for key, entry in named if key is not None and key.value == name), None)


def _is_validator(block: Node, plugins: Plugins) -> bool:
    kind = block.get("type")
    named = kind.value if kind is not None else ""
    return named in plugins.known("validators") and named not in plugins.known("generators")


def _said(node: Node) -> str:
    """Where the model was named: a file and line; of a file far away, its name."""
    keys = (node.get(key) for key in _MODEL_KEYS) if node.is_mapping else iter(())
    place = next((child.place for child in keys if child is not None), node.place)
    origin = place.origin
    if Path(origin).is_absolute() and not Path(origin).is_relative_to(Path.cwd()):
        origin = Path(origin).name
    return f"{origin}:{place.line}" if place.line else origin


def _united(bound: Sequence[tuple[Role, BoundGenerator]]) -> list[Teacher]:
    by_backend: dict[int, list[tuple[Role, BoundGenerator]]] = {}
    for role, generator in bound:
        by_backend.setdefault(id(generator.backend), []).append((role, generator))
    return [
        Teacher(same[0][1], [role for role, _ in same], same[0][1].backend.check())
        for same in by_backend.values()
    ]
