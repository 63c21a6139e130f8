"""The rows of a Markdown table whose headings are the names that were asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fms_dgt.core.reply.cleaning import key_of, plain

_RULE = re.compile(r"^[ \t]{0,12}\|?[ \t]{0,12}:?-{2,200}[ \t:|-]{0,1000}$", re.MULTILINE)
_BAR = re.compile(r"(?<!\\)\|")
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)


def table_rows(text: str, names: Sequence[str], *, is_cut: bool) -> list[dict[str, str]]:
    """What stands below the names, a dict for each row; a row that was cut off lacks its last name.

    Empty where the text has no table with all of the names as headings.
    """
    rule = _RULE.search(text) if "|" in text else None
    if rule is None:
        return []
    headings = [key_of(cell) for cell in _cells(text[: rule.start()].rstrip("\n").rpartition("\n")[2])]
    places = {name: headings.index(key_of(name)) for name in names if key_of(name) in headings}
    if len(places) < len(names):
        return []
    lines = text[rule.end() + 1 :].split("\n")
    rows = lines[: next((at for at, line in enumerate(lines) if "|" not in line), len(lines))]
    found = []
    for at, row in enumerate(rows):
        cells = _cells(row)
        if is_cut and at + 1 == len(lines) and not row.rstrip().endswith("|"):
            cells = cells[:-1]
        found.append({name: cells[place] for name, place in places.items() if place < len(cells)})
    return found


def _cells(row: str) -> list[str]:
    """The cells of a row; its outer bars are no part of it."""
    cells = [plain(_BREAK.sub("\n", cell.replace("\\|", "|"))) for cell in _BAR.split(row.strip())]
    return cells[bool(len(cells) > 1 and not cells[0]) : len(cells) - (len(cells) > 1 and not cells[-1])]
