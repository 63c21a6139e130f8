"""InstructLab taxonomies among what a command names: each node becomes a task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fms_dgt.config.flags import Flags
from fms_dgt.config.paths import is_file, is_folder
from fms_dgt.config.shipped import task_files_below
from fms_dgt.config.tasks import SaidTask
from fms_dgt.core.node import Place
from fms_dgt.errors import InputError, Problem
from fms_dgt.taxonomy import (
    CheckOptions,
    FileReport,
    Finding,
    Reading,
    Spot,
    changes_since,
    check_file,
    find_spots,
    is_meant,
    read_spots,
    read_taxonomy,
    spot_of,
    task_mapping,
)

SHOWN_LEFT_OUT = 20


def is_of_taxonomy(path: Path) -> bool:
    """Whether a path leads to a `qna.yaml`, or to a folder with such files and no task file in it."""
    if is_file(path):
        return is_meant(spot_of(path))
    if not is_folder(path) or next(task_files_below(path), None) is not None:
        return False
    try:
        return bool(find_spots(path))
    except InputError:
        return False


def taxonomy_tasks(
    path: Path, place: Place, flags: Flags, problems: list[Problem], notes: list[str]
) -> list[SaidTask]:
    """The tasks of a taxonomy, a part of one, or one of its files.

    With `changed`, those that differ from a base. Files that cannot be read are left out with a note;
    with `strict` they, and all that InstructLab would refuse, are problems.
    """
    try:
        spots = changes_since(path, flags.changed).spots if flags.changed else find_spots(path)
        reading = read_spots(spots) if flags.changed else read_taxonomy(path)
    except InputError as error:
        problems.extend(error.problems)
        return []
    if flags.strict:
        problems.extend(finding.problem for spot in spots for finding in _refused(spot))
    elif reading.nodes:
        notes.extend(_left_out(reading))
    else:
        problems.extend(finding.problem for report in reading.unread for finding in report.findings)
    if not spots:
        what = f"nothing in '{path}' is different from {flags.changed}"
        problems.append(Problem(what, "name another base: --changed REF, or leave it out", str(place)))
    return [SaidTask(node.name, task_mapping(node), node.path) for node in reading.nodes]


def _refused(spot: Spot) -> Sequence[Finding]:
    return check_file(spot, CheckOptions(strict=True)).errors


def _left_out(reading: Reading) -> Iterator[str]:
    for report in reading.unread[:SHOWN_LEFT_OUT]:
        yield f"left out: {_why(report)}"
    more = len(reading.unread) - SHOWN_LEFT_OUT
    if more > 0:
        yield f"left out: {more} more files; 'fms_dgt taxonomy check' lists them"


def _why(report: FileReport) -> str:
    if not report.findings:
        return report.file
    others = len(report.findings) - 1
    text = str(report.findings[0].problem)
    return f"{text} (and {others} more)" if others else text
