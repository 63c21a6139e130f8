"""References that lead back to a schema for the same value, which no check would come to the end of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from fms_dgt.core.json_schema import refs
from fms_dgt.core.json_schema.keywords import BY_NAME, ONE, SAME_VALUE, SEVERAL
from fms_dgt.core.node import Node
from fms_dgt.errors import Problem

# schemas for one value, by way of `$ref`, `anyOf` and the like
LONGEST_WAY: Final = 60


def child_of(node: Node, step: str) -> Node | None:
    """The entry of a mapping or a list that a step of a `$ref` names."""
    if node.is_mapping:
        child = node.value.get(step)
        return child if isinstance(child, Node) else None
    if node.is_list and step.isascii() and step.isdigit() and int(step[:9]) < len(node.value):
        found = node.value[int(step[:9])]
        return found if isinstance(found, Node) else None
    return None


def loop_problems(root: Node, schemas: Sequence[Node]) -> list[Problem]:
    """A schema that asks the same of the same value without an end, or after very many others."""
    lengths: dict[int, int] = {}
    under_way: set[int] = set()
    # depth first, without Python's stack: a schema is done when those that it asks of its value are
    waiting = [(schema, False) for schema in reversed(schemas)]
    while waiting:
        node, is_back = waiting.pop()
        if not is_back and (id(node) in lengths or not node.is_mapping):
            continue
        same = list(_same_value(root, node))
        if is_back:
            under_way.discard(id(node))
            lengths[id(node)] = 1 + max((lengths.get(id(each), 0) for each in same), default=0)
            if lengths[id(node)] > LONGEST_WAY:
                what = f"leads through more than {LONGEST_WAY} schemas for one value"
                return [node.problem(what, "put them together")]
            continue
        under_way.add(id(node))
        waiting.append((node, True))
        for each in same:
            if id(each) in under_way:
                what = "refers back to itself for the same value, which never ends"
                return [node.problem(what, "refer to it from 'properties', 'items' or the like")]
            waiting.append((each, False))
    return []


def _inner_nodes(node: Node) -> Iterator[tuple[str, Node]]:
    for key, child in node.items():
        if key in ONE:
            yield key, child
        elif key in SEVERAL:
            yield from ((key, each) for each in child.value)
        elif key in BY_NAME:
            yield from ((key, each) for each in child.value.values())


def _same_value(root: Node, node: Node) -> Iterator[Node]:
    yield from (child for key, child in _inner_nodes(node) if key in SAME_VALUE)
    ref = node.value.get("$ref")
    if ref is not None:
        found: Node | None = root
        for step in refs.steps_of(ref.value):
            found = child_of(found, step) if found is not None else None
        if found is not None:
            yield found
