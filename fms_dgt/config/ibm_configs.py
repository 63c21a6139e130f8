"""What a config says of builders of IBM's fms-dgt, as what it says of ours."""

from __future__ import annotations

from fms_dgt.config.ibm_tasks import builder_note, counterpart
from fms_dgt.core.node import Node

_CHECKS = "the builder here has checks of its own"
_BY_TYPE = {
    "magpie_tag": "it tags rows, which no builder here does",
    "magpie_distance": _CHECKS,
    "magpie_filter": _CHECKS,
    "rouge_scorer": _CHECKS,
    "noop": "it does nothing",
}
# blocks of builders there that none here has, in case only an option of theirs is changed
_BY_NAME = {
    "tagger": _BY_TYPE["magpie_tag"],
    "filter": _CHECKS,
    "rouge_val": _CHECKS,
}


def read_builder(name: str, said: Node, notes: list[str]) -> tuple[str, Node]:
    """A builder's name and configuration as ours; unchanged where it is none of fms-dgt's."""
    ours = counterpart(name)
    if not ours:
        return name, said
    notes.append(builder_note(name))
    blocks, steps = said.get("blocks"), said.get("postprocessors")
    if blocks is not None and blocks.is_list:
        kept = []
        for block in blocks.value:
            if why := _why_not(block):
                notes.append(f"{block.place} is not taken over: {why}")
            else:
                kept.append(block)
        said = said.with_(blocks=Node(kept, blocks.place)) if kept else said.without("blocks")
    if steps is not None:
        notes.append(f"{steps.place} is not taken over: {_CHECKS}")
        said = said.without("postprocessors")
    return ours, said


def _why_not(block: Node) -> str:
    kind, name = block.get("type"), block.get("name")
    by_type = _BY_TYPE.get(str(kind.value), "") if kind is not None else ""
    return by_type or (_BY_NAME.get(str(name.value), "") if name is not None else "")
