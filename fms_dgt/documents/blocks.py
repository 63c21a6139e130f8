"""Markdown into blocks: headings, tables, code, and everything else, each with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["heading", "table", "code", "text"]

_ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_INDENTED = re.compile(r"(?: {4}| {0,3}\t)\s*\S")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_QUOTE = re.compile(r"\s*>")
_HTML_TABLE = re.compile(r" {0,3}<table\b", re.IGNORECASE)
# HTML in which nothing is Markdown
_HTML_RAW = re.compile(r" {0,3}<(?:(pre|script|style|textarea)\b|!--)", re.IGNORECASE)
_CLOSING = {
    name: re.compile(rf"</{name}\s*>", re.IGNORECASE)
    for name in ("table", "pre", "script", "style", "textarea")
} | {"": re.compile("-->")}
_BAR = frozenset("|:- \t")


@dataclass(frozen=True, slots=True)
class Block:
    """Characters `start` up to `end` of the text; `level` and `title` are a heading's."""

    kind: Kind
    start: int
    end: int
    level: int = 0
    title: str = ""


def blocks(text: str) -> list[Block]:
    """All of the text's blocks in order; between them is only white space."""
    return list(_Reader(text).blocks())


def is_bar(line: str) -> bool:
    """Whether this is the line below a table's head."""
    return "-" in line and "|" in line and _BAR.issuperset(line)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._in_list = False
        # what is closed nowhere from here on is not looked for again
        self._unclosed: set[str] = set()

    def blocks(self) -> Iterator[Block]:
        at = self._front_matter()
        if at:
            yield self._block("text", 0, at)
        while at < len(self._lines):
            if not self._lines[at].strip():
                at += 1
                continue
            block, at = self._next(at)
            if block.kind == "text" and _ITEM.match(self._text, block.start, block.end):
                self._in_list = True
            elif block.kind == "heading" or not self._lines[at - 1].startswith((" ", "\t")):
                # what is indented goes on with the list; a line that is not ends it
                self._in_list = False
            yield block

    def _next(self, at: int) -> tuple[Block, int]:
        line = self._lines[at]
        if found := _ATX.match(line):
            title = line.strip().lstrip("#").strip()
            bare = title.rstrip("#")
            title = bare.rstrip() if not bare or bare[-1:].isspace() else title
            return self._block("heading", at, at + 1, len(found[1]), title), at + 1
        if end := self._code_end(at):
            return self._block("code", at, end), end
        if end := self._table_end(at):
            return self._block("table", at, end), end
        if end := self._raw_end(at):
            # a comment is nothing to be kept whole
            return self._block("text" if "<!--" in line else "code", at, end), end
        end = self._paragraph_end(at)
        if end == at + 1 and end < len(self._lines) and not (_ITEM.match(line) or _QUOTE.match(line)):
            under = _SETEXT.match(self._lines[end])
            if under:
                level = 1 if under[1][0] == "=" else 2
                return self._block("heading", at, end + 1, level, line.strip()), end + 1
        return self._block("text", at, end), end

    def _paragraph_end(self, at: int) -> int:
        end = at + 1
        while end < len(self._lines) and self._lines[end].strip() and not self._interrupts(end):
            end += 1
        return end

    def _interrupts(self, at: int) -> bool:
        line = self._lines[at]
        if _ATX.match(line) or self._opens_fence(at) or _HTML_TABLE.match(line):
            return True
        return bool(_SETEXT.match(line)) or self._is_table(at) or self._raw_end(at) > 0

    def _opens_fence(self, at: int) -> str:
        found = _FENCE.match(self._lines[at])
        if not found or (found[1][0] == "`" and "`" in self._lines[at][found.end() :]):
            return ""
        return found[1]

    def _code_end(self, at: int) -> int:
        """The line after a block of code that begins here; 0 where none does."""
        if fence := self._opens_fence(at):
            for end in range(at + 1, len(self._lines)):
                line = self._lines[end].strip()
                if line.startswith(fence) and not line.strip(fence[0]):
                    return end + 1
            return self._back(len(self._lines))
        if self._in_list or not _INDENTED.match(self._lines[at]):
            return 0
        end = at + 1
        while end < len(self._lines) and (_INDENTED.match(self._lines[end]) or not self._lines[end].strip()):
            end += 1
        return self._back(end)

    def _back(self, end: int) -> int:
        """Without the blank lines before `end`."""
        while not self._lines[end - 1].strip():
            end -= 1
        return end

    def _is_table(self, at: int) -> bool:
        return "|" in self._lines[at] and at + 1 < len(self._lines) and is_bar(self._lines[at + 1])

    def _table_end(self, at: int) -> int:
        if self._is_table(at):
            end = at + 2
            while end < len(self._lines) and "|" in self._lines[end] and not self._opens_fence(end):
                end += 1
            return end
        return self._closed(at, "table") if _HTML_TABLE.match(self._lines[at]) else 0

    def _raw_end(self, at: int) -> int:
        """The line after HTML of several lines in which nothing is Markdown; 0 where none begins here."""
        found = _HTML_RAW.match(self._lines[at])
        end = self._closed(at, (found[1] or "").lower()) if found else 0
        return end if end > at + 1 else 0

    def _closed(self, at: int, name: str) -> int:
        """The line after the one that closes HTML begun here; 0 where none does."""
        found = None if name in self._unclosed else _CLOSING[name].search(self._text, self._starts[at])
        if not found:
            self._unclosed.add(name)
            return 0
        end = at + 1
        while self._starts[end] < found.end():
            end += 1
        return end

    def _front_matter(self) -> int:
        """The line after YAML between two `---`, or TOML between two `+++`, at the very beginning."""
        mark = self._lines[0].rstrip()
        if mark not in ("---", "+++") or len(self._lines) < 2 or not self._lines[1].strip():
            return 0
        for end in range(1, min(len(self._lines), 200)):
            if self._lines[end].rstrip() in (mark, "..."):
                return end + 1
        return 0

    def _block(self, kind: Kind, first: int, last: int, level: int = 0, title: str = "") -> Block:
        end = self._starts[last - 1] + len(self._lines[last - 1].rstrip())
        return Block(kind, self._starts[first], end, level, title)
