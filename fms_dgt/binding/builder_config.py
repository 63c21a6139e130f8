"""A builder's configuration: its own YAML, what the config file says of it, and the teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fms_dgt.config.blocks import apply_layers, apply_teacher, block_problems
from fms_dgt.config.plan import Layer
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.node import Node, Place
from fms_dgt.core.typed import field_names
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError
from fms_dgt.plugins import Found, Plugins

TEACHER = Place("--teacher")

_GENERATOR_MODEL = "generator_model"
_MODEL_KEYS = ("model_id_or_path", "model_id", "model", "file", "repo", "type")


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
    return with_teacher(merged, teacher, plugins) if teacher else merged


def with_teacher(config: Node, teacher: str | Mapping[str, Any], plugins: Plugins) -> Node:
    """The config with a teacher in place of every generator."""
    # a type that nobody knows is a generator that is not installed, as far as a teacher minds
    validators = plugins.known("validators")
    return apply_teacher(config, teacher, lambda kind: kind not in validators, TEACHER)


def with_generator_model(options: Node, cls: type[Any], config: Node, teacher: Node | None) -> Node:
    """A builder's options with the name of the model that plays `generator`, where they have a field for it.

    What a builder writes may depend on the model's chat template. Without a name, it goes by its plugin's.
    """
    if _GENERATOR_MODEL not in field_names(cls) or options.get(_GENERATOR_MODEL) is not None:
        return options
    blocks = config.get("blocks")
    entries = blocks.value if blocks is not None and blocks.is_list else []
    named = ((entry.get("name"), entry) for entry in entries)
    block = teacher or next((entry for name, entry in named if name and name.value == "generator"), None)
    said = (block.get(key) for key in _MODEL_KEYS) if block else iter(())
    model = next((str(node.value) for node in said if node is not None and node.value), "")
    return options.with_(**{_GENERATOR_MODEL: Node(model, block.place if block else options.place)})
