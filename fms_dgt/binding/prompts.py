"""The templates that a flow asks with: found, read, compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fms_dgt.binding.stage_config import StageConfigs
from fms_dgt.binding.wiring import matching
from fms_dgt.core.composed import Flow
from fms_dgt.core.node import Node
from fms_dgt.core.stages import Check, Generate, Stage
from fms_dgt.core.template import Template
from fms_dgt.errors import InputError, Problem, did_you_mean


def templates_of(
    flow: Flow, own: Path, elsewhere: Mapping[str, Path], stages: StageConfigs, problems: list[Problem]
) -> dict[str, Template]:
    """Every template that the flow may ask with, by name.

    `own` is the builder's folder of templates, `elsewhere` says where others stand; a template that a
    config names for a stage may be a path.
    """
    files = {path.stem: path for path in sorted(own.glob("*.yaml"))} | dict(elsewhere)
    for name, node in stages.templates():
        if name not in files and Path(name).is_file():
            files[name] = Path(name)
        elif name not in files:
            mend = f"name a template of the builder or a file ({did_you_mean(name, files, noun='templates')})"
            problems.append(node.problem(f"there is no template '{name}'", mend))
            files[name] = own / name
    result: dict[str, Template] = {}
    in_flow = {name: said for stage in flow.walk() for name, said in stage.own_templates().items()}
    for name, said in in_flow.items():
        make_template(name, said, result, problems)
    for name in dict.fromkeys(name for stage in flow.walk() for name in _asked(stage, files)):
        if name not in in_flow:
            _load(name, files, own, result, problems)
    return result


def make_template(
    name: str, said: Mapping[str, Any], result: dict[str, Template], problems: list[Problem]
) -> None:
    """Add a template that stands in no file: in the flow itself, or a validator's own."""
    try:
        result[name] = Template.from_node(Node.of(said, f"the prompt of the stage '{name}'"), name)
    except InputError as error:
        problems.extend(error.problems)


def _asked(stage: Stage, files: Mapping[str, Path]) -> Iterator[str]:
    for _, pattern in stage.asks():
        # a glob that nothing matches is told as a template that is missing
        yield from matching(pattern, files) or [pattern]
    if isinstance(stage, Check) and stage.template:
        yield stage.template


def _load(
    name: str, files: Mapping[str, Path], own: Path, result: dict[str, Template], problems: list[Problem]
) -> None:
    path = files.get(name)
    if path is None:
        mend = f"write {name}.yaml there, or {did_you_mean(name, files, noun='templates')}"
        problems.append(Problem(f"there is no template '{name}'", mend, str(own)))
        return
    if not path.is_file() and path.parent == own:
        # told where the config names it
        return
    try:
        result[name] = Template.from_file(path, name, trusted=path.parent == own)
    except InputError as error:
        problems.extend(error.problems)


def fill_problems(flow: Flow, templates: Mapping[str, Template], values: Mapping[str, Any]) -> list[Problem]:
    """What goes wrong when the templates that need no answer yet are filled in with a first row."""
    problems: list[Problem] = []
    for stage in flow.walk():
        if not isinstance(stage, Generate):
            continue
        template = templates.get(stage.template)
        if template is not None and template.variables <= values.keys():
            try:
                fill = template.text if template.plain else template.messages
                fill(values, count=stage.count)
            except InputError as error:
                mend = "fix the template, or the row"
                problems += [
                    Problem(f"{p.what} (with the first row)", p.mend or mend, p.where) for p in error.problems
                ]
    return problems
