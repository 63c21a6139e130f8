"""The files of one task: data.jsonl, rejected.jsonl and, where wanted, formatted.jsonl.

They are projections of the journal: written anew at every start from the units that are committed,
beside the old files, and put in their place once they have caught up. So a crash or a change of mind
never leaves less than there was.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from fms_dgt.core.template import TemplateOverLimit, render
from fms_dgt.journal.lock import folder_error
from fms_dgt.runner.decide import Decision
from fms_dgt.runner.open_files import GrowingFile, OpenFiles

DATA, REJECTED, FORMATTED = "data.jsonl", "rejected.jsonl", "formatted.jsonl"
_PART = ".part"


class Dataset:
    """Grows by decisions, in unit order."""

    def __init__(
        self, folder: Path, instruction_format: Mapping[str, str], among: OpenFiles, *, keep_places: bool
    ) -> None:
        self.folder = folder
        self.kept = 0
        self.rejected = 0
        self.unformatted = 0
        self.format_error = ""
        self._format = instruction_format
        self._format_is_slow = False
        self._places = array("Q", [0]) if keep_places else None
        names = [DATA, REJECTED, *([FORMATTED] if instruction_format else [])]
        self._published = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._files = {name: GrowingFile(folder / (name + _PART), among) for name in names}
        except OSError as error:
            raise folder_error(folder, error) from error

    def records_there(self) -> int:
        """How many records an earlier run has left."""
        try:
            with (self.folder / DATA).open("rb") as lines:
                return sum(1 for _ in lines)
        except OSError:
            return 0

    @property
    def files(self) -> dict[str, Path]:
        """Where everything is, by name."""
        return {name: self.folder / name for name in self._files}

    def publish(self) -> None:
        """Put the files in the place of earlier ones; from here on they grow there."""
        if self._published:
            return
        try:
            for name, file in self._files.items():
                file.move(self.folder / name)
        except OSError as error:
            raise folder_error(self.folder, error) from error
        self._published = True

    def add(self, decision: Decision) -> None:
        """Append what a unit adds."""
        try:
            for record in decision.records:
                line = _line(record)
                self._files[DATA].append(line)
                if self._format:
                    self._files[FORMATTED].append(self._formatted(record))
                if self._places is not None:
                    self._places.append(self._places[-1] + len(line))
            for rejection in decision.rejections:
                self._files[REJECTED].append(_line(rejection))
        except OSError as error:
            raise folder_error(self.folder, error) from error
        self.kept += len(decision.records)
        self.rejected += len(decision.rejections)

    def show(self) -> None:
        """Let whoever follows the files see what was added."""
        if self._published:
            self.flush()

    def flush(self) -> None:
        """Let readers see everything."""
        try:
            for file in self._files.values():
                file.flush()
        except OSError as error:
            raise folder_error(self.folder, error) from error

    def close(self) -> None:
        """Write everything and close; unpublished files are taken away."""
        try:
            for file in self._files.values():
                # before the journal says that all is there
                file.close()
                if not self._published:
                    file.path.unlink(missing_ok=True)
        except OSError as error:
            raise folder_error(self.folder, error) from error

    def accepted(self, count: int) -> Sequence[Mapping[str, Any]]:
        """The first `count` records, read where they are needed."""
        return _Accepted(self, count)

    def record(self, at: int) -> Mapping[str, Any]:
        """Record number `at`, from 0."""
        if self._places is None:
            raise RuntimeError("places of records are kept for sources with a lag only")
        line = self._files[DATA].part(self._places[at], self._places[at + 1])
        data: Mapping[str, Any] = json.loads(line)
        return data

    def _formatted(self, record: Mapping[str, Any]) -> bytes:
        """The record's formatted line; nothing, and a note, where the format does not fit it."""
        try:
            if not self._format_is_slow:
                return _line({name: render(text, record) for name, text in self._format.items()})
            self.unformatted += 1
        except Exception as error:  # noqa: BLE001 (a format is a user's code)
            # no other record waits for it
            self._format_is_slow = isinstance(error, TemplateOverLimit)
            self.unformatted += 1
            self.format_error = self.format_error or f"{type(error).__name__}: {error}"
        return b""


class _Accepted(Sequence[Mapping[str, Any]]):
    """A view of the first records of a dataset."""

    def __init__(self, dataset: Dataset, count: int) -> None:
        self._dataset = dataset
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (self._dataset.record(at) for at in range(self._count))

    @overload
    def __getitem__(self, at: int) -> Mapping[str, Any]: ...

    @overload
    def __getitem__(self, at: slice) -> list[Mapping[str, Any]]: ...

    def __getitem__(self, at: int | slice) -> Mapping[str, Any] | list[Mapping[str, Any]]:
        if isinstance(at, slice):
            return [self._dataset.record(i) for i in range(*at.indices(self._count))]
        if not -self._count <= at < self._count:
            raise IndexError(at)
        return self._dataset.record(at % self._count)


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
