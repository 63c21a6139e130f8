"""Where documents stand, as somebody wrote it: paths, patterns, URLs, a repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode
from fms_dgt.documents import GitDocuments
from fms_dgt.errors import Problem

# of bytes in a name, by most file systems
_LONGEST = 255
_MEND = "name a file, a folder, a pattern or a URL"


@dataclass(frozen=True)
class Places:
    """Paths, globs or URLs. Paths are relative to the file that says them, or to the working directory.

    `where` is the place of all of them in that file.
    """

    said: tuple[str, ...]
    beside: Path
    where: str

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """One of them, or a list."""
        entries = node.value if node.is_list else [node]
        wrong = [(entry, fault) for entry in entries if (fault := _fault(entry))]
        problems.extend(entry.problem(fault, _MEND) for entry, fault in wrong)
        if not entries:
            problems.append(node.problem("is empty", _MEND))
        if wrong or not entries:
            return None
        said = tuple(entry.value.strip() for entry in entries)
        return cls(said, Path(node.place.origin).parent, str(node.place))

    @property
    def urls(self) -> list[str]:
        """Those that are fetched."""
        return [text for text in self.said if text.startswith(("http://", "https://"))]

    @property
    def paths(self) -> list[str]:
        """Those that are read here."""
        return [text for text in self.said if text not in self.urls]


def _fault(entry: Node) -> str:
    """Why an entry is no place; empty where it may be one."""
    if not isinstance(entry.value, str):
        return f"must be a path, not {entry.kind()}"
    if not entry.value.strip():
        return "is empty"
    if any(ord(char) < 32 for char in entry.value.strip()):
        return "has a control character"
    longest = max(len(part.encode("utf-8", "replace")) for part in entry.value.split("/"))
    is_url = entry.value.strip().startswith(("http://", "https://"))
    return "is too long for a path" if longest > _LONGEST and not is_url else ""


@dataclass(frozen=True)
class Named:
    """The places of files by name, as `include: {documents: ...}` has them; or places without names."""

    places: tuple[Places, ...] = ()

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """Read a mapping of names to places, or places."""
        before = len(problems)
        entries = node.value.values() if node.is_mapping else [node]
        places = [Places.from_node(entry, problems) for entry in entries]
        return None if len(problems) > before else cls(tuple(one for one in places if one is not None))


@dataclass(frozen=True)
class Repository:
    """Documents in a git repository. A local one is found from the file that names it."""

    spec: GitDocuments
    beside: Path
    where: str

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """Read `{repo, commit, patterns}`."""
        spec = decode(GitDocuments, node, problems)
        return None if spec is None else cls(spec, Path(node.place.origin).parent, str(node.place))
