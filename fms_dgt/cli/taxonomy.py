"""`fms_dgt taxonomy`: check an InstructLab taxonomy, say what changed in it, list what is there."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fms_dgt.cli.aligned import aligned
from fms_dgt.cli.parser import Parser
from fms_dgt.errors import InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from argparse import Namespace

    from fms_dgt.taxonomy import Changes, CheckOptions, FileReport, Spot
    from fms_dgt.taxonomy.many import Tick

ABOUT = {
    "check": "Say everything that is wrong with the files of a taxonomy.",
    "diff": "List the files that changed against a base, committed or not, and check them.",
    "tree": "List the nodes of a taxonomy with their seed examples, words and sizes.",
}
_EXIT = "Exit code: 0 if no file has an error, 1 if one has, 2 for what is wrong with the command."
_KINDS = {
    "compositional": "compositional skills",
    "knowledge": "knowledge",
    "foundational": "foundational skills",
}
COLUMNS = ("node", "kind", "version", "seeds", "pairs", "words", "bytes", "verdict")
# a bar for less than this would be gone before it is seen
_WORTH_A_BAR = 50


def main(argv: Sequence[str]) -> int:
    """Run one of the three; 1 where a file has an error. Raises InputError and SetupError."""
    what = argv[0] if argv else ""
    if what in ("", "-h", "--help"):
        return _show_help()
    if what not in ABOUT:
        known = did_you_mean(what, ABOUT, noun="known")
        raise InputError([Problem(f"'fms_dgt taxonomy' has no '{what}'", known)])
    return {"check": _check, "diff": _diff, "tree": _tree}[what](_parser(what).parse(argv[1:]))


def _show_help() -> int:
    print("usage: fms_dgt taxonomy check|diff|tree [PATH] [flags]\n")
    for name, about in ABOUT.items():
        print(f"  {name:<7}{about}")
    print(f"\n{_EXIT}")
    return 0


def _parser(what: str) -> Parser:
    parser = Parser(prog=f"fms_dgt taxonomy {what}", description=ABOUT[what], epilog=_EXIT)
    parser.add_argument(
        "path", nargs="?", default=".", metavar="PATH", help="a taxonomy, a folder of one, or a file"
    )
    if what == "diff":
        parser.add_argument(
            "--base",
            default="origin/main",
            metavar="REF",
            help="a branch (what changed since it parted), a tag or commit, or 'empty' for everything "
            "(default: origin/main)",
        )
    if what != "tree":
        parser.add_argument(
            "--strict",
            action="store_true",
            help="style and attribution are errors, as InstructLab and the public taxonomy have it",
        )
        parser.add_argument(
            "--documents", action="store_true", help="also fetch the documents of knowledge (network)"
        )
        parser.add_argument(
            "--allow-host",
            nargs="+",
            action="extend",
            metavar="HOST",
            default=[],
            help="hosts without a public address that documents may be fetched from, for an intranet",
        )
        parser.add_argument("--quiet", action="store_true", help="show errors only, and no summary")
    if what == "check":
        parser.add_argument("--fix", action="store_true", help="fix in the files what is only style")
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("-h", "--help", action="help", help="show this")
    return parser


def _check(options: Namespace) -> int:
    from fms_dgt.taxonomy import find_spots  # noqa: PLC0415 (--help needs none of it)

    reports = _reports(find_spots(Path(options.path)), options)
    if options.json:
        _write({"files": [_plain(report) for report in reports], **_counts(reports)})
    else:
        _show_findings(reports, quiet=options.quiet)
        if not options.quiet:
            print(_sum(reports))
            _note_missing_package()
    return int(not all(report.valid for report in reports))


def _diff(options: Namespace) -> int:
    from fms_dgt.taxonomy import changes_since  # noqa: PLC0415

    options.fix = False
    changes = changes_since(Path(options.path), options.base)
    reports = _reports(changes.spots, options)
    if options.json:
        _write(_diff_as_json(changes, reports))
    else:
        if not options.quiet:
            for line in _changed(changes):
                print(line)
        _show_findings(reports, quiet=options.quiet)
        if reports and not options.quiet:
            print(_sum(reports))
            _note_missing_package()
    return int(not all(report.valid for report in reports))


def _tree(options: Namespace) -> int:
    from fms_dgt.taxonomy import CheckOptions, find_spots  # noqa: PLC0415

    spots = find_spots(Path(options.path))
    reports = _run(spots, CheckOptions(thorough=False), bar=not options.json)
    if options.json:
        _write({"nodes": [_plain(report) for report in reports], **_counts(reports)})
    else:
        print("\n".join(aligned([COLUMNS, *(_cells(report) for report in reports)])))
        for line in _totals(reports):
            print(line)
    return int(not all(report.valid for report in reports))


def _reports(spots: Sequence[Spot], options: Namespace) -> list[FileReport]:
    from fms_dgt.taxonomy import CheckOptions  # noqa: PLC0415
    from fms_dgt.taxonomy.schema import require  # noqa: PLC0415

    if options.strict:
        require()
    bar = not options.json and not options.quiet
    reports = _run(spots, CheckOptions(strict=options.strict, fix=options.fix), bar=bar)
    if not options.documents:
        return reports
    from fms_dgt.taxonomy.sources import check_documents  # noqa: PLC0415

    number = sum(1 for report in reports if report.kind == "knowledge")
    with _progress("fetching documents", number, shown=bar) as tick:
        return check_documents(spots, reports, tick, allow_hosts=options.allow_host)


def _run(spots: Sequence[Spot], options: CheckOptions, *, bar: bool) -> list[FileReport]:
    from fms_dgt.taxonomy import check_files  # noqa: PLC0415

    with _progress("checking", len(spots), shown=bar and len(spots) >= _WORTH_A_BAR) as tick:
        return check_files(spots, options, processes=os.cpu_count() or 1, tick=tick)


@contextlib.contextmanager
def _progress(what: str, total: int, *, shown: bool) -> Iterator[Tick]:
    """A bar on stderr where that is a terminal."""
    if not (shown and sys.stderr.isatty()):
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 (slow to import)
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda number: progress.advance(task, number)


def _show_findings(reports: Iterable[FileReport], *, quiet: bool) -> None:
    from fms_dgt.taxonomy.layout import printable  # noqa: PLC0415

    for report in reports:
        for finding in report.findings:
            if finding.level == "error" or not quiet:
                print(f"{finding.level}: {printable(str(finding.problem))}")


def _sum(reports: Sequence[FileReport]) -> str:
    counts = _counts(reports)
    wrong = counts["invalid"]
    text = f"{_number(len(reports), 'file')}: {len(reports) - wrong:,} valid, {wrong:,} not"
    if counts["errors"] or counts["warnings"]:
        text += f"; {_number(counts['errors'], 'error')}, {_number(counts['warnings'], 'warning')}"
    fixed = sum(1 for report in reports if report.fixed)
    return f"{text}; {_number(fixed, 'file')} fixed" if fixed else text


def _note_missing_package() -> None:
    from fms_dgt.taxonomy.schema import is_installed  # noqa: PLC0415

    if not is_installed():
        print("note: InstructLab's own schemas and all of its style: pip install 'fms-dgt[taxonomy]'")


def _changed(changes: Changes) -> Iterator[str]:
    against = f"commit {changes.commit[:12]} ({changes.base})" if changes.commit else "an empty taxonomy"
    if not changes.entries:
        yield f"nothing changed against {against}"
        return
    yield f"{_number(len(changes.entries), 'file')} changed against {against}"
    from fms_dgt.taxonomy.layout import printable  # noqa: PLC0415

    for change in changes.entries:
        was = f" (was {printable(change.was)})" if change.was else ""
        yield f"  {change.status:<10}{change.spot.shown}{was}"


def _diff_as_json(changes: Changes, reports: Sequence[FileReport]) -> dict[str, Any]:
    from fms_dgt.taxonomy.layout import printable  # noqa: PLC0415

    entries = [
        {
            "status": change.status,
            "file": change.spot.shown,
            "path": printable(change.spot.path),
            "was": printable(change.was),
        }
        for change in changes.entries
    ]
    said = {"base": changes.base, "commit": changes.commit, "changes": entries}
    return {**said, "files": [_plain(report) for report in reports], **_counts(reports)}


def _plain(report: FileReport) -> dict[str, Any]:
    return {**asdict(report), "valid": report.valid}


def _counts(reports: Sequence[FileReport]) -> dict[str, int]:
    return {
        "invalid": sum(1 for report in reports if not report.valid),
        "errors": sum(len(report.errors) for report in reports),
        "warnings": sum(len(report.warnings) for report in reports),
    }


def _cells(report: FileReport) -> tuple[str, ...]:
    seeds = f"{report.seeds:,}"
    if 0 < report.grounded < report.seeds:
        seeds += f" ({report.grounded:,} grounded)"
    elif report.grounded:
        seeds += " grounded"
    numbers = (f"{number:,}" for number in (report.pairs, report.words, report.size))
    verdict = "ok" if report.valid else _number(len(report.errors), "error")
    version = str(report.version) if report.version is not None else "-"
    return report.path, report.kind, version, seeds, *numbers, verdict


def _totals(reports: Sequence[FileReport]) -> Iterator[str]:
    for kind, name in _KINDS.items():
        own = [report for report in reports if report.kind == kind]
        if own:
            seeds = _number(sum(report.seeds for report in own), "seed example")
            words = _number(sum(report.words for report in own), "word")
            yield f"{name}: {_number(len(own), 'node')}, {seeds}, {words}"
    wrong = [report for report in reports if not report.valid]
    if wrong:
        yield f"{_number(len(wrong), 'node')} with errors: fms_dgt taxonomy check says which"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _write(said: Any) -> None:
    print(json.dumps(said, indent=2, ensure_ascii=False))
