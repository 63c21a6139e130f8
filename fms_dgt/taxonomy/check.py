"""One file, checked: everything that is wrong with it, found in one go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from fms_dgt.core.node import Node
from fms_dgt.core.yaml_file import parse_yaml, read_text
from fms_dgt.errors import InputError, Problem
from fms_dgt.taxonomy.finding import FileReport, Finding, Level
from fms_dgt.taxonomy.layout import FILE, FOLDERS, Kind, Spot, printable
from fms_dgt.taxonomy.limits import attribution_findings, entries, length_findings
from fms_dgt.taxonomy.mend import fixed, rewrite
from fms_dgt.taxonomy.rules import content_faults, version_of
from fms_dgt.taxonomy.schema import schema_faults
from fms_dgt.taxonomy.style import style_findings

# some sixty times the longest file that people have written; what is slow on more is bounded by it
MAX_BYTES = 1024 * 1024
EMPTY_FILE, UNREADABLE = "empty-file", "unreadable"
_EMPTY = "the file is empty"
_SCHEMA_FOLDERS = ("compositional_skills", "knowledge")


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What is looked at.

    `strict` makes errors of what InstructLab refuses but we can read: style, and attribution.
    `thorough=False` leaves out everything but what makes a file unreadable. `fix` writes files anew
    whose style can be mended.
    """

    strict: bool = False
    thorough: bool = True
    fix: bool = False


def check_file(spot: Spot, options: CheckOptions) -> FileReport:
    """What is in a file and what is wrong with it; never raises."""
    try:
        if not options.fix:
            return _checked(spot, options)[0]
        written, trouble = _mend(spot)
        report, _ = _checked(spot, options)
        return replace(report, fixed=written).with_findings(trouble)
    except Exception as error:  # noqa: BLE001 (one file must not cost the others their report)
        detail = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        finding = Finding("error", "fault", f"a fault in fms_dgt: {detail}", "report it", spot.shown)
        return FileReport(spot.shown, printable(spot.path), spot.kind or "compositional", findings=(finding,))


def read_checked(spot: Spot) -> tuple[FileReport, Node | None]:
    """A file's report, less what does not hinder reading it, and its content where it is a mapping."""
    return _checked(spot, CheckOptions(thorough=False))


def _read(spot: Spot) -> tuple[str, Node]:
    text = read_text(spot.file, spot.shown, noun=f"a {FILE}", limit=MAX_BYTES)
    return text, parse_yaml(text, spot.shown)


def _checked(spot: Spot, options: CheckOptions) -> tuple[FileReport, Node | None]:
    findings = list(_place_findings(spot))
    try:
        text, root = _read(spot)
    except InputError as error:
        findings.extend(_as_finding(problem, spot.shown) for problem in error.problems)
        return _report(spot, None, 0, findings), None
    words = len(text.split())
    if not root.value:
        findings.append(Finding.at(root, "warning", EMPTY_FILE, _EMPTY, "write it, or remove it"))
        return _report(spot, None, words, findings), None
    if not root.is_mapping:
        what = f"the file must be a mapping, not {root.kind()}"
        mend = "begin with 'version: 3', 'created_by: ...', without '- ' before them"
        return _report(spot, None, words, [*findings, Finding.at(root, "error", "type", what, mend)]), None
    kind = spot.kind or ("knowledge" if "document" in root.value else "compositional")
    version, faults = version_of(root)
    faults.extend(content_faults(root, kind, version))
    if options.thorough:
        faults = faults or schema_faults(text, root, kind, version)
        faults.extend(_beyond_the_schema(spot, text, root, kind, version, options))
    return _report(spot, root, words, [*findings, *faults], kind, version), root


def _mend(spot: Spot) -> tuple[bool, list[Finding]]:
    """Whether the file was written anew, and why not where it should have been."""
    try:
        text, root = _read(spot)
    except InputError:
        return False, []
    # InstructLab does not look at the style of version 1
    mended = fixed(text) if root.is_mapping and version_of(root)[0] > 1 else text
    if mended == text:
        return False, []
    try:
        rewrite(spot.file, mended)
    except OSError as error:
        what = f"cannot be fixed: {error.strerror or error}"
        return False, [Finding("error", "not-mended", what, "check its permissions", spot.shown)]
    return True, []


def _beyond_the_schema(
    spot: Spot, text: str, root: Node, kind: Kind, version: int, options: CheckOptions
) -> Iterator[Finding]:
    level: Level = "error" if options.strict else "warning"
    if version > 1:
        yield from style_findings(text, spot.shown, level)
    yield from length_findings(root, kind, len(text.split()))
    yield from attribution_findings(spot.file.parent, version, level)


def _place_findings(spot: Spot) -> Iterator[Finding]:
    if spot.file.name != FILE:
        what = f"InstructLab reads files called {FILE} only"
        yield Finding("error", "file-name", what, f"rename it to {FILE}", spot.shown)
    if spot.stray:
        what = f"is outside {', '.join(FOLDERS)}: InstructLab does not read it"
        yield Finding("warning", "outside", what, "move it into one of them", spot.shown)
    # InstructLab's schema package goes by the last of these names, and the rest of it by the first
    inner = [part for part in spot.path.split("/")[1:] if part in _SCHEMA_FOLDERS]
    if spot.kind and inner and FOLDERS[inner[-1]] != spot.kind:
        what = f"InstructLab takes it for {FOLDERS[inner[-1]]}: a folder within is called '{inner[-1]}'"
        yield Finding("error", "folder-name", what, "rename the folder", spot.shown)


def _report(
    spot: Spot,
    root: Node | None,
    words: int,
    findings: list[Finding],
    kind: Kind | None = None,
    version: int | None = None,
) -> FileReport:
    seeds = list(entries(root, "seed_examples")) if root is not None else []
    kind = kind or spot.kind or "compositional"
    if kind == "knowledge":
        pairs = sum(1 for seed in seeds for _ in entries(seed, "questions_and_answers"))
    else:
        pairs = len(seeds)
    report = FileReport(
        spot.shown,
        printable(spot.path),
        kind,
        version,
        seeds=len(seeds),
        grounded=0 if kind == "knowledge" else sum(1 for seed in seeds if seed.get("context")),
        pairs=pairs,
        words=words,
        size=_size(spot.file),
    )
    return report.with_findings(findings)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _as_finding(problem: Problem, shown: str) -> Finding:
    """A reader's problem: its place is the file, with a line and a key where it knows them."""
    place = re.fullmatch(r"(?::(\d+))?(?:: (.*))?", problem.where.removeprefix(shown), re.DOTALL)
    line, key = place.groups() if place else (None, None)
    at = (problem.what, problem.mend, shown, int(line) if line else None, key or "")
    return (
        Finding("warning", EMPTY_FILE, *at) if problem.what == _EMPTY else Finding("error", UNREADABLE, *at)
    )
