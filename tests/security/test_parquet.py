"""A small Parquet file that stands for gigabytes is refused before it takes them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

# reads the rows of argv[1] with the address space of a process that has loaded its libraries and 3 GB more
_READ = """
import resource, sys
import datasets, pyarrow.parquet
from fms_dgt.core.table_source import Table
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 3 * 2**30, used + 3 * 2**30))
print(*Table.at(sys.argv[1]).problems(), sep="\\n")
# not ru_maxrss, which begins with that of whoever started this process
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def bomb(kind: str) -> pa.Table:
    """256 rows that take a few kilobytes as Parquet."""
    if kind == "text":
        text = pa.array(["x" * 8_000_000])
        return pa.table({"a": pa.DictionaryArray.from_arrays(pa.array([0] * 256, pa.int32()), text)})
    if kind == "texts in lists":
        inner = pa.DictionaryArray.from_arrays(pa.array([0] * 512, pa.int32()), pa.array(["x" * 8_000_000]))
        return pa.table({"a": pa.ListArray.from_arrays(pa.array(range(0, 514, 2), pa.int32()), inner)})
    values = (
        pa.nulls(30_000_000, pa.int8()) if kind == "nulls" else pa.repeat(pa.scalar(0, pa.int8()), 30_000_000)
    )
    return pa.table({"a": pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)})


@pytest.mark.parametrize(
    ("kind", "in_folder"),
    [("text", False), ("text", True), ("texts in lists", False), ("numbers", False), ("nulls", False)],
)
def test_few_bytes_that_stand_for_many_are_refused(tmp_path: Path, kind: str, in_folder: bool) -> None:
    path = tmp_path / "rows" / "train.parquet"
    path.parent.mkdir()
    pa.parquet.write_table(bomb(kind), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 200_000
    command = [sys.executable, "-c", _READ, str(path.parent if in_folder else path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    problem, most = done.stdout.splitlines()
    assert "name the columns that you need" in problem
    assert int(most) < 1_000_000


def test_rows_of_an_honest_file_are_read(tmp_path: Path) -> None:
    from fms_dgt.core.table_source import Table  # noqa: PLC0415

    rows = [{"a": [{"b": [number] * 3}], "c": "x" * number, "d": None} for number in range(1_000)]
    pa.parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert json.dumps(list(Table.at(tmp_path / "a.parquet"))) == json.dumps(rows)
