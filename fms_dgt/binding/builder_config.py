"""A builder's configuration: its own YAML, what the config file says of it, and the teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fms_dgt.config.blocks import apply_layers, apply_teacher, block_problems
from fms_dgt.config.plan import Layer
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.chat_template import family_of
from fms_dgt.core.generator import GeneratorSpec
from fms_dgt.core.node import Node, Place
from fms_dgt.core.typed import decode, field_names
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError, PluginError, Problem
from fms_dgt.plugins import Found, Plugins

TEACHER = Place("--teacher")

_GENERATOR_MODEL = "generator_model"
_GENERATOR_FORMAT = "generator_format"
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
    block = _generator_block(config, teacher)
    said = (block.get(key) for key in _MODEL_KEYS) if block else iter(())
    model = next((str(node.value) for node in said if node is not None and node.value), "")
    return options.with_(**{_GENERATOR_MODEL: Node(model, block.place if block else options.place)})


def with_generator_format(
    options: Node, cls: type[Any], config: Node, teacher: Node | None, plugins: Plugins
) -> Node:
    """A builder's options with the family of that model's chat template, where they have a field for it."""
    block = _generator_block(config, teacher)
    if block is None or _GENERATOR_FORMAT not in field_names(cls) or options.get(_GENERATOR_FORMAT):
        return options
    # what is wrong with the block is told where it is bound
    ignored: list[Problem] = []
    spec = GeneratorSpec.from_node(block, ignored)
    try:
        found = plugins.generator(spec.type).cls if spec else None
    except PluginError:
        return options
    decoded = decode(found.Options, spec.options, ignored) if found and spec else None
    if found is None or decoded is None:
        return options
    return options.with_(**{_GENERATOR_FORMAT: Node(family_of(found(decoded).chat_template), block.place)})


def _generator_block(config: Node, teacher: Node | None) -> Node | None:
    blocks = config.get("blocks")
    entries = blocks.value if blocks is not None and blocks.is_list else []
    named = ((entry.get("name"), entry) for entry in entries)
    return teacher or next((entry for name, entry in named if name and name.value == "generator"), None)
