"""Is this checkout slower than another one? Both in turn, pair by pair, by the CPU time of each process.

BASE_PYTHON is the Python of the other checkout's environment: `git worktree add ../base COMMIT`, then
`scripts/setup` in it, and `scripts/bench/compare.py ../base/.venv/bin/python` here.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from machine import arguments, headline, in_own_process, table

VARIANTS = ("short prompts", "long prompts")
HELP = ("-m", "fms_dgt", "--help")


def engine_cpu(python: str, variant: str, units: int) -> float:
    """Milliseconds of CPU a call."""
    given = ("--one", variant, "--units", str(units))
    return float(in_own_process("engine.py", *given, python=python)["cpu_ms"])


def help_cpu(python: str) -> float:
    """Milliseconds of CPU that `--help` takes."""
    # elsewhere: `-m` takes what is in the working folder first
    process = subprocess.Popen([python, *HELP], stdout=subprocess.DEVNULL, cwd=Path(python).parent)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{python} {' '.join(HELP)} ended with {process.returncode}")
    return 1000 * (used.ru_utime + used.ru_stime)


def compile_modules(python: str) -> None:
    """Compile all modules of a checkout, also where the environment has Python write no compiled ones."""
    code = "import compileall, fms_dgt; compileall.compile_dir(fms_dgt.__path__[0], quiet=1)"
    subprocess.run([python, "-c", code], cwd=Path(python).parent, check=True)


def compared(measure: Callable[[str], float], base: str, pairs: int) -> tuple[float, ...]:
    """Medians of both, and the median and quartiles of the pairs' ratios."""
    for python in (base, sys.executable):
        compile_modules(python)
        # the first of each reads files that the others find in memory
        measure(python)
    # each goes first in half of the pairs
    orders = [(base, sys.executable), (sys.executable, base)]
    measured = [{python: measure(python) for python in orders[at % 2]} for at in range(pairs)]
    bases, heres = zip(*((pair[base], pair[sys.executable]) for pair in measured), strict=True)
    ratios = [here / there for there, here in zip(bases, heres, strict=True)]
    low, _, high = quantiles(ratios, n=4)
    return median(bases), median(heres), median(ratios), low, high


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("base", metavar="BASE_PYTHON")
    parser.add_argument("--pairs", type=int, default=8, help="of engine runs; --help has ten times as many")
    parser.add_argument("--units", type=int, default=6_000)
    options = parser.parse_args()
    # not resolved: a link to the interpreter would lead out of its environment
    base = str(Path(options.base).absolute())
    pairs, units = (2, 500) if options.small else (options.pairs, options.units)
    headline(f"compare: {pairs} pairs of {units:,} units, {10 * pairs} of --help, in turn")
    rows = []
    for variant in VARIANTS:
        measure = partial(engine_cpu, variant=variant, units=units)
        rows.append((variant, *compared(measure, base, pairs)))
    rows.append(("--help", *compared(help_cpu, base, 10 * pairs)))
    table(("CPU ms", "base", "here", "ratio", "lower quartile", "upper"), rows)


if __name__ == "__main__":
    main()
