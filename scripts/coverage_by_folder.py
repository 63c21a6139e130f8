"""Prints the share of lines that the last `scripts/test --coverage` ran, for each folder of the package."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import coverage


def main() -> int:
    """Print the table, the folder with the most lines that did not run first."""
    measured = coverage.Coverage()
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(report))
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    lines: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file, numbers in files.items():
        parts = Path(file).parts
        for row in ("/".join(parts[:2]) if len(parts) > 2 else parts[0], "all"):
            lines[row][0] += numbers["summary"]["num_statements"]
            lines[row][1] += numbers["summary"]["missing_lines"]
    print(f"{'folder':<22}{'lines':>8}{'not run':>9}{'run':>7}")
    for row, (total, missed) in sorted(lines.items(), key=lambda item: (item[0] == "all", -item[1][1])):
        print(f"{row:<22}{total:>8}{missed:>9}{1 - missed / (total or 1):>7.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
