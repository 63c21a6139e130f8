"""Sampling options that a backend does not honour are refused before the first call."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from fms_dgt.binding.bound import BoundGenerator, BoundValidator
from fms_dgt.binding.wiring import matching
from fms_dgt.core.composed import Flow
from fms_dgt.core.generator import EVERY_SAMPLING, Generator
from fms_dgt.core.node import Node
from fms_dgt.core.stages import Check, Stage
from fms_dgt.core.template import Template
from fms_dgt.errors import Problem


def refused_in_block(kind: str, backend: Generator[Any], block: Node) -> list[Problem]:
    """The block's sampling options that its generator honours neither in chats nor in plain prompts."""
    honoured = {*backend.takes(plain=False), *backend.takes(plain=True)}
    given = {name: getattr(backend.options, name, None) for name in EVERY_SAMPLING}
    return [
        Problem(
            f"the {kind} generator does not take '{name}'",
            f"remove it; it takes {_listed(honoured)}",
            str((block.get(name) or block).place),
        )
        for name, value in given.items()
        if value is not None and name not in honoured
    ]


def refused_in_flow(
    flow: Flow,
    templates: Mapping[str, Template],
    generators: Mapping[str, BoundGenerator],
    validators: Mapping[str, BoundValidator],
    where: str,
) -> list[Problem]:
    """What stages and templates set, and the generator that they ask does not honour."""
    problems: dict[tuple[str, str], Problem] = {}
    for stage in flow.walk():
        for generator, template in _asks(stage, templates, generators, validators):
            said: Mapping[str, Any] = getattr(stage, "params", {})
            merged = {**generator.sampling, **template.params, **said}
            backend = generator.backend
            honoured = backend.takes(plain=template.plain)
            for name in EVERY_SAMPLING:
                if merged.get(name) is None or name in honoured:
                    continue
                what = f"sets '{name}', which the {generator.type} generator does not take"
                in_template = name not in said and name in template.params
                in_block = name not in said and not in_template
                if in_block and name not in backend.takes(plain=not template.plain):
                    # its block was refused for it
                    continue
                if template.plain:
                    what += " with a plain prompt"
                elif in_block:
                    what += " in a chat"
                setter = f"the template '{template.name}'" if in_template else f"the stage '{stage.name}'"
                if in_block:
                    setter = f"the block of {setter}"
                mend = f"set '{name}: null' in the stage's params, or remove it"
                mend = f"{mend}; {generator.type} takes {_listed(honoured)}"
                place = template.origin if in_template else where
                problems.setdefault((stage.name, name), Problem(f"{setter} {what}", mend, place))
    return list(problems.values())


def _asks(
    stage: Stage,
    templates: Mapping[str, Template],
    generators: Mapping[str, BoundGenerator],
    validators: Mapping[str, BoundValidator],
) -> Iterator[tuple[BoundGenerator, Template]]:
    """Each generator that a stage asks, and the template that it asks with."""
    if isinstance(stage, Check):
        judge = validators.get(stage.validator)
        template = templates.get(stage.template or "")
        if judge is not None and template is not None:
            yield from ((generator, template) for generator in judge.generators.values())
        return
    for role, pattern in stage.asks():
        for name in matching(pattern, templates):
            if role in generators and name in templates:
                yield generators[role], templates[name]


def _listed(names: Collection[str]) -> str:
    return ", ".join(name for name in EVERY_SAMPLING if name in names)
