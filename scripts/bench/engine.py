"""The engine's own cost: units through three calls in a chain, with a generator that returns a constant.

Each variant runs in a process of its own, the sketch (`sketch.py`) in turn with them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sketch
from machine import TOYS, arguments, headline, in_own_process, peak_mb, table

import fms_dgt
from fms_dgt.journal import entries

CALLS = 3
CONTEXT_CHARS = 1_500
# name -> (characters of context in each prompt, whether the journal may compress, units from a file)
VARIANTS = {
    "short prompts": (0, True, False),
    "long prompts": (CONTEXT_CHARS, True, False),
    "long, not compressed": (CONTEXT_CHARS, False, False),
    "short, from a file": (0, True, True),
}
TASK = {
    "task_name": "chain",
    "task_description": "Texts.",
    "created_by": "the benchmarks",
    "data_builder": "chain",
}


def run_engine(units: int, variant: str, folder: Path) -> dict[str, Any]:
    """One run in this process, as it was measured from inside."""
    context_chars, compress, from_file = VARIANTS[variant]
    if not compress:
        entries.COMPRESS_FROM = sys.maxsize
    task = dict(TASK)
    if from_file:
        task["items"] = str(_items(folder, units))
    outcome = fms_dgt.run(
        task,
        config={"databuilders": {"chain": {"context_chars": context_chars}}},
        include=[TOYS / "chain.py", TOYS / "meter.py"],
        output_dir=folder / "out",
        num_outputs_to_generate=units,
        progress=False,
    )
    assert outcome.counts == {"records": units, "rejected": 0, "calls": CALLS * units, "replayed": 0}
    points = [json.loads(line) for line in (folder / "out" / "meter.jsonl").read_text().splitlines()]
    size = sum(path.stat().st_size for path in (folder / "out").glob("journal.sqlite*"))
    return {**_cost(points[0], points[-1], units), "mb": points, "peak": peak_mb(), "disk": size / 1e6}


def run_sketch(units: int, variant: str, folder: Path) -> dict[str, Any]:
    """The same rows through the sketch."""
    context = "x" * VARIANTS[variant][0]
    before = {"cpu": time.process_time(), "clock": time.perf_counter()}
    asyncio.run(sketch.rows(units, context, folder))
    after = {"cpu": time.process_time(), "clock": time.perf_counter()}
    return {**_cost(before, after, units), "peak": peak_mb()}


def _items(folder: Path, units: int) -> Path:
    path = folder / "items.jsonl"
    with path.open("w") as file:
        file.writelines(f'{{"number": {number}}}\n' for number in range(units))
    return path


def _cost(before: dict[str, float], after: dict[str, float], units: int) -> dict[str, float]:
    calls = CALLS * units
    seconds = after["clock"] - before["clock"]
    return {"cpu_ms": 1000 * (after["cpu"] - before["cpu"]) / calls, "calls_a_second": calls / seconds}


def one(options: argparse.Namespace) -> None:
    """What a process of its own does."""
    measure = run_sketch if options.sketch else run_engine
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(options.units, options.one, Path(folder))))


def all_of_them(units: int) -> None:
    """Every variant, each right after the sketch with the same prompts."""
    headline(f"engine: {units:,} units, {CALLS * units:,} calls, no latency, a constant answer")
    results = {}
    rows = []
    for name in VARIANTS:
        given = ("--one", name, "--units", str(units))
        bare = in_own_process("engine.py", *given, "--sketch")
        full = in_own_process("engine.py", *given)
        results[name] = full
        ratio = full["cpu_ms"] / bare["cpu_ms"]
        rows.append(
            (name, full["cpu_ms"], bare["cpu_ms"], ratio, full["calls_a_second"], full["peak"], full["disk"])
        )
    header = ("", "CPU ms a call", "sketch", "ratio", "calls a second", "peak MB", "journal MB")
    table(header, rows)
    _tenths(results)


def _tenths(results: dict[str, Any]) -> None:
    points = {name: result["mb"] for name, result in results.items()}
    count = min(len(of) for of in points.values())
    first = next(iter(points.values()))
    rows = [
        (f"{first[at]['units']:,} units", *(of[at]["mb"] for of in points.values())) for at in range(count)
    ]
    table(("resident MB after", *points), rows)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--units", type=int, default=None)
    parser.add_argument("--one", choices=VARIANTS, help=argparse.SUPPRESS)
    parser.add_argument("--sketch", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.units = options.units or (3_000 if options.small else 100_000)
    if options.one:
        one(options)
    else:
        all_of_them(options.units)


if __name__ == "__main__":
    main()
