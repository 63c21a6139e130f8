"""Documents into chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from fms_dgt.documents.blocks import Block, blocks
from fms_dgt.documents.cutting import Cutter, Piece
from fms_dgt.documents.document import Chunk, ChunkSize, Document
from fms_dgt.documents.measure import measure_of

Path = tuple[str, ...]

# a table or a block of code up to so many times the size is kept whole
_FAR = 2
# neighbours below this part of the size are put together
_TINY = 3


def split(document: Document, size: ChunkSize) -> list[Chunk]:
    """The document's chunks, in order; together they have all of it but white space in between.

    A chunk begins at a heading where it can. Tables and code are kept whole up to twice the size;
    beyond that they are cut between rows or lines, and the head or the fence is repeated. Text is cut
    between paragraphs, then sentences, then words. Neighbours below a third of the size become one.
    """
    text = document.text
    drafts = list(_drafts(text, measure_of(size), size.limit))
    drafts = _with_first_child(drafts, size.limit)
    drafts = _with_neighbour(drafts, size.limit)
    return [
        Chunk(
            draft.piece.before + text[draft.piece.start : draft.piece.end] + draft.piece.after,
            document.name,
            draft.path,
            draft.piece.start,
            draft.piece.end,
            number,
        )
        for number, draft in enumerate(drafts)
    ]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A chunk to be, and the headings above it."""

    piece: Piece
    path: Path

    def fits(self, other: _Draft, limit: int) -> bool:
        """Whether the two can be one."""
        whole = not (self.piece.after or other.piece.before or self.piece.before or other.piece.after)
        return whole and self.piece.size + other.piece.size <= limit

    def tiny(self, limit: int) -> bool:
        return self.piece.size * _TINY < limit

    def joined(self, other: _Draft, path: Path) -> _Draft:
        piece = Piece(self.piece.start, other.piece.end, self.piece.size + other.piece.size)
        return _Draft(piece, path)


def _drafts(text: str, measure: Callable[[str], int], limit: int) -> Iterator[_Draft]:
    """Each section packed by itself: as many blocks together as fit, in parts of about one size."""
    cutter = Cutter(text, measure, limit)
    found = blocks(text)
    # a tokenizer counts blank lines, too
    ends = {one.start: after.start for one, after in pairwise(found)}
    for path, section in _sections(found):
        sized = [(block, measure(text[block.start : ends.get(block.start, block.end)])) for block in section]
        total = sum(size for _, size in sized)
        target = total / -(-total // limit) if total else 0
        for piece in _pieces(sized, cutter, target):
            yield _Draft(piece, path)


def _pieces(sized: list[tuple[Block, int]], cutter: Cutter, target: float) -> Iterator[Piece]:
    held: Piece | None = None
    headings = True
    for block, size in sized:
        before = held.size if held else 0
        most = cutter.limit * (_FAR if block.kind in ("table", "code") else 1)
        if held and not headings and size <= most and (before + size > cutter.limit or before >= target):
            yield held
            held, before = None, 0
        headings = headings and block.kind == "heading"
        if before + size <= most:
            held = Piece(held.start if held else block.start, block.end, before + size)
            continue
        yield from (parts := _cut(held, block, cutter))[:-1]
        held, headings = parts[-1], False
        if held.before or held.after:
            yield held
            held = None
    if held:
        yield held


def _cut(held: Piece | None, block: Block, cutter: Cutter) -> list[Piece]:
    """The pieces of a block that is too large; what was held goes with the first, if it has room."""
    room = cutter.limit - held.size if held else cutter.limit
    parts = cutter.pieces(block, room if room * _TINY >= cutter.limit else cutter.limit)
    if not held:
        return parts
    if parts[0].size > room:
        return [held, *parts]
    first = replace(parts[0], start=held.start, size=parts[0].size + held.size)
    return [first, *parts[1:]]


def _sections(found: list[Block]) -> Iterator[tuple[Path, list[Block]]]:
    """Blocks from one heading up to the next, and the headings they stand under.

    A heading with nothing below it but a lower heading begins that one's section.
    """
    above: list[tuple[int, str]] = []
    section: list[Block] = []
    for block in found:
        if block.kind == "heading":
            if section and not (section[-1].kind == "heading" and section[-1].level < block.level):
                yield tuple(title for _, title in above), section
                section = []
            above = [(level, title) for level, title in above if level < block.level]
            above.append((block.level, block.title))
        section.append(block)
    if section:
        yield tuple(title for _, title in above), section


def _with_first_child(drafts: list[_Draft], limit: int) -> list[_Draft]:
    """A heading with little below it goes with the first section inside its own."""
    result: list[_Draft] = []
    for draft in drafts:
        last = result[-1] if result else None
        inside = last is not None and draft.path[: len(last.path)] == last.path
        if last is not None and inside and last.path and last.tiny(limit) and last.fits(draft, limit):
            result[-1] = last.joined(draft, last.path)
        else:
            result.append(draft)
    return result


def _with_neighbour(drafts: list[_Draft], limit: int) -> list[_Draft]:
    result: list[_Draft] = []
    for draft in drafts:
        last = result[-1] if result else None
        if last is not None and (last.tiny(limit) or draft.tiny(limit)) and last.fits(draft, limit):
            result[-1] = last.joined(draft, _common(last.path, draft.path))
        else:
            result.append(draft)
    return result


def _common(one: Path, other: Path) -> Path:
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    return one[:shared]
