"""The files of one task: data.jsonl, rejected.jsonl and, where wanted, formatted.jsonl.

They are projections of the journal: written anew at every start from the units that are committed,
beside the old files, and put in their place once they have caught up. So a crash or a change of mind
never leaves less than there was. What another program makes of them in mid-run is noticed when they are
closed, or read.
"""

from __future__ import annotations

import json
import time
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from fms_dgt.core.json_encoder import encoder
from fms_dgt.core.template import TemplateOverLimit, render
from fms_dgt.errors import FolderError
from fms_dgt.journal.folder import folder_error
from fms_dgt.runner.decide import Decision
from fms_dgt.runner.file_state import FileState
from fms_dgt.runner.open_files import GrowingFile, OpenFiles
from fms_dgt.safety.files import PART, OutputFolder, count_lines
from fms_dgt.safety.working_folder import shown

DATA, REJECTED, FORMATTED = "data.jsonl", "rejected.jsonl", "formatted.jsonl"
# a run waits while a record is formatted: how long for one, and how much longer for all together
_USUAL_SECONDS, _MORE_SECONDS = 0.5, 10.0

_encode = encoder(separators=(", ", ": "), allow_nan=True)


class Dataset:
    """Grows by decisions, in unit order."""

    def __init__(
        self,
        folder: OutputFolder,
        instruction_format: Mapping[str, str],
        among: OpenFiles,
        *,
        keep_places: bool,
    ) -> None:
        self.folder = folder.path
        self.kept = 0
        self.rejected = 0
        self.unformatted = 0
        self.format_error = ""
        self._format = instruction_format
        # what each file held when it was closed; None where another program has changed it
        self.left: dict[str, FileState | None] = {}
        self._format_is_slow = False
        self._format_seconds_left = _MORE_SECONDS
        self._places = array("Q", [0]) if keep_places else None
        self._checks = array("L")
        names = [DATA, REJECTED, *([FORMATTED] if instruction_format else [])]
        self._published = False
        try:
            folder.make()
            self._files = {name: GrowingFile(folder, name + PART, among) for name in names}
        except OSError as error:
            raise folder_error(self.folder, error) from error

    def records_there(self) -> int:
        """How many records an earlier run has left."""
        try:
            return count_lines(self.folder / DATA)
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
                file.move(name)
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
                    self._checks.append(zlib.crc32(line))
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
            for name, file in self._files.items():
                if self._published:
                    # before the journal says that all is there
                    self.left[name] = file.close()
                else:
                    file.remove()
        except OSError as error:
            raise folder_error(self.folder, error) from error

    @property
    def changed(self) -> list[str]:
        """The files that, when they were closed, did not hold what was written to them."""
        return [name for name, state in self.left.items() if state is None]

    def accepted(self, count: int) -> Sequence[Mapping[str, Any]]:
        """The first `count` records, read where they are needed."""
        return _Accepted(self, count)

    def record(self, at: int) -> Mapping[str, Any]:
        """Record number `at`, from 0."""
        if self._places is None:
            raise RuntimeError("places of records are kept for sources with a lag only")
        try:
            line = self._files[DATA].part(self._places[at], self._places[at + 1])
        except OSError as error:
            raise folder_error(self.folder, error) from error
        if zlib.crc32(line) != self._checks[at]:
            raise FolderError(
                f"{shown(self.folder / DATA)}: was changed by another program while the run was using its "
                "records; leave it alone while a run goes on; it is made anew from the journal when "
                "the run goes on"
            )
        data: Mapping[str, Any] = json.loads(line)
        return data

    def _formatted(self, record: Mapping[str, Any]) -> bytes:
        """The record's formatted line; nothing, and a note, where the format does not fit it."""
        if self._format_is_slow:
            self.unformatted += 1
            return b""
        start = time.monotonic()
        try:
            return _line({name: render(text, record) for name, text in self._format.items()})
        except Exception as error:  # noqa: BLE001 (a format is a user's code)
            # no other record waits for it
            self._format_is_slow = isinstance(error, TemplateOverLimit)
            self._note(f"{type(error).__name__}: {error}")
            self.unformatted += 1
            return b""
        finally:
            self._spend(time.monotonic() - start)

    def _spend(self, seconds: float) -> None:
        self._format_seconds_left -= max(0.0, seconds - _USUAL_SECONDS)
        if self._format_seconds_left < 0 and not self._format_is_slow:
            self._format_is_slow = True
            self._note("instruction_format takes too long: the run waits for each record")

    def _note(self, error: str) -> None:
        self.format_error = self.format_error or error


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
    return _encode(value).encode("utf-8", "replace") + b"\n"
