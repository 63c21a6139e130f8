"""Values that know where they were written: what YAML files, flags and Python calls become first.

Configuration is merged from several places; each value keeps its own place through the merge, so an
error names the line that has to change and `--check` can say where a setting came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from fms_dgt.errors import Problem


class Expanded(str):
    """Text with variables of the environment put in.

    `written` is the text of the file, which messages show; with `secrets` the names of variables in it that
    may hold a key, with `unset` those that are not set: an error only where the text is used.
    """

    __slots__ = ("secrets", "unset", "written")

    written: str
    secrets: tuple[str, ...]
    unset: tuple[str, ...]

    def __new__(
        cls, text: str, written: str, secrets: tuple[str, ...] = (), unset: tuple[str, ...] = ()
    ) -> Self:
        """The text, with what the file has."""
        self = super().__new__(cls, text)
        self.written = written
        self.secrets = secrets
        self.unset = unset
        return self


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: the file (or "the command line"), its line, its key."""

    origin: str
    line: int | None = None
    key: str = ""

    def __str__(self) -> str:
        parts = [self.origin, str(self.line) if self.line else "", f" {self.key}" if self.key else ""]
        return ":".join(part for part in parts if part)

    def child(self, key: str | int, line: int | None = None) -> Place:
        """The place of one entry below this one."""
        name = f"[{key}]" if isinstance(key, int) else f".{key}"
        path = (self.key + name).removeprefix(".")
        return Place(self.origin, line or self.line, path)


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a list of nodes or a dict of nodes, with its place."""

    value: Any
    place: Place

    @classmethod
    def of(cls, data: Any, place: Place | str) -> Node:
        """Wrap plain Python data that came from one place."""
        here = Place(place) if isinstance(place, str) else place
        if isinstance(data, Node):
            return data
        if isinstance(data, Mapping):
            return cls({str(k): cls.of(v, here.child(str(k))) for k, v in data.items()}, here)
        if isinstance(data, list | tuple):
            return cls([cls.of(v, here.child(i)) for i, v in enumerate(data)], here)
        return cls(data, here)

    @property
    def is_mapping(self) -> bool:
        """Whether this is a dict of nodes."""
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        """Whether this is a list of nodes."""
        return isinstance(self.value, list)

    def get(self, key: str) -> Node | None:
        """The entry of a mapping, None where there is none or it is null."""
        child = self.value.get(key) if isinstance(self.value, dict) else None
        return child if isinstance(child, Node) and child.value is not None else None

    def items(self) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping."""
        yield from self.value.items()

    def plain(self) -> Any:
        """The same data without places."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return str(self.value) if isinstance(self.value, Expanded) else self.value

    @property
    def written(self) -> Any:
        """A scalar as its file has it, with the names of variables in place of their values."""
        return self.value.written if isinstance(self.value, Expanded) else self.value

    def leaves(self) -> Iterator[Node]:
        """The scalars of this tree."""
        if self.is_mapping or self.is_list:
            for child in self.value.values() if self.is_mapping else self.value:
                yield from child.leaves()
        else:
            yield self

    def without(self, *keys: str) -> Node:
        """The mapping less some keys."""
        return Node({k: v for k, v in self.value.items() if k not in keys}, self.place)

    def with_(self, **entries: Node) -> Node:
        """The mapping with entries added or replaced."""
        return Node({**self.value, **entries}, self.place)

    def merged(self, over: Node | None) -> Node:
        """This mapping with `over` laid on it: mappings merge, all else is replaced."""
        if over is None:
            return self
        if not (self.is_mapping and over.is_mapping):
            return over
        result = dict(self.value)
        for key, child in over.value.items():
            result[key] = result[key].merged(child) if key in result else child
        return Node(result, over.place)

    def kind(self) -> str:
        """What a person calls this value's type."""
        return kind_of(self.value)

    def problem(self, what: str, mend: str = "") -> Problem:
        """A problem at this place."""
        return Problem(what, mend, str(self.place))


def kind_of(value: Any) -> str:
    """What a person calls the type of a YAML value."""
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true/false", type(None): "nothing"}
    if isinstance(value, str):
        return names[str]
    if type(value) in names:
        return names[type(value)]
    return "a number" if isinstance(value, int | float) else type(value).__name__
