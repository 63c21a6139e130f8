"""Rows of cells as a Markdown table."""

from __future__ import annotations

from collections.abc import Sequence


def table_lines(rows: Sequence[Sequence[str | None]]) -> list[str]:
    """The table's lines, the first row as its head; empty where there is nothing in any cell."""
    cells = [[_cell(cell) for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if not cells:
        return []
    width = max(len(row) for row in cells)
    lines = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in cells]
    return [lines[0], f"|{' --- |' * width}", *lines[1:]]


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")
