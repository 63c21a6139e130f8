"""Whether the rows of a Parquet file fit in memory, found out in a process whose memory is bounded.

A few bytes of Parquet can stand for gigabytes, and what the file says of its own size may be false: how much
it takes is known only once it is decoded.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from fms_dgt.errors import InputError, OverLimit, Problem, UserError, WorkFailed
from fms_dgt.safety.worker import Limits, Worker

BATCH = 256
# of the rows that are in memory at once
_LARGEST_BATCH = 512 * 2**20
# a value as Python has it, with its place in a list
_VALUE = 40
_LIMITS = Limits(seconds=900, memory=3 * _LARGEST_BATCH, output=2**16)


def check_parquet(path: Path, columns: Sequence[str] | None) -> None:
    """Decode the columns of a file, all by default, elsewhere. Raises InputError, OSError."""
    state = os.stat(path)  # noqa: PTH116
    problem = _problem(
        str(path.absolute()), tuple(columns or ()), (state.st_ino, state.st_size, state.st_mtime_ns)
    )
    if problem:
        raise InputError([Problem(*problem, str(path))])


@lru_cache(256)
def _problem(path: str, columns: tuple[str, ...], _state: tuple[int, ...]) -> tuple[str, str] | None:
    try:
        _worker().run(path, columns, limits=_LIMITS)
    except OverLimit as error:
        return f"cannot be read: {BATCH} of its rows {error}", "name the columns that you need"
    except WorkFailed as error:
        first = str(error).split("\n", maxsplit=1)[0]
        return f"is not a Parquet file that can be read: {first}", ""
    except UserError as error:
        return str(error), "name the columns that you need"
    return None


@cache
def _worker() -> Worker:
    return Worker(f"{__name__}:decode")


def decode(path: str, columns: tuple[str, ...]) -> None:
    """Runs in a worker: decode a file, batch for batch. Raises UserError where a batch is too large."""
    import pyarrow as pa  # noqa: PLC0415 (an extra)
    import pyarrow.parquet  # noqa: PLC0415

    # memory that is given back counts no more for the limit
    pa.set_memory_pool(pa.system_memory_pool())
    number = 0
    with pa.parquet.ParquetFile(path, pre_buffer=False) as file:
        known = [name for name in columns if name in file.schema_arrow.names]
        for batch in file.iter_batches(BATCH, columns=known or None, use_threads=False):
            _check_batch(batch, number)
            number += batch.num_rows


def _check_batch(batch: Any, number: int) -> None:
    """Raises UserError where the rows after row `number` take too much memory as Python has them."""
    if batch.nbytes + _VALUE * sum(map(_values, batch.columns)) > _LARGEST_BATCH:
        much = _LARGEST_BATCH // 2**20
        raise UserError(f"has more than {much} MB in {BATCH} rows from row {number + 1} on")


def _values(array: Any) -> int:
    """How many values there are in an array, those in its lists and mappings included."""
    import pyarrow as pa  # noqa: PLC0415 (an extra)

    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return _values(array.storage)
    if pa.types.is_map(kind):
        # the arrays of keys and items are whole, whatever part of them a batch has
        first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
        inner = [array.keys.slice(first, last - first), array.items.slice(first, last - first)]
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        inner = [array.flatten()]
    elif pa.types.is_struct(kind):
        inner = array.flatten()
    else:
        inner = []
    return len(array) + sum(map(_values, inner))
