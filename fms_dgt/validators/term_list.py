"""Lists of words or patterns, written in a config or in files beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fms_dgt.core.canonical import hexdigest
from fms_dgt.core.node import Node
from fms_dgt.errors import Problem
from fms_dgt.safety.regular_file import open_regular

LARGEST_FILE = 16_000_000
_HOW = "write a list, or the path of a file with one entry a line"


@dataclass(frozen=True, slots=True)
class Term:
    """One entry, and where it stands."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class TermList:
    """A list of texts: `[a, b, {file: more.txt}]`, or a file's path alone.

    A file has one entry a line; blank lines and those that begin with `#` are left out. It is looked for
    beside the config that names it, then in the working directory, and read when the config is.
    """

    terms: tuple[Term, ...] = ()

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """Read the list, with the files that it names."""
        before = len(problems)
        entries = node.value if node.is_list else [Node({"file": node}, node.place)]
        terms = tuple(term for entry in entries for term in _terms(entry, problems))
        if len(problems) == before and not terms:
            problems.append(node.problem("has no entries", _HOW))
        return cls(terms) if len(problems) == before else None

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """A list that stands in a file of ours."""
        return cls(tuple(_lines(path.read_text(encoding="utf-8"), path.name)))

    @property
    def texts(self) -> list[str]:
        return [term.text for term in self.terms]

    @property
    def type(self) -> str:
        # what is written of it, and what fingerprints see: its content, whatever files it comes from
        return f"{len(self.terms)} entries, {hexdigest(self.texts)}"


def _terms(entry: Node, problems: list[Problem]) -> Iterator[Term]:
    if isinstance(entry.value, str) and entry.value.strip():
        yield Term(entry.value, str(entry.place))
        return
    named = entry.get("file")
    if named is None or not isinstance(named.value, str) or len(entry.value) > 1:
        problems.append(entry.problem(f"must be text or a file, not {entry.kind()}", _HOW))
        return
    text = read_beside(named, problems)
    if text is not None:
        yield from _lines(text, named.value)


def read_beside(named: Node, problems: list[Problem]) -> str | None:
    """The text of a file, looked for beside the config that names it, then in the working directory."""
    if not isinstance(named.value, str):
        problems.append(named.problem(f"must be the path of a file, not {named.kind()}", "put it in quotes"))
        return None
    beside = Path(named.place.origin).parent / named.value
    path = beside if beside.is_file() else Path(named.value)
    try:
        with open_regular(path) as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            problems.append(named.problem(f"{named.value} is larger than 16 MB", "name a shorter list"))
            return None
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        problems.append(named.problem(f"{named.value} is no UTF-8 text", "save it as UTF-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        mend = "a file's path is taken from this file or the working directory; a list stands in [ ]"
        problems.append(named.problem(f"cannot read {named.value}: {why}", mend))
    return None


def _lines(text: str, name: str) -> Iterator[Term]:
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.strip()
        if entry and not entry.startswith("#"):
            yield Term(entry, f"{name}:{number}")
