"""A schema made anew from the inside out, for somebody who knows less of JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fms_dgt.core.json_schema.keywords import BY_NAME, ONE, SEVERAL


def rebuilt(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """The schema with `change` made to each schema in it, inner ones first; true and false stay."""
    if not isinstance(schema, Mapping):
        return schema
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ONE:
            result[key] = rebuilt(value, change)
        elif key in SEVERAL:
            result[key] = [rebuilt(each, change) for each in value]
        elif key in BY_NAME:
            result[key] = {name: rebuilt(each, change) for name, each in value.items()}
        else:
            result[key] = value
    return change(result)
