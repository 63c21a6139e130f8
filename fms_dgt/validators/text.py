"""What a value is compared as."""

from __future__ import annotations

from typing import Any

from fms_dgt.core.canonical import canonical


def as_text(value: Any) -> str:
    """Text as it is, any other JSON value as its canonical JSON text."""
    return value if isinstance(value, str) else canonical(value).decode("utf-8", "surrogatepass")
