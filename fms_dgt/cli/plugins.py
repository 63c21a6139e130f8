"""`fms_dgt plugins`: every plugin by name, where it comes from, and what is wrong with it."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, fields
from pathlib import Path

from fms_dgt.cli.aligned import aligned
from fms_dgt.documents.converters.known import Converters
from fms_dgt.plugins import PluginInfo, Plugins
from fms_dgt.plugins.entry import Status
from fms_dgt.safety.terminal import harmless

COLUMNS = tuple(field.name for field in fields(PluginInfo))
STYLES = {"ok": "green", "include": "cyan", "disabled": "dim", "broken": "bold red"}


def main(argv: Sequence[str]) -> int:
    """List the plugins; 1 where --strict was given and one is broken, else 0. Raises PluginError."""
    options = _parser().parse_args(argv)
    # modules that print when they are imported would spoil the table, and the JSON
    with contextlib.redirect_stdout(sys.stderr):
        plugins = Plugins.discover(options.include)
        infos = [*plugins.listing(), *_converters()]
    if options.json:
        print(json.dumps([asdict(info) for info in infos], indent=2, ensure_ascii=False))
    elif sys.stdout is not None and sys.stdout.isatty():
        _show_table(infos)
    else:
        _show_plain(infos)
    for note in plugins.notes:
        print(f"note: {note}", file=sys.stderr)
    return int(options.strict and any(info.status == "broken" for info in infos))


def _converters() -> Iterator[PluginInfo]:
    """The converters of documents, which find one another by suffix."""
    for name, distribution, version, reason in Converters().listing():
        off = "switched off" in reason
        status: Status = "disabled" if off else "broken" if reason else "ok"
        yield PluginInfo("converters", name, distribution, version, status, reason)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fms_dgt plugins",
        description="List all plugins; each is loaded to see whether it works",
    )
    parser.add_argument(
        "--include",
        "--include-builder-paths",
        "--include-bp",
        dest="include",
        metavar="PATH",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="also list what is in a Python file, or in the Python files of a folder",
    )
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a plugin is broken")
    return parser


def _show_plain(infos: Sequence[PluginInfo]) -> None:
    rows = [COLUMNS, *(tuple(cell or "-" for cell in astuple(info)) for info in infos)]
    print("\n".join(aligned(rows)))


def _show_table(infos: Sequence[PluginInfo]) -> None:
    from rich.console import Console  # noqa: PLC0415 (only a terminal needs it)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*COLUMNS)
    for info in infos:
        # Text, since brackets in a reason are no markup
        table.add_row(*(Text(harmless(cell), STYLES[info.status]) for cell in astuple(info)))
    Console(file=sys.stdout).print(table)
