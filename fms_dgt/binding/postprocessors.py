"""`postprocessors`: checks that a config appends to whatever flow a builder has."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fms_dgt.config.blocks import merge_blocks
from fms_dgt.core.composed import Flow
from fms_dgt.core.node import Node
from fms_dgt.core.stages import Check
from fms_dgt.core.typed import decode
from fms_dgt.errors import Problem

KEY = "postprocessors"


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What an entry says of its check; all else are options of its validator."""

    on: str | None = None
    within: str | None = None
    template: str | None = None
    into: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


_STAGE_KEYS = tuple(spec.name for spec in dataclasses.fields(_Said))


@dataclass(frozen=True)
class Postprocessors:
    """The checks to append, and the blocks that play them where an entry says how."""

    checks: tuple[Check, ...] = ()
    blocks: tuple[Node, ...] = ()

    @classmethod
    def read(cls, node: Node | None, problems: list[Problem]) -> Postprocessors:
        """Read the list; what is wrong goes into `problems`."""
        if node is None:
            return cls()
        if not node.is_list:
            mend = "begin each with '- name: ...'"
            problems.append(node.problem(f"must be a list of checks, not {node.kind()}", mend))
            return cls()
        checks, blocks = [], []
        for entry in node.value:
            read = _read(entry, problems)
            if read is not None:
                checks.append(read[0])
                blocks.extend([read[1]] if read[1] else [])
        return cls(tuple(checks), tuple(blocks))

    def with_blocks(self, config: Node) -> Node:
        """The builder's config with the blocks that entries describe, on those of the same name."""
        if not self.blocks:
            return config
        own = Node(list(self.blocks), config.place)
        return config.with_(blocks=merge_blocks(config.get("blocks"), own))

    def appended(self, flow: Flow) -> Flow:
        """The flow with these checks at its end, under names of their own."""
        taken = {stage.name for stage in flow.walk()}
        checks = (c if c.name not in taken else c.named(f"post_{c.name}") for c in self.checks)
        return Flow(*flow.stages, *checks)


def _read(entry: Node, problems: list[Problem]) -> tuple[Check, Node | None] | None:
    if isinstance(entry.value, str):
        return Check(entry.value), None
    kind = entry.get("type") if entry.is_mapping else None
    name = (entry.get("name") or kind) if entry.is_mapping else None
    if name is None or not isinstance(name.value, str):
        mend = "write '- {name: rouge, on: response}', say"
        problems.append(
            entry.problem("must be the name of a block or validator, or a mapping with one", mend)
        )
        return None
    told = Node({key: child for key, child in entry.items() if key in _STAGE_KEYS}, entry.place)
    said = decode(_Said, told, problems)
    if said is None:
        return None
    check = Check(
        name.value, said.on, said.template, None, said.into, said.within, said.params, name=name.value
    )
    options = entry.without("name", "type", *_STAGE_KEYS)
    if not options.value and kind is None:
        return check, None
    # without a type, they are laid on the block of that name, or on the validator of that name
    return check, options.with_(name=name, **({"type": kind} if kind else {}))
