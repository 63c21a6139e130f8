"""What an import is made of: stages with the names they had, and what has no counterpart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fms_dgt.core.node import Node

Said = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A stage, as YAML has it."""

    name: str
    kind: str
    said: Any
    note: str = ""


@dataclass(frozen=True)
class Missing:
    """A block, or a part of one, that has no counterpart: what it is, where it stood, what to do."""

    what: str
    where: str
    said: Any = None


@dataclass(frozen=True)
class Noted:
    """A block, or a part of one, that becomes no stage and is not missed."""

    note: str


@dataclass
class Parts:
    """What comes of a file, in its order. `gone` are columns that were dropped or renamed away there."""

    file: Path
    found: list[Made | Missing | Noted] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)

    def add(self, name: str, kind: str, said: Any, note: str = "") -> None:
        """A stage; a name that is taken gets a number."""
        number, unique = 2, name
        while unique in self._taken:
            unique, number = f"{name}_{number}", number + 1
        self._taken.add(unique)
        self.found.append(Made(unique, kind, said, note))
        made = list_of(said.get("into")) if "into" in said else list_of(said)
        # what was dropped and is made anew is there afterwards
        self.gone = [column for column in self.gone if column not in made]

    def noted(self, name: str, note: str) -> None:
        """Something that is done in another way here; the note stands where it stood."""
        self.found.append(Noted(f"{name}: {note}"))

    def repeated(self, name: str, number: Any) -> None:
        """Several answers of one row: each is asked for by itself, and takes no other with it."""
        if isinstance(number, int) and number > 1:
            self.add(f"{name}_times", "repeat", {"count": number, "into": f"{name}_number".replace(" ", "_")})
            self.dropped([f"{name}_number".replace(" ", "_")])

    def miss(self, what: str, node: Node) -> None:
        """Something without a counterpart."""
        place = node.place
        where = f"{place.origin}:{place.line}" if place.line else place.origin
        self.found.append(Missing(what, where, node.plain()))

    def dropped(self, columns: list[str]) -> None:
        """Columns that rows no longer had there from here on."""
        self.gone.extend(columns)


def text_of(said: Mapping[str, Any], *keys: str) -> str:
    """The first of some keys that holds text; "" where none does."""
    return next((said[key] for key in keys if isinstance(said.get(key), str)), "")


def list_of(value: Any) -> list[str]:
    """Columns as a list, however they were said."""
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value] if isinstance(value, list | dict) else []
