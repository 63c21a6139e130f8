"""Options of a validator that a check has itself: the check gets a role of its own, played with these."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fms_dgt.core.composed import Flow
from fms_dgt.core.generator import GeneratorSpec
from fms_dgt.core.node import Node
from fms_dgt.core.stages import Check, Stage
from fms_dgt.core.typed import field_names, path_fields
from fms_dgt.core.validator import ValidatorOptions
from fms_dgt.errors import Problem, did_you_mean

_OF_CHECKS = ("validator", "on", "keep", "into", "within", "template", "params")
_ELSEWHERE = "say it in the config, in a block of the validator"


@dataclass(frozen=True)
class OwnOptions:
    """What plays a check's own role: the block or validator that it names, and the options laid on it."""

    validator: str
    options: Node
    is_yaml: bool


def own_roles(flow: Flow) -> Mapping[str, OwnOptions]:
    """The roles of checks with options of their own, by the names that `with_own_roles` gives them."""
    return {
        _role(stage): _options(stage) for stage in flow.walk() if isinstance(stage, Check) and stage.options
    }


def own_role_of(stage: Stage) -> Stage | None:
    """The check under its own role; None for any other stage."""
    if not isinstance(stage, Check) or not stage.options:
        return None
    return dataclasses.replace(stage, validator=_role(stage), name=stage.name)


def _role(check: Check) -> str:
    return f"{check.validator} ({check.name})"


def _options(check: Check) -> OwnOptions:
    is_yaml = any(isinstance(value, Node) for value in check.options.values())
    return OwnOptions(check.validator, Node.of(check.options, f"the check '{check.name}'"), is_yaml)


def option_problems(own: OwnOptions, options: type[ValidatorOptions]) -> list[Problem]:
    """Options that the validator does not have, or that only a config may set."""
    problems = []
    known = field_names(options)
    hints = path_fields(options)
    secrets = {spec.name for spec in dataclasses.fields(options) if spec.metadata.get("secret")}
    for key, node in own.options.items():
        if key not in known:
            names = [*known, *_OF_CHECKS]
            noun = f"keys of a check and options of '{own.validator}'"
            problems.append(node.problem(f"unknown key '{key}'", did_you_mean(key, names, noun=noun)))
        elif own.is_yaml and (key in secrets or not _is_safe(node, *hints[key])):
            # whoever writes a task may read no file, and name no model and no host, that its run does not
            what = f"the option '{key}' of '{own.validator}' cannot be set in a flow"
            problems.append(node.problem(what, _ELSEWHERE))
    return problems


def _is_safe(node: Node, hint: Any, is_path: bool) -> bool:
    """Whether an option is plain: it names no file, and no model."""
    hints = [hint, *typing.get_args(hint)]
    if is_path or GeneratorSpec in hints or Path in hints:
        return False
    if not any(hasattr(each, "from_node") for each in hints):
        return True
    # a type that reads itself may read a file, too: not from a list of texts
    return node.is_list and all(isinstance(each.value, str) for each in node.value)
