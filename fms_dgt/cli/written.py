"""What `fms_dgt datasets` says: how far it is, and what it wrote."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, Self

from fms_dgt.datasets import Written
from fms_dgt.safety.terminal import harmless, raw

SHOWN_FILES, SHOWN_KINDS, SHOWN_NOTES = 10, 4, 10


def tell(written: Sequence[Written], *, as_json: bool) -> None:
    """The files that were written, on stdout, and what should be known about them."""
    notes = list(dict.fromkeys(note for one in written for note in one.notes))
    if as_json:
        said = {"files": [_entry(one) for one in written], "notes": notes}
        print(json.dumps(said, ensure_ascii=False, indent=2))
        return
    folders: dict[Path, list[Written]] = {}
    for one in written:
        folders.setdefault(one.path.parent, []).append(one)
    for folder, inside in folders.items():
        print("\n".join(_lines(folder, inside)))
    for note in notes[:SHOWN_NOTES]:
        print(f"note: {note}", file=sys.stderr)
    if len(notes) > SHOWN_NOTES:
        print(f"note: and {len(notes) - SHOWN_NOTES:,} more; --json has them all", file=sys.stderr)


def _lines(folder: Path, inside: Sequence[Written]) -> Iterator[str]:
    if len(inside) > SHOWN_FILES:
        yield f"wrote {folder}: {len(inside):,} files, {_rows(sum(one.rows for one in inside))}"
        return
    for one in inside:
        rows = (
            f"a mixture of {one.rows:,}" if one.kind.endswith("recipe") else f"{_rows(one.rows)}{_kinds(one)}"
        )
        yield f"wrote {one.path}: {rows}"


def _entry(one: Written) -> dict[str, Any]:
    return {"path": str(one.path), "set": one.kind, "rows": one.rows, "kinds": dict(one.kinds)}


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _kinds(one: Written) -> str:
    kinds: Mapping[str, int] = one.kinds
    if not kinds or len(kinds) > SHOWN_KINDS:
        return ""
    # those of a mixture are paths
    return f" ({', '.join(f'{count:,} {PurePath(kind).name}' for kind, count in kinds.items())})"


class RowCounter:
    """Shows on a terminal how many rows are written; says nothing elsewhere."""

    EVERY = 0.1

    def __init__(self, name: str) -> None:
        self._name = name
        self._next = 0.0
        self._shown = sys.stderr is not None and sys.stderr.isatty()

    def __call__(self, rows: int) -> None:
        if self._shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + self.EVERY
            raw(sys.stderr).write(f"\r\x1b[K{harmless(self._name)}: {_rows(rows)}")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            raw(sys.stderr).write("\r\x1b[K")
            sys.stderr.flush()
