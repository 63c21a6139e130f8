"""What the keywords of a schema need of a check that is under way."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final, Protocol, TypeAlias

from fms_dgt.core.json_schema.fault import Fault

# a schema that is looked at for a value is one step; half a second's work at the most
MOST_STEPS: Final = 300_000
# schemas within each other, or values: each takes two frames of Python's stack
DEEPEST: Final = 220


class TooMuch(Exception):
    """A check that would take too long, or go too deep."""


class Check(Protocol):
    """One check of one value."""

    def spend(self, steps: int) -> None:
        """Count work. Raises TooMuch."""

    def fault(self, value: Any, schema: Any) -> Fault | None:
        """The first thing in a value that does not fit a schema."""

    def target(self, ref: str) -> Any:
        """The schema that a `$ref` names."""

    def choices(self, schema: Mapping[str, Any]) -> frozenset[Hashable]:
        """The values of an `enum`, for looking them up."""


Step: TypeAlias = Callable[[Check, Any, Mapping[str, Any]], Fault | None]
