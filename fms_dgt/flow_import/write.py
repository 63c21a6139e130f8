"""An imported flow as YAML text: what is missing stands as comments where it stood."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from fms_dgt.builders.pipeline.flow_file import FlowFile
from fms_dgt.builders.pipeline.reading import Reading
from fms_dgt.core.composed import Flow
from fms_dgt.core.stages import Check, Generate, Stage
from fms_dgt.core.yaml_file import parse_yaml
from fms_dgt.errors import InputError, Problem
from fms_dgt.flow_import.parts import Made, Missing, Noted
from fms_dgt.flow_import.sdg_hub import Imported

WIDTH = 110


class _Text(str):
    """Text that is written over several lines."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    pass


def _as_block(dumper: yaml.SafeDumper, text: _Text) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")


_Dumper.add_representer(_Text, _as_block)


def written(flow: Imported) -> str:
    """The flow file. Raises InputError where it would not be read."""
    stages = "".join(_entry(one) for one in flow.found)
    if not any(isinstance(one, Made) for one in flow.found):
        raise InputError([Problem("has no block with a counterpart", "", flow.origin)])
    reading = Reading()
    read = FlowFile.from_node(parse_yaml(f"stages:\n{stages}", flow.origin), reading.problems)
    made = reading.stages(read.stages) if read is not None else []
    if reading.problems:
        raise InputError(reading.problems)
    needed, there = _columns(made, reading)
    begins = [*flow.required, *(name for name in needed if name not in flow.required)]
    lost = [name for name in flow.output if name not in {*begins, *there}]
    # 0.1 does not say what a flow ends with: it is what it did not drop
    kept = flow.output or [name for name in (*begins, *there) if name not in flow.gone]
    output = [name for name in dict.fromkeys(kept) if name not in lost]
    return "".join(_head(flow, begins, output, lost)) + f"stages:\n{stages}"


def _head(flow: Imported, begins: Sequence[str], output: Sequence[str], lost: Sequence[str]) -> Iterator[str]:
    yield f"# Imported from {flow.origin}, a flow of sdg_hub.\n"
    count = sum(1 for _ in flow.missing)
    if count:
        has = "part has" if count == 1 else "parts have"
        yield f"# {count} {has} no counterpart: see 'MISSING' below.\n"
    about: dict[str, Any] = {"name": flow.name}
    # the run says so, each time
    missing = [f"{one.what} ({one.where})" for one in flow.missing]
    if flow.description:
        about["description"] = " ".join(flow.description.split())
    yield _yaml({**about, "input": list(begins)})
    if lost:
        yield f"# no stage makes what it also gave: {', '.join(lost)}\n"
    yield _yaml({"output": list(output)})
    if missing:
        yield _yaml({"missing": missing})


def _entry(one: Made | Missing | Noted) -> str:
    if isinstance(one, Noted):
        return f"  # {one.note}\n"
    if isinstance(one, Missing):
        lines = [f"MISSING ({one.where}): {one.what}", *_yaml(one.said).splitlines()]
        return textwrap.indent("".join(f"# {line}\n" for line in lines), "  ", bool)
    note = f"  # {one.note}\n" if one.note else ""
    return note + textwrap.indent(_yaml([{"name": one.name, one.kind: one.said}]), "  ")


def _yaml(said: Any) -> str:
    return yaml.dump(
        _blocks(said),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=WIDTH,
        default_flow_style=None,
    )


def _blocks(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: _blocks(value) for key, value in said.items()}
    if isinstance(said, list):
        return [_blocks(value) for value in said]
    if isinstance(said, str) and "\n" in said:
        # block style cannot hold spaces at a line's end; a model does not see them
        return _Text("\n".join(line.rstrip() for line in said.splitlines()))
    return said


def _columns(stages: Sequence[Stage], reading: Reading) -> tuple[list[str], list[str]]:
    """The columns that the flow begins with, and those that it makes, in their order."""
    needed: dict[str, None] = {}
    made: dict[str, None] = {}
    for stage in Flow(*stages).walk():
        used = set(stage.needs())
        if isinstance(stage, Generate | Check) and stage.template in reading.templates:
            used |= reading.templates[stage.template].variables
        needed.update(dict.fromkeys(sorted(used - made.keys())))
        made.update(dict.fromkeys(sorted(stage.makes())))
    return list(needed), list(made)
