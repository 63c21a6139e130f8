"""A builder's configuration: its own YAML, what the config file says of it, and the teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fms_dgt.config.blocks import apply_layers, apply_teacher, block_problems
from fms_dgt.config.plan import Layer
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.node import Node, Place
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError
from fms_dgt.plugins import Found, Plugins

TEACHER = Place("--teacher")


def own_config(found: Found[DataBuilder[Any]]) -> Node:
    """The defaults that stand beside a builder's module."""
    path = found.folder / f"{found.name}.yaml"
    return read_yaml(path) if path.is_file() else Node.of(found.cls.defaults, str(path))


def merged_config(
    own: Node, layers: Sequence[Layer], teacher: str | Mapping[str, Any] | None, plugins: Plugins
) -> Node:
    """`own` with the layers laid on it, and a teacher in place of every generator. Raises InputError."""
    parts = [own, *(layer for layer, _ in layers)]
    problems = [problem for part in parts for problem in block_problems(part)]
    if problems:
        raise InputError(problems)
    merged = apply_layers(own, layers)
    if teacher:
        # a type that nobody knows is a generator that is not installed, as far as a teacher minds
        validators = plugins.known("validators")
        merged = apply_teacher(merged, teacher, lambda kind: kind not in validators, TEACHER)
    return merged
