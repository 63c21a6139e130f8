"""Over-ordering: the calls that 200 records cost at concurrency 64, over those at 1.

The sieve of the tests gives a record for so many of each hundred units; where a unit gives none, its
second call is saved.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

from machine import TEST_TOYS, arguments, headline, table

import fms_dgt

RECORDS = 200
PERCENTS = (5, 50, 100)
CONCURRENCIES = (1, 64)
TASK = {
    "task_name": "sieve",
    "task_description": "Grains.",
    "created_by": "the benchmarks",
    "data_builder": "sieve",
    "seed_examples": ["a"],
}


def calls(percent: int, concurrency: int, seed: int, delay: float) -> int:
    """What a run costs."""
    blocks = [{"name": "generator", "delay": delay}]
    with tempfile.TemporaryDirectory() as folder:
        outcome = fms_dgt.run(
            TASK,
            config={"databuilders": {"sieve": {"percent": percent, "blocks": blocks}}},
            include=[TEST_TOYS / "sieve.py"],
            output_dir=Path(folder),
            num_outputs_to_generate=RECORDS,
            max_stalled_requests=100_000,
            max_concurrency=concurrency,
            seed=seed,
            progress=False,
        )
    assert outcome.complete
    return outcome.counts["calls"]


def row(percent: int, options: argparse.Namespace) -> tuple[object, ...]:
    """One yield: the calls of each concurrency and their ratio, median and worst over the seeds."""
    costs = [
        [calls(percent, at_once, seed, options.delay) for at_once in CONCURRENCIES] for seed in options.seeds
    ]
    ratios = [many / one for one, many in costs]
    ones, manys = zip(*costs, strict=True)
    return f"{percent} %", int(median(ones)), int(median(manys)), median(ratios), max(ratios)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--delay", type=float, default=0.002, help="seconds that an answer takes")
    options = parser.parse_args()
    options.seeds = range(1 if options.small else 5)
    headline(f"admission: calls for {RECORDS} records, {len(options.seeds)} seeds, {options.delay} s a call")
    one, many = CONCURRENCIES
    header = ("yield", f"calls at {one}", f"calls at {many}", "ratio", "worst")
    table(header, [row(percent, options) for percent in PERCENTS])


if __name__ == "__main__":
    main()
