"""PDF, by pdfplumber: lines of text, tables with lines around them, headings by the size of letters."""

from __future__ import annotations

import logging
import re
import statistics
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from fms_dgt.documents.converters.columns import Columns, Run, crosses, gutter, runs_of
from fms_dgt.documents.converters.converter import Converter
from fms_dgt.documents.converters.table import table_lines

# what it is, and where
_Letter: TypeAlias = tuple[str, float, float]

_TALLER = 1.15
_LEVELS = 4
# a wider gap between two letters than this part of their size is a space
_GAP = 0.15
# the dots between a heading and its page in a table of contents
_DOTS = re.compile(r"(?:\. ?){4,}")


class PdfConverter(Converter):
    """Text in reading order, tables as tables, and what is set larger than the rest as headings.

    Lines at the top or bottom of several pages (running heads, page numbers) are left out. A PDF of
    pictures has no text: that is an error, since it wants character recognition.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".pdf",)
    packages: ClassVar[tuple[str, ...]] = ("pdfplumber",)
    install: ClassVar[str] = "fms-dgt[documents]"

    def convert(self, path: Path) -> str:
        import pdfplumber  # noqa: PLC0415

        # what it finds strange about a file goes to the terminal otherwise
        logging.getLogger("pdfminer").setLevel(logging.ERROR)
        with pdfplumber.open(path) as pdf:
            pages = _pages(pdf)
        if not any(pages):
            raise ValueError("it has no text, only pictures, which want character recognition")
        repeated = _repeated(pages)
        lines = [line for page in pages for line in page if line.bare not in repeated]
        return _markdown(lines)


@dataclass(frozen=True)
class _Line:
    """A line of text, or a whole table, and where it stands."""

    text: str
    size: float
    top: float
    bottom: float
    page: int
    edge: bool
    is_table: bool = False

    @property
    def bare(self) -> str:
        """The text by which a running head is known: without the number of the page."""
        return "".join(char for char in self.text if not char.isdigit()).strip() if self.edge else "\0"


def _pages(pdf: Any) -> list[list[_Line]]:
    """The lines of each page in reading order.

    A page that does not show two columns by itself has those of the other pages, if they fit. Which they
    are is not known on the first pages, so these may be read twice.
    """
    # more than one where left and right pages have margins of their own
    known: list[Columns] = []
    pages: list[list[_Line]] = []
    unsure: dict[int, list[Run]] = {}
    for number, page in enumerate(pdf.pages):
        found = _Page(page)
        at = gutter(found.runs)
        if at is not None:
            if _at(known, found.runs) is None:
                known.append(Columns.of(found.runs, at))
        elif (at := _at(known, found.runs)) is None:
            unsure[number] = found.runs
        pages.append(found.in_order(at))
    for number, runs in unsure.items():
        at = _at(known, runs)
        if at is not None:
            pages[number] = _Page(pdf.pages[number]).in_order(at)
    return pages


def _at(known: Sequence[Columns], runs: Sequence[Run]) -> float | None:
    return next((columns.at for columns in known if columns.are_on(runs)), None)


class _Page:
    """A page, taken apart into tables and lines of text."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._tables = [table for table in page.find_tables() if _is_table(table.extract())]
        boxes = [table.bbox for table in self._tables]
        self._rest = page.filter(lambda thing: not any(_within(thing, box) for box in boxes))
        self._found = _lines(self._rest)
        self.runs = runs_of(self._found)

    def in_order(self, at: float | None) -> list[_Line]:
        """Its lines, one column after the other where two part at `at`. Closes the page."""
        page, tables = self._page, self._tables
        if at is None:
            lines = (_text_line(line, page) for line in self._found)
            ordered = [[*lines, *(_table(table, page) for table in tables)]]
        else:
            ordered = _by_column(self._rest, self._found, tables, at)
        page.close()
        return [
            line for part in ordered for line in sorted(part, key=lambda line: line.top) if line.text.strip()
        ]


