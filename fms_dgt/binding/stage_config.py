"""`databuilders.NAME.stages.STAGE`: switches, thresholds, params, templates and roles of stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.composed import Branch, Flow
from fms_dgt.core.generator import SamplingParams
from fms_dgt.core.node import Node
from fms_dgt.core.stages import Check, Generate, Stage
from fms_dgt.core.typed import decode, option
from fms_dgt.core.validator import Keep, Relation
from fms_dgt.errors import Problem, did_you_mean

_RELATIONS: tuple[Relation, ...] = ("at_least", "at_most", "below", "equal")


@dataclass(frozen=True, kw_only=True)
class StageConfig:
    """What a config may say of a stage."""

    enabled: bool = True
    keep: Node | None = option(None)
    params: SamplingParams = option(default_factory=SamplingParams)
    template: str | None = None
    role: str | None = None


@dataclass(frozen=True)
class StageConfigs:
    """The `stages` part of a builder's config, by stage name."""

    by_name: Mapping[str, tuple[StageConfig, Node]]

    @classmethod
    def read(cls, node: Node | None, problems: list[Problem]) -> StageConfigs:
        """Read it; what is wrong goes into `problems`."""
        if node is None:
            return cls({})
        if not node.is_mapping:
            problems.append(node.problem(f"must be a mapping from stage names, not {node.kind()}"))
            return cls({})
        read = {name: (decode(StageConfig, child, problems), child) for name, child in node.items()}
        return cls({name: (config, child) for name, (config, child) in read.items() if config is not None})

    def says_keep(self, stage: str) -> bool:
        """Whether the config sets a stage's `keep`."""
        return stage in self.by_name and self.by_name[stage][0].keep is not None

    def place_of(self, stage: str) -> str:
        """Where the config speaks of a stage; "" where it does not."""
        return str(self.by_name[stage][1].place) if stage in self.by_name else ""

    def bare_keep(self, stage: str) -> float | None:
        """The number that the config keeps a stage at, where it does not say how."""
        node = self.by_name[stage][0].keep if stage in self.by_name else None
        number = node.value if node is not None else None
        return float(number) if isinstance(number, int | float) and not isinstance(number, bool) else None

    def templates(self) -> Iterator[tuple[str, Node]]:
        """The templates that the config names, with the place where it does."""
        for config, node in self.by_name.values():
            if config.template:
                yield config.template, node

    def applied(self, flow: Flow, elsewhere: Collection[str], problems: list[Problem]) -> Flow:
        """The flow with its stages as the config wants them.

        `elsewhere` are stages that other tasks of the builder may have, though this flow has not.
        """
        known = {stage.name for stage in flow.walk()}
        for name, (_, node) in self.by_name.items():
            if name not in known and name not in elsewhere:
                mend = did_you_mean(name, known, noun="stages")
                problems.append(node.problem(f"there is no stage '{name}'", mend))
        return Flow(*_stages(flow.stages, self.by_name, problems))


def _stages(
    stages: Sequence[Stage], configs: Mapping[str, tuple[StageConfig, Node]], problems: list[Problem]
) -> list[Stage]:
    result = []
    for stage in stages:
        config, node = configs.get(stage.name, (None, None))
        if config is not None and not config.enabled:
            continue
        made = stage
        if isinstance(made, Branch):
            ways = {value: Flow(*_stages(way.stages, configs, problems)) for value, way in made.to.items()}
            made = dataclasses.replace(made, to=ways)
        elif made.inner():
            made = made.with_inner(_stages(made.inner(), configs, problems))
        result.append(made if config is None or node is None else _one(made, config, node, problems))
    return result


def _one(stage: Stage, config: StageConfig, node: Node, problems: list[Problem]) -> Stage:
    changes: dict[str, Any] = {}
    if config.template:
        changes["template"] = config.template
    if config.params:
        changes["params"] = config.params
    if config.role:
        changes["validator" if isinstance(stage, Check) else "role"] = config.role
    if config.keep is not None:
        changes["keep"] = _keep(config.keep, stage, problems)
    if not changes:
        return stage
    allowed = (
        {spec.name for spec in dataclasses.fields(stage)} if isinstance(stage, Check | Generate) else set()
    )
    for key in sorted(changes.keys() - allowed):
        problems.append(node.problem(f"'{key}' says nothing to the stage '{stage.name}'", "remove it"))
    if "params" in changes and "params" in allowed:
        changes["params"] = {**getattr(stage, "params"), **config.params}  # noqa: B009
    # the name stays, whatever template plays it: it is how journal and reports know the stage
    fitting = {key: value for key, value in changes.items() if key in allowed}
    if not fitting:
        return stage
    return dataclasses.replace(stage, **fitting, name=stage.name)


def _keep(node: Node, stage: Stage, problems: list[Problem]) -> Keep | None:
    """A number keeps the relation that the stage has; a mapping says it: `{at_least: 2}`."""
    value = node.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        own = stage.keep if isinstance(stage, Check) else None
        # without a relation of its own, the validator that plays it says what a number means
        return Keep(own.relation, float(value)) if own else None
    if isinstance(value, dict) and len(value) == 1:
        relation, child = next(iter(value.items()))
        number = child.value
        if relation in _RELATIONS and isinstance(number, int | float) and not isinstance(number, bool):
            return Keep(relation, float(number))
    mend = "write a number, or one of " + ", ".join(f"{{{name}: 2}}" for name in _RELATIONS)
    problems.append(node.problem("must say which scores are kept", mend))
    return None
