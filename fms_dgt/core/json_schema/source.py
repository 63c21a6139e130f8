"""What a program may give for a schema: a mapping, or a class that has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_class(source: Any) -> bool:
    """Whether a schema can be made of it, and it is none itself."""
    return isinstance(source, type) or hasattr(source, "model_json_schema")


def schema_from(source: Any) -> Mapping[str, Any]:
    """The schema that `source` is, or that its class has. Raises ValueError."""
    if isinstance(source, Mapping):
        return source
    from fms_dgt.core.json_schema.classes import schema_of  # noqa: PLC0415 (what few runs need)

    return schema_of(source)
