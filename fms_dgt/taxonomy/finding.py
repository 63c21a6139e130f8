"""What a check says of a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from fms_dgt.core.node import Node, Place
from fms_dgt.errors import Problem
from fms_dgt.taxonomy.layout import Kind

Level: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in one file: `rule` names what kind of thing, `line` and `key` where it is."""

    level: Level
    rule: str
    what: str
    mend: str = ""
    file: str = ""
    line: int | None = None
    key: str = ""

    @classmethod
    def at(cls, node: Node, level: Level, rule: str, what: str, mend: str = "") -> Finding:
        """A finding at a value's place."""
        place = node.place
        return cls(level, rule, what, mend, place.origin, place.line, place.key)

    @property
    def problem(self) -> Problem:
        """The same as every other part of the program says it."""
        return Problem(self.what, self.mend, str(Place(self.file, self.line, self.key)))


@dataclass(frozen=True, slots=True)
class FileReport:
    """A file, what is in it, and what is wrong with it.

    `seeds` counts seed examples (contexts, in knowledge), `grounded` those of a skill with a context,
    `pairs` questions with an answer. `fixed` says that `--fix` has written the file anew.
    """

    file: str
    path: str
    kind: Kind
    version: int | None = None
    seeds: int = 0
    grounded: int = 0
    pairs: int = 0
    words: int = 0
    size: int = 0
    findings: tuple[Finding, ...] = ()
    fixed: bool = False

    @property
    def errors(self) -> list[Finding]:
        """What makes the file invalid."""
        return [finding for finding in self.findings if finding.level == "error"]

    @property
    def warnings(self) -> list[Finding]:
        """What does not."""
        return [finding for finding in self.findings if finding.level == "warning"]

    @property
    def valid(self) -> bool:
        """Whether there is no error."""
        return not self.errors

    def with_findings(self, more: Iterable[Finding]) -> FileReport:
        """The same with more findings, all in the order of their lines."""
        both = dict.fromkeys((*self.findings, *more))
        return replace(self, findings=tuple(sorted(both, key=lambda finding: finding.line or 0)))
