"""JSON values, compared as JSON Schema does: 1 and 1.0 are one value, 1 and true are two."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any


def key_of(value: Any) -> Hashable:
    """Something that is equal for equal values."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, Mapping):
        return (dict, frozenset((name, key_of(each)) for name, each in value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return (list, tuple(map(key_of, value)))
    # text, numbers and None are equal to nothing else
    return value if isinstance(value, str | int | float) or value is None else repr(value)


def size_of(value: Any, most: int) -> int:
    """How many values a value has in it, itself included; counted no further than `most`."""
    waiting, size = [value], 0
    while waiting and size < most:
        item = waiting.pop()
        size += 1
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
    return size
