"""`fms_dgt runs`: what an output folder holds, by the `run.json` of each task.

A task whose data is there without a report is being made by a process that holds the folder, or was cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fms_dgt.cli.aligned import aligned
from fms_dgt.cli.holder import holder_of
from fms_dgt.cli.parser import Parser
from fms_dgt.core.report_file import REPORT, NoReport, report_in
from fms_dgt.errors import FolderError
from fms_dgt.journal.database import FILE_NAME
from fms_dgt.safety import environment
from fms_dgt.safety.files import count_lines

DATA = "data.jsonl"
ENDED = ("reached", "exhausted")
UNFINISHED = "unfinished"
RUNNING = "running"
COLUMNS = ("task", "builder", "kept", "end", "when", "path")


@dataclass(frozen=True)
class Listed:
    """One task's results. `fault` is why its report cannot be read."""

    task: str
    builder: str
    kept: int | None
    target: int | None
    end: str
    partial: bool
    when: str
    path: str
    fault: str = ""

    def cells(self) -> tuple[str, ...]:
        """The row that is shown."""
        if self.fault:
            return self.task, "-", "-", self.fault, self.when, self.path
        kept = f"{self.kept} of {self.target}" if self.target is not None else str(self.kept)
        end = f"{self.end}, partial" if self.partial else self.end
        return self.task, self.builder, kept, end, self.when, self.path


def main(argv: Sequence[str]) -> int:
    """List the tasks below a folder, by name. Raises FolderError."""
    parser = Parser(prog="fms_dgt runs", description="List the tasks that an output folder has results of.")
    parser.add_argument(
        "folder", nargs="?", metavar="DIR", help="the output folder (default: $DGT_OUTPUT_DIR, else 'output')"
    )
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("-h", "--help", action="help", help="show this")
    options = parser.parse(argv)
    if options.folder == "":
        raise FolderError("the folder's name is empty; name an output folder")
    folder = Path(options.folder or environment.setting("DGT_OUTPUT_DIR") or "output")
    if not folder.is_dir():
        mend = "name an output folder, or make one: fms_dgt run TASK"
        raise FolderError(f"there is no folder '{folder}'; {mend}")
    runs = {path.parent: holder_of(path.parent) for path in _journals(folder)}
    listed = sorted(_listed(folder, runs), key=lambda entry: (entry.task, entry.path))
    if options.json:
        print(json.dumps([asdict(entry) for entry in listed], indent=2, ensure_ascii=False))
        return 0
    if listed:
        print("\n".join(aligned([COLUMNS, *(entry.cells() for entry in listed)])))
    notes = list(_notes(runs, listed))
    for note in notes:
        print(note)
    if not listed and not notes:
        print(f"no task has results below {folder}")
    return 0


def _journals(folder: Path) -> Iterator[Path]:
    for root, files in _walk(folder):
        if FILE_NAME in files:
            yield Path(root, FILE_NAME)


def _walk(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield root, files


def _listed(folder: Path, runs: Mapping[Path, str]) -> Iterator[Listed]:
    for root, files in _walk(folder):
        path = Path(root)
        run = next((parent for parent in path.parents if parent in runs), None)
        held = run is not None and runs[run] != ""
        if REPORT in files:
            entry = _read(path, folder)
            # the report is of an earlier run, which this one goes on with
            yield replace(entry, end=RUNNING) if held and entry.end not in ENDED else entry
        elif run is not None and {DATA, f"{DATA}.part"} & set(files):
            state = RUNNING if held else UNFINISHED
            name = path.relative_to(run).as_posix()
            yield Listed(name, "-", _count(path / DATA), None, state, True, "-", str(path))


def _count(data: Path) -> int:
    try:
        return count_lines(data)
    except OSError:
        return 0


def _notes(runs: Mapping[Path, str], listed: Sequence[Listed]) -> Iterator[str]:
    for run, holder in runs.items():
        inside = [entry for entry in listed if run in Path(entry.path).parents]
        if holder:
            yield f"{run}: running ({holder})"
        elif not inside or any(entry.end == UNFINISHED for entry in inside):
            yield f"{run}: unfinished; run the same command (without --restart) to continue"


def _read(path: Path, folder: Path) -> Listed:
    name = path.relative_to(folder).as_posix()
    try:
        return _entry(report_in(path), name, path)
    except NoReport as error:
        return Listed(name, "-", None, None, "-", False, "-", str(path), f"{REPORT} {error}")


def _entry(said: dict[str, Any], name: str, folder: Path) -> Listed:
    return Listed(
        str(said.get("task", name)),
        str(said.get("builder", "-")),
        said.get("records"),
        said.get("target"),
        str(said.get("end", "-")),
        bool(said.get("partial")),
        str(said.get("started", "-"))[:16].replace("T", " "),
        str(folder),
    )
