"""Blocks that both schemas have, under one name or another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fms_dgt.core.node import Node
from fms_dgt.flow_import.parts import Parts, list_of, text_of

_FILTERS = {
    "eq": "equal",
    "ne": "not_equal",
    "ge": "at_least",
    "le": "at_most",
    "gt": "above",
    "lt": "below",
    "contains": "contains",
    "in": "one_of",
}
_OF_LISTS = {"equal": "one_of", "not_equal": "none_of"}


def convert_common(kind: str, name: str, node: Node, parts: Parts) -> bool:
    """Turn a block into stages; False where its kind is none of these."""
    convert = _BLOCKS.get(kind)
    if convert is None:
        return False
    convert(name, node, node.plain(), parts)
    return True


def _copy(name: str, node: Node, said: Mapping[str, Any], parts: Parts) -> None:
    columns = said.get("columns_map") or said.get("input_cols")
    if not isinstance(columns, dict):
        parts.miss(f"'{name}' does not say which column becomes which", node)
        return
    parts.add(name, "copy", {new: old for old, new in columns.items()})


def _rename(name: str, node: Node, said: Mapping[str, Any], parts: Parts) -> None:
    _copy(name, node, said, parts)
    columns = said.get("columns_map") or said.get("input_cols")
    if isinstance(columns, dict):
        # an old name that is given anew is there afterwards
        parts.dropped([old for old in columns if old not in columns.values()])


def _unfold(name: str, node: Node, said: Mapping[str, Any], parts: Parts) -> None:
    columns = list_of(said.get("var_cols") or said.get("input_cols"))
    named = [said.get("value_name"), said.get("var_name")]
    into = [str(one) for one in named if one] or list_of(said.get("output_cols"))
    if not columns or len(into) != 2:
        parts.miss(f"'{name}' does not say what it unfolds, and into what", node)
        return
    parts.add(name, "unfold", {"columns": columns, "into": into[0], "label": into[1]})
    parts.dropped([column for column in columns if column not in into])


def _text(name: str, node: Node, said: Mapping[str, Any], parts: Parts) -> None:
    columns = list_of(said.get("columns") or said.get("input_cols"))
    into = (list_of(said.get("output_cols")) or [text_of(said, "output_col")])[0]
    if not columns or not into:
        parts.miss(f"'{name}' does not say what it puts together, and where", node)
        return
    separator = said.get("separator", "\n\n")
    parts.add(name, "text", {into: str(separator).join(f"{{{{ {column} }}}}" for column in columns)})


def _choose(name: str, node: Node, said: Mapping[str, Any], parts: Parts) -> None:
    choices = said.get("choice_map")
    by = list_of(said.get("choice_cols")) or list_of(said.get("choice_col"))
    into = list_of(said.get("output_cols")) or list_of(said.get("output_col"))
    if not isinstance(choices, dict) or not by or len(by) != len(into):
        parts.miss(f"'{name}' does not say what it chooses, and by what", node)
        return
    columns = {str(value): str(column) for value, column in choices.items()}
    for number, (one, column) in enumerate(zip(by, into, strict=True)):
        label = name if number == 0 else f"{name}_{column}"
        parts.add(label, "choose", {"into": column, "by": one, "columns": columns})


def _filter(name: str, node: Node, said: Mapping[str, Any], parts: Parts) -> None:
    on = text_of(said, "filter_column") or next(iter(list_of(said.get("input_cols"))), "")
    relation = _FILTERS.get(str(said.get("operation", "")).removeprefix("operator."))
    value = said.get("filter_value")
    if relation is None or not on or value is None:
        parts.miss(
            f"the filter '{name}' has an operation without a counterpart: {said.get('operation')}", node
        )
        return
    if isinstance(value, list):
        relation = _OF_LISTS.get(relation, relation)
    parts.add(name, "filter", {"on": on, relation: value})


def _repeat(name: str, node: Node, said: Mapping[str, Any], parts: Parts) -> None:
    count = next((said[key] for key in ("num_samples", "multiplier", "count") if key in said), None)
    if not isinstance(count, int) or count < 1:
        parts.miss(f"'{name}' does not say how many rows it makes of one", node)
        return
    parts.add(name, "repeat", {"count": count})


def _sample(name: str, node: Node, said: Mapping[str, Any], parts: Parts) -> None:
    columns, into = list_of(said.get("input_cols")), list_of(said.get("output_cols"))
    weights = said.get("weights") or said.get("weights_col")
    if len(columns) != 1 or len(into) != 1 or weights:
        parts.miss(f"'{name}' draws by weights that stand in the data, or from several columns", node)
        return
    parts.add(name, "pick", {"into": into[0], "among": columns[0], "count": said.get("num_samples", 1)})


def _collect(name: str, node: Node, said: Mapping[str, Any], parts: Parts) -> None:
    into = list_of(said.get("output_cols"))
    columns = list_of(said.get("input_cols"))
    if len(into) != 1 or not columns:
        parts.miss(f"'{name}' does not say what it puts together, and where", node)
        return
    note = "a mapping here; there it was JSON text"
    parts.add(name, "collect", {"into": into[0], "columns": columns}, note)


def _thinking(name: str, node: Node, said: Mapping[str, Any], parts: Parts) -> None:
    """Replies are read without what stands between <think> tags anyway."""


_BLOCKS: Mapping[str, Callable[[str, Node, Mapping[str, Any], Parts], None]] = {
    "DuplicateColumns": _copy,
    "RenameColumns": _rename,
    "FlattenColumns": _unfold,
    "MeltColumns": _unfold,
    "CombineColumns": _text,
    "TextConcat": _text,
    "Selector": _choose,
    "IndexBasedMapper": _choose,
    "FilterByValue": _filter,
    "ColumnValueFilter": _filter,
    "RowMultiplier": _repeat,
    "Sampler": _sample,
    "JSONStructure": _collect,
    "PostProcessThinking": _thinking,
}
