"""From a few units to all of them: amounts with the range in which they should lie. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

# Below this many units nothing is said of a range.
FEWEST = 4


@dataclass(frozen=True, slots=True)
class Amount:
    """About so much; with few units no range is known (`low` and `high` are None)."""

    about: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def exactly(cls, value: float) -> Self:
        """What is known."""
        return cls(value, value, value)

    def to_json(self, digits: int | None = None) -> dict[str, float | None]:
        """Its ends, rounded."""
        ends = {"about": self.about, "low": self.low, "high": self.high}
        return {name: None if end is None else round(end, digits) for name, end in ends.items()}


def for_records(values: Sequence[float], records: Sequence[int], wanted: int) -> Amount:
    """What `wanted` more records take, where units took `values` and gave `records`, one or more in all.

    The range holds nineteen times of twenty, as far as later units are like these.
    """
    units = len(values)
    each = sum(values) / sum(records)
    yielded = sum(records) / units
    about = each * wanted
    if units < FEWEST:
        return Amount(about)
    rest = [value - each * number for value, number in zip(values, records, strict=True)]
    spread = sum(r * r for r in rest) / (units - 1)
    # what the ratio may be off by, and what so many further units vary by
    needed = wanted / yielded
    off = math.sqrt(spread) * math.sqrt(needed * needed / units + needed)
    # what did not happen in n units may still happen in 3 of n
    unseen = about * units / (units - 3)
    return _within(about, _factor(units) * off, unseen)


def for_units(values: Sequence[float], wanted: int) -> Amount:
    """What `wanted` more units take, where units took `values`."""
    units = len(values)
    mean = sum(values) / units
    if units < FEWEST:
        return Amount(mean * wanted)
    spread = sum((value - mean) ** 2 for value in values) / (units - 1)
    off = math.sqrt(spread) * math.sqrt(wanted * wanted / units + wanted)
    return _within(mean * wanted, _factor(units) * off, mean * wanted)


def together(amounts: Iterable[Amount]) -> Amount:
    """The sum of amounts that do not depend on one another."""
    each = list(amounts)
    about = sum(amount.about for amount in each)
    if any(amount.low is None or amount.high is None for amount in each):
        return Amount(about)
    below = math.sqrt(sum((amount.about - (amount.low or 0.0)) ** 2 for amount in each))
    above = math.sqrt(sum(((amount.high or 0.0) - amount.about) ** 2 for amount in each))
    return Amount(about, about - below, about + above)


def longest(amounts: Iterable[Amount]) -> Amount:
    """What takes longest of several things that are done at once."""
    each = list(amounts)
    about = max((amount.about for amount in each), default=0.0)
    lows = [amount.low for amount in each if amount.low is not None]
    highs = [amount.high for amount in each if amount.high is not None]
    known = len(lows) == len(highs) == len(each)
    return Amount(about, max(lows, default=0.0), max(highs, default=0.0)) if known else Amount(about)


def _within(about: float, off: float, at_least_to: float) -> Amount:
    return Amount(about, max(0.0, about - off), max(about + off, at_least_to))


def _factor(units: int) -> float:
    """How many standard deviations hold 95 % of the cases, about Student's figure."""
    return 1.96 * math.sqrt((units - 1) / (units - 3))
