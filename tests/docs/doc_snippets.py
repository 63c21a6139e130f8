"""The fenced blocks of a Markdown document, with what the comment before each says of it."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
DOCUMENTS = [*PAGES, *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(
    r"(?:^ *<!-- (?P<said>file|not run): (?P<about>[^>]+?) -->\n)?"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Snippet:
    """One fenced block. `file` is the name it goes by; `is_run` is False where the document says so."""

    document: Path
    line: int
    language: str
    text: str
    file: str = ""
    is_run: bool = True

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"

    def commands(self) -> list[list[str]]:
        """The words of each line of a shell block, comments and continuations settled."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]


def snippets(document: Path) -> Iterator[Snippet]:
    """Every fenced block of a document, in order."""
    text = document.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text[: found.start("language")].count("\n") + 1
        about = found["about"] if found["said"] == "file" else ""
        body = textwrap.dedent(found["text"])
        yield Snippet(document, line, found["language"], body, about or "", found["said"] != "not run")


def name_of(document: Path) -> str:
    """A document's name in test ids."""
    return document.relative_to(ROOT).as_posix()
