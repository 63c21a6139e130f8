"""What the worker process does with a stranger's template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.core.template_text import compiled, examine


def work(text: str, plain: bool | None = None, values: Mapping[str, Any] | None = None) -> Any:
    """The text filled in; without values, what it says: its names, fault and line."""
    if values is None:
        said = examine(text)
        return [sorted(said.names), said.fault, said.line]
    return compiled(text, plain=bool(plain)).render(values)
