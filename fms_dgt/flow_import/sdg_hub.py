"""A flow file of sdg_hub, of 0.1 or the current schema, or of instructlab/sdg, as a flow of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fms_dgt.core.node import Node
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError, Problem
from fms_dgt.flow_import.instructlab import as_block, blocks_of, notes_of
from fms_dgt.flow_import.now import Now
from fms_dgt.flow_import.parts import Made, Missing, Noted, Parts, list_of
from fms_dgt.flow_import.then import Then


@dataclass(frozen=True)
class Imported:
    """What came of a flow file. `required` and `output` are the columns it says it begins and ends with."""

    origin: str
    name: str
    description: str
    found: Sequence[Made | Missing | Noted]
    gone: Sequence[str]
    required: Sequence[str] = ()
    output: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def missing(self) -> Iterator[Missing]:
        """What has no counterpart."""
        yield from (one for one in self.found if isinstance(one, Missing))


def import_flow(path: Path) -> Imported:
    """Read a flow file. Raises InputError where it is none."""
    node = read_yaml(path)
    pipeline = blocks_of(node) if node.is_mapping else None
    blocks = pipeline or (node if node.is_list else node.get("blocks"))
    if blocks is None or not blocks.is_list or not blocks.value:
        mend = "name a flow.yaml with 'blocks:', or one of sdg_hub 0.1, which is a list of blocks"
        raise InputError([node.problem("is not a flow of sdg_hub", mend)])
    parts = Parts(path)
    now, then = Now(parts), Then(parts)
    for said in blocks.value:
        entry = as_block(said) if pipeline is not None else said
        kind, name, config = _block(entry)
        if node.is_list or pipeline is not None:
            then.block(kind, name, config, entry)
        else:
            now.block(kind, name, config)
    about = {} if node.is_list else _mapping(node.plain().get("metadata"))
    needs = _mapping(about.get("dataset_requirements"))
    return Imported(
        path.name,
        str(about.get("name") or path.stem),
        str(about.get("description") or ""),
        parts.found,
        tuple(dict.fromkeys(parts.gone)),
        list_of(needs.get("required_columns")),
        list_of(about.get("output_columns")),
        tuple(notes_of(node)) if pipeline is not None else (),
    )


def _mapping(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else {}


def _block(entry: Node) -> tuple[str, str, Node]:
    """A block's kind (less "Block"), its name and its config."""
    kind, config = entry.get("block_type"), entry.get("block_config")
    if kind is None or config is None or not config.is_mapping:
        raise InputError([entry.problem("is not a block", "write 'block_type:' and 'block_config:'")])
    name = config.get("block_name")
    if not isinstance(kind.value, str) or name is None:
        raise InputError([Problem("has no name", "add 'block_name: ...'", str(config.place))])
    return kind.value.removesuffix("Block"), str(name.value), config
