"""A value as JSON text, if it is one that JSON holds and gives back as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from fms_dgt.core.json_encoder import encoder

# Deeper values are refused: whether Python can write and read them depends on the call stack.
DEEPEST = 200
MOST_VALUES = 100_000
_PLAIN = frozenset([str, int, float, bool, type(None)])


class NotJson(ValueError):
    """A value that is nested too deeply, has too much in it, or would lose something as JSON."""


_encode = encoder()


def json_text(value: Any) -> str:
    """Compact JSON. Raises TypeError or ValueError, such as NotJson, for what JSON cannot hold; a
    stranger's class in it may raise anything else.
    """
    check_shape(value)
    return _encode(value)


def json_copy(value: Any) -> Any:
    """The value with lists and mappings of its own: changing them changes nobody else's."""
    if type(value) in _PLAIN:
        return value
    if type(value) is dict and _PLAIN.issuperset(map(type, value.values())):
        return value.copy()
    if isinstance(value, dict):
        return {name: json_copy(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_copy(each) for each in value]
    return value


def check_shape(value: Any) -> None:
    """Raises NotJson where lists and mappings in it are no good, whatever the single values are."""
    if type(value) in _PLAIN or (type(value) is dict and _is_flat(value)):
        return
    waiting, values = [(value, 1)], 0
    while waiting:
        item, depth = waiting.pop()
        inner = _inner(item)
        if depth > DEEPEST and inner:
            raise NotJson(f"is nested more than {DEEPEST} levels deep")
        values += len(inner)
        if values > MOST_VALUES:
            raise NotJson(f"holds more than {MOST_VALUES:,} values")
        waiting.extend((child, depth + 1) for child in inner if type(child) not in _PLAIN)


def _is_flat(value: dict[Any, Any]) -> bool:
    """Whether it is what most rows are: single values by name."""
    for name, each in value.items():
        if type(name) is not str or type(each) not in _PLAIN:
            return False
    return len(value) < MOST_VALUES


def _inner(item: Any) -> list[Any]:
    if isinstance(item, dict):
        _check_keys(item)
        return list(item.values())
    return list(item) if isinstance(item, list | tuple) else []


def _check_keys(keys: Iterable[Any]) -> None:
    """JSON has text alone for keys, so that 1 and "1" would become one."""
    if all(type(key) is str for key in keys):
        return
    written = [json.loads(_encode({key: 0})) for key in keys]
    if len({name for each in written for name in each}) != len(written):
        raise NotJson("has keys that are the same in JSON")
