"""Amounts of few units, extrapolated, with a range."""

from __future__ import annotations

import random

import pytest
from fms_dgt.runner.extrapolate import Amount, for_records, for_units, longest, together


def test_like_units_give_their_figure_and_room_for_what_was_not_seen() -> None:
    assert for_records([2.0] * 10, [1] * 10, 50) == Amount(100, 100, pytest.approx(100 * 10 / 7))
    assert for_units([2.0] * 10, 50) == Amount.exactly(100)


@pytest.mark.parametrize("units", [1, 2, 3])
def test_of_very_few_units_no_range_is_told(units: int) -> None:
    assert for_records([2.0] * units, [1] * units, 50) == Amount(100)
    assert for_units([2.0] * units, 50) == Amount(100)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_the_range_holds_nineteen_times_of_twenty(share: float) -> None:
    dice, held, tried = random.Random(3), 0, 0
    while tried < 400:
        records = [int(dice.random() < share) for _ in range(20)]
        if not sum(records):
            continue
        tried += 1
        values = [1.0 + 2 * record for record in records]
        amount = for_records(values, records, 200)
        made, really = 0, 0.0
        while made < 200:
            record = int(dice.random() < share)
            made, really = made + record, really + 1 + 2 * record
        held += (amount.low or 0) <= really <= (amount.high or 0)
    assert held >= 0.9 * tried


def test_sums_and_the_longest() -> None:
    parts = [Amount(10, 7, 14), Amount(20, 16, 23)]
    assert together(parts) == Amount(30, 25, 35)
    assert together([*parts, Amount(1)]) == Amount(31)
    assert longest(parts) == Amount(20, 16, 23)
    assert longest([]) == Amount.exactly(0)