def _lines(page: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.extract_text_lines(return_chars=True, x_tolerance_ratio=_GAP)
    return found


def _by_column(page: Any, lines: list[dict[str, Any]], tables: list[Any], at: float) -> list[list[_Line]]:
    """The lines in reading order: between those over the whole width, first the left ones, then the right."""
    over = [line for line in lines if crosses(line, at)]
    whole = [_text_line(line, page) for line in over]
    whole.extend(_table(table, page) for table in tables if table.bbox[0] < at < table.bbox[2])
    letters = {_letter(char) for line in over for char in line["chars"]}
    parts = []
    for side in (0, 1):
        mine = page.filter(lambda thing, side=side: _is_beside(thing, at, side, letters))
        part = [_text_line(line, page) for line in _lines(mine)]
        beside = (table for table in tables if (table.bbox[0] >= at if side else table.bbox[2] <= at))
        parts.append([*part, *(_table(table, page) for table in beside)])
    ordered: list[list[_Line]] = []
    above = float("-inf")
    for line in sorted(whole, key=lambda line: line.top):
        ordered.extend([one for one in part if above <= one.top < line.top] for part in parts)
        ordered.append([line])
        above = line.top
    return [*ordered, *([one for one in part if one.top >= above] for part in parts)]


def _is_beside(thing: dict[str, Any], at: float, side: int, over: Container[_Letter]) -> bool:
    """Whether a letter is in the left column (`side` 0) or the right one, and in no line over both."""
    if thing.get("object_type") != "char" or ((thing["x0"] + thing["x1"]) / 2 > at) != bool(side):
        return False
    return _letter(thing) not in over


def _letter(thing: dict[str, Any]) -> _Letter:
    return thing["text"], thing["x0"], thing["top"]


def _table(table: Any, page: Any) -> _Line:
    text = "\n".join(table_lines(table.extract()))
    return _Line(text, 0, table.bbox[1], table.bbox[3], page.page_number, edge=False, is_table=True)


def _is_table(rows: Sequence[Sequence[str | None]]) -> bool:
    """Whether it is more than a box around a paragraph."""
    return len(rows) > 1 and max((len(row) for row in rows), default=0) > 1


def _within(thing: dict[str, Any], box: tuple[float, float, float, float]) -> bool:
    if thing.get("object_type") != "char":
        return False
    across, down = (thing["x0"] + thing["x1"]) / 2, (thing["top"] + thing["bottom"]) / 2
    return bool(box[0] <= across <= box[2] and box[1] <= down <= box[3])


def _text_line(line: dict[str, Any], page: Any) -> _Line:
    size = statistics.median(char["size"] for char in line["chars"])
    edge = line["bottom"] < page.height * 0.1 or line["top"] > page.height * 0.9
    return _Line(line["text"].strip(), round(size, 1), line["top"], line["bottom"], page.page_number, edge)


def _repeated(pages: list[list[_Line]]) -> set[str]:
    """Running heads and page numbers: at the edge of three pages or more."""
    counts = Counter(text for page in pages for text in {line.bare for line in page if line.edge})
    return {text for text, count in counts.items() if count >= 3}


def _markdown(lines: list[_Line]) -> str:
    levels = _levels(lines)
    parts: list[str] = []
    previous: _Line | None = None
    for line in lines:
        level = 0 if line.is_table or _DOTS.search(line.text) else levels.get(line.size, 0)
        text = f"{'#' * level} {line.text}" if level else _escaped(line.text)
        if previous is not None and _goes_on(previous, line):
            # the lines of a paragraph stay, since a list may be no paragraph at all
            parts[-1] += f" {line.text}" if level else f"\n{_escaped(line.text)}"
        else:
            parts.append(text)
        previous = line
    return "\n\n".join(parts)


def _levels(lines: list[_Line]) -> dict[float, int]:
    """Which sizes of letters are headings: those clearly larger than the one most text is set in."""
    amounts: Counter[float] = Counter()
    for line in lines:
        if not line.is_table:
            amounts[line.size] += len(line.text)
    if not amounts:
        return {}
    body = amounts.most_common(1)[0][0]
    large = sorted((size for size in amounts if size >= body * _TALLER), reverse=True)
    return {size: min(level, _LEVELS) for level, size in enumerate(large, 1)}


def _goes_on(before: _Line, line: _Line) -> bool:
    """Whether the line belongs to the same paragraph, or heading, as the one before."""
    if before.is_table or line.is_table or before.size != line.size:
        return False
    if before.page != line.page or line.bottom < before.top:
        # on the next page, or at the top of the next column
        return before.text[-1:].isalnum() and line.text[:1].islower()
    return line.top - before.bottom < 0.7 * line.size


def _escaped(text: str) -> str:
    """Text that would be read as a heading, a comment in a listing, say."""
    return f"\\{text}" if text.startswith("#") else text
