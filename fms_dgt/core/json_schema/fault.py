"""What does not fit a schema, and which of several things to tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fms_dgt.core.json_schema.keywords import KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first thing in a value that does not fit: where it is, and what is wrong.

    `wanted` are the types that it should have had one of, `actual` the one that it has; `is_choice` is set
    where it is none of the values that are allowed.
    """

    path: str = ""
    what: str = ""
    wanted: tuple[str, ...] = ()
    actual: str = ""
    is_choice: bool = False

    def at(self, step: str | int) -> Fault:
        """The same fault, seen from one level further out."""
        name = f"[{step}]" if isinstance(step, int) else f".{step}"
        return Fault(
            path=name + self.path,
            what=self.text,
            wanted=self.wanted,
            actual=self.actual,
            is_choice=self.is_choice,
        )

    @property
    def text(self) -> str:
        """What is wrong, as the end of a sentence about the place."""
        if self.what or not self.wanted:
            return self.what
        return f"must be {' or '.join(KINDS[kind] for kind in self.wanted)}, not {KINDS[self.actual]}"


def nearest(faults: Sequence[Fault]) -> Fault:
    """Of what keeps a value from each of several forms, the one that its writer can do most with."""
    if all(fault.wanted and not fault.path for fault in faults):
        wanted = tuple(dict.fromkeys(kind for fault in faults for kind in fault.wanted))
        return Fault(wanted=wanted, actual=faults[0].actual)
    return max(faults, key=_closeness)


def _closeness(fault: Fault) -> tuple[bool, bool, int]:
    # a value of another type, or with another mark, was meant to be another form
    return (
        not (fault.wanted and not fault.path),
        not fault.is_choice,
        fault.path.count(".") + fault.path.count("["),
    )
