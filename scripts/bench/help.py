"""How long `--help` takes, beside a Python that imports what any command line needs."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from machine import arguments, headline, table

HELP = ("-m", "fms_dgt", "--help")
BARE = ("-c", "import argparse, json, sqlite3")


def seconds(*argv: str) -> float:
    """How long a fresh Python takes for it."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *argv], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    pairs = 3 if options.small else 15
    headline(f"help: {pairs} pairs, in turn")
    # the first of each reads files that the others find in memory
    seconds(*HELP)
    seconds(*BARE)
    times = [(seconds(*HELP), seconds(*BARE)) for _ in range(pairs)]
    helps, bares = zip(*times, strict=True)
    ratio = median(of_help / of_bare for of_help, of_bare in times)
    rows = [("--help", 1000 * median(helps)), ("bare Python", 1000 * median(bares)), ("ratio", ratio)]
    table(("median", "ms"), rows)


if __name__ == "__main__":
    main()
