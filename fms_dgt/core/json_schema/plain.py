"""Schemas with nothing but what every schema could have at first: prompts show them as they are, as ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_AT_FIRST: Final = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "enum"),
        *("minItems", "maxItems", "minimum", "maximum", "minLength", "maxLength"),
        *("title", "description", "default", "examples", "$schema", "$comment"),
    }
)


def is_plain(schema: Any) -> bool:
    """Whether a schema, and each one in it, has nothing else."""
    if not isinstance(schema, Mapping) or any(key not in _AT_FIRST for key in schema):
        return False
    if not isinstance(schema.get("additionalProperties", True), bool):
        return False
    nested = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return all(map(is_plain, nested))
