"""InstructLab taxonomies among what a command names: each node becomes a task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from fms_dgt.config.flags import Flags
from fms_dgt.config.paths import is_file, is_folder
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
    read_of,
    read_spots,
    spot_of,
    task_mapping,
)
from fms_dgt.taxonomy.layout import shown
from fms_dgt.taxonomy.schema import require

SHOWN_LEFT_OUT = 20


def is_of_taxonomy(path: Path) -> bool:
    """Whether a path leads to a `qna.yaml`, or to a folder with such files in it."""
    if is_file(path):
        return is_meant(spot_of(path))
    try:
        return is_folder(path) and bool(find_spots(path))
    except InputError:
        return False


def taxonomy_tasks(
    paths: Sequence[Path], place: Place, flags: Flags, problems: list[Problem], notes: list[str]
) -> list[SaidTask]:
    """The tasks of taxonomies, of parts of them, or of single files, each once.

    With `changed`, those that differ from a base. Files that cannot be read are left out with a note;
    with `strict` they, and all that InstructLab would refuse, are problems.
    """
    if flags.strict:
        require()
    spots: dict[Path, Spot] = {}
    try:
        for path in paths:
            changed = _changed(path, flags.changed)
            found = [spot for spot in read_of(find_spots(path)) if changed is None or _real(spot) in changed]
            spots.update({spot.file: spot for spot in found})
        reading = read_spots(list(spots.values()))
    except InputError as error:
        # what is `--base` to 'fms_dgt taxonomy diff'
        said = (
            replace(problem, mend=problem.mend.replace("--base", "--changed")) for problem in error.problems
        )
        problems.extend(
            replace(problem, where=str(place) if problem.where == "--base" else problem.where)
            for problem in said
        )
        return []
    if flags.changed and not spots:
        problems.append(_nothing_changed(paths, flags.changed, place))
    if flags.strict:
        problems.extend(finding.problem for spot in spots.values() for finding in _refused(spot))
    elif reading.nodes:
        notes.extend(_left_out(reading))
    else:
        problems.extend(finding.problem for report in reading.unread for finding in report.findings)
    return [
        SaidTask(node.name, task_mapping(node), node.path, spare=not flags.strict) for node in reading.nodes
    ]


def _changed(path: Path, base: str | None) -> set[Path] | None:
    """The files that differ from a base; None where there is none."""
    return {_real(spot) for spot in changes_since(path, base).spots} if base else None


def _real(spot: Spot) -> Path:
    return spot.file.resolve()


def _nothing_changed(paths: Sequence[Path], base: str, place: Place) -> Problem:
    if not paths:
        what = "is for taxonomies, and no path leads to one"
        return Problem(what, "leave it out, or name a taxonomy with --task-paths", str(place))
    what = f"nothing is different from {base} in {', '.join(map(shown, paths))}"
    return Problem(what, "name another base: --changed REF, or leave it out", str(place))


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
