"""What the benchmarks share: where they run, how they start a process of their own, tables."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TOYS = HERE / "toys"
TEST_TOYS = HERE.parents[1] / "tests" / "toys"


def arguments(about: str) -> argparse.ArgumentParser:
    """A parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--small", action="store_true", help="a quick run, for seeing whether it works")
    return parser


def headline(what: str) -> None:
    """What is measured, and where."""
    python = f"Python {platform.python_version()}"
    system = f"{platform.system()} {platform.machine()}"
    busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{what}\n({os.cpu_count()} cores, {python}, {system}{busy})\n")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns, the first to the left and the others to the right."""
    lines = [list(header), *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(header))]
    for line in lines:
        first, *others = (
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *others]).rstrip())
    print()


def resident_mb() -> float:
    """What this process holds in memory now; its peak where the system does not say."""
    pages = Path("/proc/self/statm")
    if not pages.exists():
        return peak_mb()
    return int(pages.read_text(encoding="utf-8").split()[1]) * resource.getpagesize() / 1e6


def peak_mb() -> float:
    """The most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def in_own_process(script: str, *arguments: str, python: str = sys.executable) -> Any:
    """Run a benchmark's part in a fresh process; it prints its result as the last line, in JSON."""
    command = [python, str(HERE / script), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _cell(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.3f}" if abs(cell) < 1 else f"{cell:,.2f}" if abs(cell) < 100 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
