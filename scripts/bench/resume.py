"""A finished run, run again: how long it takes to find that nothing is left to do, and to go on from it.

Each run is a process of its own, as on the command line.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from engine import TASK
from machine import TOYS, arguments, headline, in_own_process, peak_mb, table

import fms_dgt

MORE = 100


def run(folder: Path, wanted: int, concurrency: int) -> dict[str, Any]:
    """One run in this process."""
    clock, cpu = time.perf_counter(), time.process_time()
    outcome = fms_dgt.run(
        TASK,
        include=[TOYS / "chain.py"],
        output_dir=folder,
        num_outputs_to_generate=wanted,
        max_concurrency=concurrency,
        progress=False,
    )
    assert outcome.complete
    return {
        "seconds": time.perf_counter() - clock,
        "cpu": time.process_time() - cpu,
        "calls": outcome.counts["calls"],
        "peak": peak_mb(),
    }


def all_of_them(units: int, folder: str) -> None:
    """Make, run again, lose the files and run again, ask for more."""
    headline(f"resume: {units:,} units of three calls")
    steps = {
        "made": units,
        "the same command again": units,
        "again, without data.jsonl": units,
        f"{MORE} records more": units + MORE,
        "half as many": units // 2,
    }
    rows = []
    for name, wanted in steps.items():
        if "without" in name:
            (Path(folder) / "chain" / "data.jsonl").unlink()
        given = in_own_process("resume.py", "--one", folder, "--wanted", str(wanted))
        each = 1e6 * given["seconds"] / wanted
        rows.append((name, given["seconds"], given["cpu"], each, given["calls"], given["peak"]))
    table(("", "s", "CPU s", "µs a unit", "calls", "peak MB"), rows)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--units", type=int, default=None)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--wanted", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run(options.one, options.wanted, 64)))
        return
    with tempfile.TemporaryDirectory() as folder:
        all_of_them(options.units or (3_000 if options.small else 100_000), folder)


if __name__ == "__main__":
    main()
