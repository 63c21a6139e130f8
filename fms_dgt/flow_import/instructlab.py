"""Pipelines of instructlab/sdg: the blocks of sdg_hub 0.1 under keys of their own."""

from __future__ import annotations

from collections.abc import Iterator

from fms_dgt.core.node import Node
from fms_dgt.errors import InputError, Problem

_MIXING = "'datamixing' makes training sets of generated rows: 'fms_dgt datasets' does that here"


def blocks_of(node: Node) -> Node | None:
    """A pipeline's blocks; None where it is none."""
    blocks = node.get("blocks") or node.get("block_configs")
    if blocks is None or not blocks.is_list or not all(one.is_mapping for one in blocks.value):
        return None
    return blocks if any("type" in one.value and "config" in one.value for one in blocks.value) else None


def notes_of(node: Node) -> Iterator[str]:
    """What a pipeline says that is no part of a flow here."""
    mixing = node.get("datamixing")
    if mixing is not None:
        yield str(Problem(_MIXING, where=f"{mixing.place.origin}:{mixing.place.line}"))


def as_block(entry: Node) -> Node:
    """A block in the words of sdg_hub 0.1. Raises InputError where it is none."""
    config, kind, name = entry.get("config"), entry.get("type"), entry.get("name")
    if config is None or not config.is_mapping or kind is None or name is None:
        raise InputError([entry.problem("is not a block", "write 'name:', 'type:' and 'config:'")])
    if kind.value == "IterBlock":
        return _repeated(entry, config, name)
    # both places have been right
    above = {key: config.value[key] for key in ("gen_kwargs",) if key in config.value}
    rest = entry.without("name", "type", "config").value
    config = config.without("gen_kwargs").with_(block_name=name)
    return Node({"block_type": kind, "block_config": config, **above, **rest}, entry.place)


def _repeated(entry: Node, config: Node, name: Node) -> Node:
    """A block that was asked several times, as one that gives several answers."""
    inner = config.get("block_kwargs")
    kind = config.get("block_type")
    if inner is None or kind is None or not inner.is_mapping:
        mend = "write 'block_type:' and 'block_kwargs:'"
        raise InputError([entry.problem("is not a block that repeats another", mend)])
    times = config.get("num_iters") or Node(1, config.place)
    sampling = inner.get("gen_kwargs") or Node({}, inner.place)
    config = inner.without("gen_kwargs", "block_name")
    made = {"name": name, "type": kind, "config": config, "gen_kwargs": sampling.with_(n=times)}
    return as_block(Node({**entry.without("name", "type", "config").value, **made}, entry.place))
