"""What a config file says of a builder, laid on the builder's own YAML.

Blocks are matched by name. A block that changes its `type` loses the options of the old one, its
sampling options apart: a temperature means the same to every backend, a URL or a model does not.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fms_dgt.config.plan import Layer
from fms_dgt.core.generator import USUAL_SAMPLING, GeneratorOptions
from fms_dgt.core.node import Node, Place
from fms_dgt.core.strict_json import loads
from fms_dgt.errors import InputError, Problem, did_you_mean

BLOCKS = "blocks"
USUAL_ROLES = frozenset({"generator", "validator"})
MODEL = "lm_config"

# what a teacher's text ends with, where options follow the model
_TEACHER_OPTIONS = re.compile(r"(?:,[A-Za-z_]\w*=[^,]*)+$")

# what holds a key itself, and no path or number
_KEY = re.compile(r"(?:api_?key|token|password|secret)$", re.IGNORECASE)

# every spelling of a generator option, with all spellings of the same one
_SPELLINGS: Mapping[str, frozenset[str]] = {
    name: frozenset(group)
    for spec in dataclasses.fields(GeneratorOptions)
    for group in [(spec.name, *spec.metadata.get("aliases", ()))]
    for name in group
}
_LIMITS = _SPELLINGS["max_tokens"]
_SURVIVORS = frozenset({"name"}).union(*(_SPELLINGS[name] for name in USUAL_SAMPLING))


def apply_layers(builder_yaml: Node, layers: Iterable[Layer]) -> Node:
    """The builder's own YAML with what the config file says of it laid on top, lowest layer first.

    Blocks must have passed `block_problems`.
    """
    merged = builder_yaml
    for layer, is_wildcard in layers:
        merged = merge_builder_config(merged, layer, only_known=is_wildcard)
    return merged


def merge_builder_config(base: Node, over: Node, *, only_known: bool = False) -> Node:
    """A builder's configuration with another laid on it: blocks by name, all else as mappings."""
    rest = base.without(BLOCKS).merged(over.without(BLOCKS))
    if base.get(BLOCKS) or over.get(BLOCKS):
        blocks = merge_blocks(base.get(BLOCKS), over.get(BLOCKS), only_known=only_known)
        rest = rest.with_(**{BLOCKS: blocks})
    return Node(rest.value, base.place)


def merge_blocks(base: Node | None, over: Node | None, *, only_known: bool = False) -> Node:
    """Two lists of blocks as one. A name that `base` does not have is added, or left out if `only_known`."""
    merged = _by_name(base)
    for name, block in _by_name(over).items():
        if name in merged:
            merged[name] = _merged(merged[name], block)
        elif not only_known:
            merged[name] = _less_nothing(block)
    place = base.place if base else over.place if over else Place("")
    return Node(list(merged.values()), place)


def apply_teacher(
    config: Node, teacher: str | Mapping[str, Any], is_generator: Callable[[str], bool], place: Place
) -> Node:
    """The configuration with a teacher in place of every generator, those in `lm_config` included.

    The teacher is `TYPE[:MODEL][,NAME=VALUE...]`, or a mapping with a `type` and options; `place` is where
    it was said. A block that has that type already keeps its options, and its model too unless one was given.
    """
    over = teacher_node(teacher, place)

    def taught(block: Node) -> Node:
        own = block.get("type")
        if own is not None and is_generator(str(own.value)):
            return _merged(block, over)
        return _with_models(block, over)

    blocks = {name: taught(block) for name, block in _by_name(config.get(BLOCKS)).items()}
    return config.with_(**{BLOCKS: Node(list(blocks.values()), config.place)}) if blocks else config


def teacher_node(teacher: str | Mapping[str, Any], place: Place) -> Node:
    """A teacher as the block that it is; as text, it is TYPE[:MODEL][,NAME=VALUE...]."""
    if isinstance(teacher, str):
        given = _TEACHER_OPTIONS.search(teacher)
        named, written = (teacher[: given.start()], given[0]) if given else (teacher, "")
        kind, _, model = named.partition(":")
        options = [pair.partition("=") for pair in written.split(",")[1:]]
        teacher = {"type": kind, **({"model_id_or_path": model} if model else {})}
        _check_names([name for name, _, _ in options], teacher, place)
        teacher |= {name: _option_value(text) for name, _, text in options}
    return Node({key: Node.of(value, _place_of(key, place)) for key, value in teacher.items()}, place)


def _check_names(names: Iterable[str], teacher: Mapping[str, Any], place: Place) -> None:
    """Raises InputError for options that do not belong behind a teacher; their values are not shown."""
    for name in names:
        if _KEY.search(name):
            what = "a command line can be read by everyone on this machine, so it takes no keys"
            fix = "set the environment variable that the generator reads, or write it in a config"
            raise InputError([Problem(what, fix, str(place.child(name)))])
        if name in teacher:
            raise InputError([Problem("is given twice", "keep one", str(place.child(name)))])


