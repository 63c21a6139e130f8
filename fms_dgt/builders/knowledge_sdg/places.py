"""Where documents stand, as somebody wrote it: paths, patterns, URLs, a repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode
from fms_dgt.documents import GitDocuments
from fms_dgt.errors import Problem

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
        wrong = [entry for entry in entries if not isinstance(entry.value, str) or not entry.value.strip()]
        for entry in wrong:
            kind = "is empty" if isinstance(entry.value, str) else f"must be a path, not {entry.kind()}"
            problems.append(entry.problem(kind, _MEND))
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
