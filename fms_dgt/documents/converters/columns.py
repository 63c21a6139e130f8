"""Two columns of text on a page: where they part.

A table without lines looks alike. Text fills its columns, line after line; labels and figures do not.
Formulas and listings do not either: a page with many of them has the columns that other pages have.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# lines that a column has at the least
_FEW = 6
# of the width of the text: how narrow a column may be, and how much of its column a usual line fills
_NARROW, _FILLED = 0.3, 0.75
# lines over the whole width: titles, and what stands below the columns
_ACROSS = 0.25
# the same on a page whose lines begin where those of other pages' columns do, and how many must
_ACROSS_ALIKE, _ALIKE = 0.4, 3
_NEAR = 2.0


@dataclass(frozen=True)
class Run:
    """A part of a line without a gap in it."""

    start: float
    end: float


@dataclass(frozen=True)
class Columns:
    """A document's two columns: where they part, and where the lines of each begin."""

    at: float
    starts: tuple[float, float]

    @classmethod
    def of(cls, runs: Sequence[Run], at: float) -> Columns:
        """The columns of a page that part at `at`."""
        left = Counter(round(run.start) for run in runs if run.end <= at)
        right = Counter(round(run.start) for run in runs if run.start >= at)
        return cls(at, (float(left.most_common(1)[0][0]), float(right.most_common(1)[0][0])))

    def are_on(self, runs: Sequence[Run]) -> bool:
        """Whether a page has the same columns, whatever stands in them."""
        across = sum(run.start < self.at < run.end for run in runs)
        if across > _ACROSS_ALIKE * len(runs):
            return False
        return all(sum(abs(run.start - start) <= _NEAR for run in runs) >= _ALIKE for start in self.starts)


def runs_of(lines: Sequence[Mapping[str, Any]]) -> list[Run]:
    """The runs of a page's lines with their `chars`."""
    return [run for line in lines for run in _runs(line["chars"])]


def gutter(runs: Sequence[Run]) -> float | None:
    """Where two columns part, by a page's runs; None where there is one, or no telling."""
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


def _is_column(runs: Sequence[Run], whole: float) -> bool:
    if len(runs) < _FEW:
        return False
    width = max(run.end for run in runs) - min(run.start for run in runs)
    usual = statistics.median(run.end - run.start for run in runs)
    return width >= _NARROW * whole and usual >= _FILLED * width


def _runs(chars: Sequence[Mapping[str, Any]]) -> list[Run]:
    runs: list[Run] = []
    for char in sorted(chars, key=lambda char: float(char["x0"])):
        # a space between words, justified ones included, is narrower than a letter is high
        if runs and char["x0"] - runs[-1].end < char["size"]:
            runs[-1] = Run(runs[-1].start, max(runs[-1].end, char["x1"]))
        else:
            runs.append(Run(char["x0"], char["x1"]))
    return runs