def _place_of(key: str, teacher: Place) -> Place:
    """An option is named where something is wrong with it; the type and the model are the teacher itself."""
    return teacher if key in ("type", *_SPELLINGS["model_id_or_path"]) else teacher.child(key)


def _option_value(text: str) -> Any:
    """The value of an option on a command line: JSON where it reads as such, otherwise text."""
    try:
        return loads(text)
    except (ValueError, RecursionError):
        return text


def block_problems(config: Node) -> list[Problem]:
    """What keeps a builder's `blocks` from being read: a list of mappings with different names."""
    blocks = config.get(BLOCKS)
    if blocks is None:
        return []
    if blocks.is_mapping:
        return [problem for block in blocks.value.values() for problem in _shape(block)]
    if not blocks.is_list:
        return [
            blocks.problem(f"must be a list of blocks, not {blocks.kind()}", "begin each with '- name: ...'")
        ]
    problems: list[Problem] = []
    seen: set[str] = set()
    for block in blocks.value:
        problems.extend(_shape(block))
        name = block.get("name")
        if not block.is_mapping:
            continue
        if name is None:
            problems.append(block.problem("a block has no name", "add 'name: generator', say"))
        elif not isinstance(name.value, str):
            problems.append(name.problem(f"must be text, not {name.kind()}", "put it in quotes"))
        elif name.value in seen:
            problems.append(name.problem(f"duplicate block '{name.value}'", "remove one"))
        else:
            seen.add(name.value)
    return problems


def wildcard_problems(configs: Sequence[Node], layers: Iterable[Layer]) -> list[Problem]:
    """Blocks said of every builder (`"*"`) that none of `configs`, the builders' own, has.

    The roles that stages have unless told otherwise may always be named.
    """
    known = {name for config in configs for name in _by_name(config.get(BLOCKS))} | USUAL_ROLES
    said = [layer for layer, is_wildcard in layers if is_wildcard]
    return [
        block.problem(
            f"no builder of this run has a block '{name}'", did_you_mean(name, known, noun="blocks")
        )
        for layer in said
        for name, block in _by_name(layer.get(BLOCKS)).items()
        if name not in known
    ]


def _shape(block: Node) -> list[Problem]:
    if not block.is_mapping:
        return [
            block.problem(
                f"a block must be a mapping, not {block.kind()}", "write 'name: ...' and 'type: ...'"
            )
        ]
    kind = block.get("type")
    if kind is not None and not isinstance(kind.value, str):
        return [kind.problem(f"must be text, not {kind.kind()}", "name a generator or a validator")]
    return []


def _by_name(blocks: Node | None) -> dict[str, Node]:
    if blocks is None:
        return {}
    if blocks.is_mapping:
        return {name: block.with_(name=Node(name, block.place)) for name, block in blocks.items()}
    return {str(block.value["name"].value): block for block in blocks.value}


def _merged(base: Node, over: Node) -> Node:
    """One block, or one model, laid on another."""
    below = (
        Node({k: v for k, v in base.items() if k in _SURVIVORS}, base.place) if _changes(base, over) else base
    )
    # another spelling of what `over` says would be said twice
    spelled = {other for key in over.value for other in _SPELLINGS.get(key, ()) if other not in over.value}
    merged = below.without(*spelled).merged(over)
    lower, upper = below.get(MODEL), over.get(MODEL)
    if lower is not None and upper is not None:
        merged = merged.with_(**{MODEL: _merged(_model(lower), _model(upper))})
    return _less_nothing(merged)


def _changes(base: Node, over: Node) -> bool:
    old, new = base.get("type"), over.get("type")
    return old is not None and new is not None and old.value != new.value


def _with_models(node: Node, over: Node) -> Node:
    if node.is_list:
        return Node([_with_models(child, over) for child in node.value], node.place)
    if not node.is_mapping:
        return node
    entries = {
        key: _merged(_model(child), over)
        if key == MODEL and child.value is not None
        else _with_models(child, over)
        for key, child in node.items()
    }
    return Node(entries, node.place)


def _model(node: Node) -> Node:
    """A model as a mapping; text alone is its type."""
    return node if node.is_mapping else Node({"type": node}, node.place)


def _less_nothing(node: Node) -> Node:
    """The mapping without what is null: that takes a value away.

    No limit of tokens is a choice that goes before the limits of templates, and stays.
    """
    kept = {key: child for key, child in node.items() if child.value is not None or key in _LIMITS}
    return Node(kept, node.place)
