"""No over-ordering: a task that needs few more records starts few units."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine import sieve


@pytest.mark.parametrize("percent", [5, 50, 100])
def test_concurrency_orders_little_more_than_one_at_a_time(tmp_path: Path, percent: int) -> None:
    calls = {}
    for concurrency in (1, 64):
        folder = tmp_path / str(concurrency)
        outcome = sieve(folder, percent, 0.002, num_outputs_to_generate=200, max_concurrency=concurrency)
        assert outcome.complete
        calls[concurrency] = outcome.counts["calls"]
    assert calls[64] <= 1.5 * calls[1]


def test_a_run_for_few_records_starts_few_units(tmp_path: Path) -> None:
    outcome = sieve(tmp_path, 100, 0.01, num_outputs_to_generate=3, max_concurrency=64)
    assert outcome.counts == {"records": 3, "rejected": 0, "calls": 6, "replayed": 0}
