"""Who plays the roles of a flow, and what that makes of its checks."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fms_dgt.binding.bound import BoundGenerator, BoundValidator
from fms_dgt.binding.check_options import OwnOptions, own_role_of
from fms_dgt.binding.prompts import make_template
from fms_dgt.binding.roles import Roles
from fms_dgt.binding.stage_config import StageConfigs
from fms_dgt.binding.wiring import matching
from fms_dgt.core.composed import Branch, Flow
from fms_dgt.core.stages import Check, Stage
from fms_dgt.core.template import Template
from fms_dgt.core.validator import BaseValidator, Keep, OrderedValidator
from fms_dgt.errors import PluginError, Problem
from fms_dgt.plugins import Plugins


@dataclass
class Players:
    """The generators and validators of a flow, by role."""

    generators: dict[str, BoundGenerator] = field(default_factory=dict)
    validators: dict[str, BoundValidator] = field(default_factory=dict)

    def ordered(self, flow: Flow) -> frozenset[str]:
        """The names of the checks that are decided at commit."""
        return frozenset(
            stage.name
            for stage in flow.walk()
            if isinstance(stage, Check)
            and stage.validator in self.validators
            and self.validators[stage.validator].ordered is not None
        )


def with_own_roles(flow: Flow) -> Flow:
    """The flow with a role of its own for each check that has options."""
    settled = {stage.name: own for stage in flow.walk() if (own := own_role_of(stage)) is not None}
    return Flow(*(_replaced(stage, settled) for stage in flow.stages)) if settled else flow


def players_of(
    flow: Flow, own: Mapping[str, OwnOptions], roles: Roles, where: str, problems: list[Problem]
) -> Players:
    """Bind every role that the flow asks for, each once; `own` are those of checks with options."""
    players = Players()
    generators = dict.fromkeys(role for stage in flow.walk() for role, _ in stage.asks())
    for role in generators:
        generator = roles.generator(role, where, problems)
        if generator is not None:
            players.generators[role] = generator
    checks = dict.fromkeys(stage.validator for stage in flow.walk() if isinstance(stage, Check))
    for role in checks:
        validator = roles.validator(role, where, problems, own.get(role))
        if validator is not None:
            players.validators[role] = validator
    return players


def with_keeps(
    flow: Flow,
    players: Players,
    templates: Mapping[str, Template],
    stages: StageConfigs,
    problems: list[Problem],
) -> Flow:
    """Settle each check's `keep`: what the config says of the stage, else its block's threshold, else
    the builder's own; and ask its validator whether it can play it.
    """
    settled: dict[str, Stage] = {}
    for stage in flow.walk():
        if not isinstance(stage, Check) or stage.validator not in players.validators:
            continue
        validator = players.validators[stage.validator].validator
        number = stages.bare_keep(stage.name)
        if stages.says_keep(stage.name):
            keep = stage.keep or (None if number is None else Keep(validator.relation, number))
        else:
            keep = _block_keep(validator, stage.keep)
        check = dataclasses.replace(stage, keep=keep, name=stage.name)
        settled[stage.name] = check
        template = templates.get(stage.template) if stage.template else None
        said = stages.place_of(stage.name)
        problems.extend(
            dataclasses.replace(found, where=said or found.where)
            for found in validator.problems(check, template)
        )
    return Flow(*(_replaced(stage, settled) for stage in flow.stages))


def with_brought(
    flow: Flow, players: Players, templates: dict[str, Template], problems: list[Problem]
) -> Flow:
    """The flow with the templates that validators bring for checks without one, which `templates` gets."""
    settled: dict[str, Stage] = {}
    for stage in flow.walk():
        if not isinstance(stage, Check) or stage.template or stage.validator not in players.validators:
            continue
        said = players.validators[stage.validator].validator.brings(stage)
        if said is not None:
            make_template(stage.name, said, templates, problems)
            settled[stage.name] = dataclasses.replace(stage, template=stage.name, name=stage.name)
    return Flow(*(_replaced(stage, settled) for stage in flow.stages))


def plain_problems(
    flow: Flow, players: Players, templates: Mapping[str, Template], plugins: Plugins, where: str
) -> list[Problem]:
    """Plain templates for generators that speak chat alone."""
    problems: dict[str, Problem] = {}
    for role, name in (pair for stage in flow.walk() for pair in stage.asks()):
        generator = players.generators.get(role)
        if generator is None or generator.backend.completes:
            continue
        plain = [name for name in matching(name, templates) or [name] if _is_plain(templates, name)]
        if plain:
            what = f"the template '{plain[0]}' is plain, and {generator.type} takes chat messages only"
            mend = f"let one of these play '{role}': {', '.join(_completing(plugins))}"
            problems.setdefault(role, Problem(what, mend, where))
    return list(problems.values())


def _is_plain(templates: Mapping[str, Template], name: str) -> bool:
    return name in templates and templates[name].plain


def _completing(plugins: Plugins) -> list[str]:
    """The generators that complete plain text."""
    names = []
    for name in plugins.known("generators"):
        with contextlib.suppress(PluginError):
            if plugins.generator(name).cls.completes:
                names.append(name)
    return names


def _block_keep(validator: BaseValidator[Any], own: Keep | None) -> Keep | None:
    said = validator.options.threshold is not None
    if said or (own is None and isinstance(validator, OrderedValidator)):
        return validator.keep()
    return own


def _replaced(stage: Stage, settled: Mapping[str, Stage]) -> Stage:
    if isinstance(stage, Branch):
        ways = {
            value: Flow(*(_replaced(inner, settled) for inner in way.stages))
            for value, way in stage.to.items()
        }
        return dataclasses.replace(stage, to=ways)
    if stage.inner():
        return stage.with_inner([_replaced(inner, settled) for inner in stage.inner()])
    return settled.get(stage.name, stage)
