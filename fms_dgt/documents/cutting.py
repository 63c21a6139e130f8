"""Blocks that are too large into pieces: tables by rows, code by lines, text by sentences, then words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from fms_dgt.documents.blocks import Block, is_bar
from fms_dgt.documents.measure import WORD

# with the marks of Arabic, Urdu and Hindi, and those of Chinese and Japanese, which no space follows
_SENTENCE_END = re.compile(
    "[.!?\u2026\u061f\u06d4\u0964\u0965][\"'\u201d\u2019)\\]]*\\s+|[\u3002\uff01\uff1f]|\\n\\s*"
)
_RUN = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters `start` up to `end`, and what is written again before and after them."""

    start: int
    end: int
    size: int
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Cutter:
    """Cuts blocks of `text` into pieces that measure `limit` at most."""

    text: str
    measure: Callable[[str], int]
    limit: int

    def pieces(self, block: Block, first: int) -> list[Piece]:
        """The block's pieces, in order; the first one measures `first` at most, if that can be."""
        if block.kind == "text":
            return self._packed(self._sentences(block.start, block.end), first)
        lines = list(self._lines(block.start, block.end))
        if block.kind == "table":
            return self._table(lines, first)
        return self._code(lines, first)

    def _table(self, lines: list[Piece], first: int) -> list[Piece]:
        """Rows, with the table's head once again before each piece but the first."""
        if len(lines) < 3 or not is_bar(self._of(lines[1])):
            return self._packed(lines, first)
        head = self.text[lines[0].start : lines[1].end]
        size = self.measure(head)
        if size * 2 > self.limit:
            return self._packed(lines, first)
        whole = Piece(lines[0].start, lines[1].end, size)
        start, *rest = self._packed([whole, *lines[2:]], max(first, size + 1), self.limit - size)
        return [start, *(Piece(p.start, p.end, p.size + size, before=f"{head}\n") for p in rest)]

    def _code(self, lines: list[Piece], first: int) -> list[Piece]:
        """Lines, each piece between the fences of the whole."""
        fence = self._of(lines[0])
        marks = fence.strip()[:3]
        if marks not in ("```", "~~~"):
            return self._packed(lines, first)
        closing = self._of(lines[-1]).strip()
        closing = closing if len(lines) > 1 and not closing.strip(marks[0]) else fence.strip()[: _run(fence)]
        extra = self.measure(fence) + self.measure(closing)
        if extra * 2 > self.limit:
            return self._packed(lines, first)
        found = self._packed(lines, first - extra, self.limit - extra)
        last = len(found) - 1
        return [
            Piece(
                piece.start,
                piece.end,
                piece.size + extra,
                before=f"{fence}\n" if number else "",
                after=f"\n{closing}" if number < last else "",
            )
            for number, piece in enumerate(found)
        ]

    def _packed(self, atoms: Iterable[Piece], first: int, limit: int = 0) -> list[Piece]:
        """Atoms together, as many as fit; one that does not fit by itself is cut at its words."""
        most = limit or self.limit
        room = max(first, 1)
        result: list[Piece] = []
        for atom in atoms:
            parts = [atom] if atom.size <= most else list(self._words(atom.start, atom.end, most))
            for part in parts:
                if result and result[-1].size + part.size <= room:
                    result[-1] = Piece(result[-1].start, part.end, result[-1].size + part.size)
                else:
                    room = most if result else room
                    result.append(part)
        return result

    def _sentences(self, start: int, end: int) -> Iterator[Piece]:
        at = start
        for found in _SENTENCE_END.finditer(self.text, start, end):
            yield from self._piece(at, found.end())
            at = found.end()
        yield from self._piece(at, end)

    def _lines(self, start: int, end: int) -> Iterator[Piece]:
        at = start
        while at < end:
            stop = self.text.find("\n", at, end)
            stop = end if stop < 0 else stop
            yield from self._piece(at, min(stop + 1, end))
            at = stop + 1

    def _words(self, start: int, end: int, most: int) -> Iterator[Piece]:
        """What is between spaces; where that is too much, as in Chinese, words and letters."""
        for run in _RUN.finditer(self.text, start, end):
            size = self.measure(run[0])
            if size <= most:
                yield Piece(run.start(), run.end(), size)
                continue
            for found in WORD.finditer(self.text, run.start(), run.end()):
                yield from self._letters(found.start(), found.end(), most)

    def _letters(self, start: int, end: int, most: int) -> Iterator[Piece]:
        size = self.measure(self.text[start:end])
        if size <= most or end - start < 2:
            yield Piece(start, end, size)
        else:
            middle = (start + end) // 2
            yield from self._letters(start, middle, most)
            yield from self._letters(middle, end, most)

    def _piece(self, start: int, end: int) -> Iterator[Piece]:
        """What is between the two, without white space at its end, which is measured; or nothing."""
        last = end
        while end > start and self.text[end - 1].isspace():
            end -= 1
        if end > start:
            yield Piece(start, end, self.measure(self.text[start:last]))

    def _of(self, piece: Piece) -> str:
        return self.text[piece.start : piece.end]


def _run(fence: str) -> int:
    bare = fence.strip()
    return len(bare) - len(bare.lstrip(bare[0]))
