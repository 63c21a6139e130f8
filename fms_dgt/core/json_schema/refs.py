"""`$ref`: a path within the same schema, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote


class NoTarget(ValueError):
    """A `$ref` that leads nowhere."""


def steps_of(ref: str) -> list[str]:
    """The keys that a `$ref` names, from the root. Raises NoTarget where it is no path within the schema."""
    if ref != "#" and not ref.startswith("#/"):
        raise NoTarget(ref)
    return [unquote(step).replace("~1", "/").replace("~0", "~") for step in ref.split("/")[1:]]


def target(root: Any, ref: str) -> Any:
    """The schema that a `$ref` names. Raises NoTarget."""
    value = root
    for step in steps_of(ref):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif (
            isinstance(value, list | tuple)
            and step.isascii()
            and step.isdigit()
            and int(step[:9]) < len(value)
        ):
            value = value[int(step[:9])]
        else:
            raise NoTarget(ref)
    return value


def name_of(ref: str) -> str:
    """What people call the schema that a `$ref` names: the last part of its path."""
    return (steps_of(ref) or ["the whole"])[-1]
