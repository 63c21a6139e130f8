"""Two columns of text on a page: where they part.

A table without lines looks alike. Text fills its columns, line after line; labels and figures do not.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# lines that a column has at the least
_FEW = 6
# of the width of the text: how narrow a column may be, and how much of its column a usual line fills
_NARROW, _FILLED = 0.3, 0.75
# lines over the whole width: titles, and what stands below the columns
_ACROSS = 0.25


@dataclass(frozen=True)
class _Run:
    """A part of a line without a gap in it."""

    start: float
    end: float


def gutter(lines: Sequence[Mapping[str, Any]]) -> float | None:
    """Where two columns part, by a page's lines with their `chars`; None where there is one."""
    runs = [run for line in lines for run in _runs(line["chars"])]
    if len(runs) < 2 * _FEW:
        return None
    first, last = min(run.start for run in runs), max(run.end for run in runs)
    middle = range(int(first + _NARROW * (last - first)), int(last - _NARROW * (last - first)) + 1)
    across = {at: sum(run.start < at < run.end for run in runs) for at in middle}
    fewest = min(across.values(), default=len(runs))
    # the gap is where fewest lines cross; its middle may be a little off where it is not the only one
    places = [at for at in middle if across[at] == fewest]
    if not places or fewest > _ACROSS * len(runs):
        return None
    at = float(places[len(places) // 2])
    sides = [[run for run in runs if run.end <= at], [run for run in runs if run.start >= at]]
    return at if all(_is_column(side, last - first) for side in sides) else None


def crosses(line: Mapping[str, Any], at: float) -> bool:
    """Whether a line goes on over the gutter."""
    return any(run.start < at < run.end for run in _runs(line["chars"]))


def _is_column(runs: Sequence[_Run], whole: float) -> bool:
    if len(runs) < _FEW:
        return False
    width = max(run.end for run in runs) - min(run.start for run in runs)
    usual = statistics.median(run.end - run.start for run in runs)
    return width >= _NARROW * whole and usual >= _FILLED * width


def _runs(chars: Sequence[Mapping[str, Any]]) -> list[_Run]:
    runs: list[_Run] = []
    for char in sorted(chars, key=lambda char: float(char["x0"])):
        # a space between words, justified ones included, is narrower than a letter is high
        if runs and char["x0"] - runs[-1].end < char["size"]:
            runs[-1] = _Run(runs[-1].start, max(runs[-1].end, char["x1"]))
        else:
            runs.append(_Run(char["x0"], char["x1"]))
    return runs
