"""`fms_dgt plugins`: every plugin with what it is for, and what is wrong with it; or one with its options."""

from __future__ import annotations

import contextlib
import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from fms_dgt.cli.parser import Parser, columns
from fms_dgt.cli.plugin_page import origin_of, page_of
from fms_dgt.documents.converters.known import Converters
from fms_dgt.plugins import About, PluginInfo, Plugins
from fms_dgt.plugins.entry import OURS, Status, normalized
from fms_dgt.safety.terminal import harmless

# a line beyond that is hard to read
WIDEST = 110
# the room for names: longer ones have a line of their own
NAMES = 24


def main(argv: Sequence[str]) -> int:
    """List the plugins, or show some; 1 where --strict was given and one is broken. Raises UserError."""
    options = _parser().parse(argv)
    # modules that print when they are imported would spoil the list, and the JSON
    with contextlib.redirect_stdout(sys.stderr):
        plugins = Plugins.discover(options.include)
        infos = [*plugins.listing(), *_converters()]
        pages = [page_of(name, infos, plugins) for name in options.names]
    if options.json:
        shown = [info for info in infos if not options.names or info.name in options.names]
        print(json.dumps([asdict(info) for info in shown], indent=2, ensure_ascii=False))
    elif pages:
        print(harmless("\n\n".join(pages)))
    else:
        print(harmless("\n".join(_lines(infos, min(columns(), WIDEST)))))
    for note in plugins.notes:
        print(f"note: {note}", file=sys.stderr)
    return int(options.strict and any(info.status == "broken" for info in infos))


def _converters() -> Iterator[PluginInfo]:
    """The converters of documents, which find one another by suffix."""
    found = Converters()
    for name, distribution, version, reason in found.listing():
        off = "switched off" in reason
        status: Status = "disabled" if off else "broken" if reason else "ok"
        about = "" if reason else About.of(found.class_of(name)).short
        yield PluginInfo("converters", name, distribution, version, status, reason, about)


_ABOUT = """\
List all plugins and what each is for; with a name, show its options and an example. Each is loaded to see
whether it works."""


def _parser() -> Parser:
    parser = Parser(prog="fms_dgt plugins", usage="fms_dgt plugins [NAME ...] [flags]", description=_ABOUT)
    parser.add_argument("names", nargs="*", metavar="NAME", help="show the options of this plugin")
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
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("-h", "--help", action="help", help="show this")
    return parser


def _lines(infos: Sequence[PluginInfo], width: int) -> Iterator[str]:
    group = ""
    wide = min(NAMES, max((len(info.name) for info in infos), default=0))
    for info in infos:
        if info.alias_of:
            continue
        if info.group != group:
            yield from [""] if group else []
            yield info.group
            group = info.group
        also = [i.name for i in infos if i.alias_of == info.name and i.group == info.group]
        yield from _entry(info, also, wide, width)
    yield ""
    yield "options and an example: fms_dgt plugins NAME"


def _entry(info: PluginInfo, also: Sequence[str], wide: int, width: int) -> Iterator[str]:
    text = info.about or "(no description)"
    if info.status in ("broken", "disabled"):
        text = f"{info.status}: {info.reason}"
    if also:
        text += f" (also: {', '.join(also)})"
    if normalized(info.distribution) != OURS:
        text += f" [{origin_of(info)}]"
    indent = " " * (wide + 4)
    lines = textwrap.wrap(text, max(20, width - len(indent)), break_long_words=False, break_on_hyphens=False)
    if len(info.name) > wide:
        yield f"  {info.name}"
        yield from (f"{indent}{line}" for line in lines)
        return
    yield f"  {info.name:<{wide}}  {lines[0] if lines else ''}".rstrip()
    yield from (f"{indent}{line}" for line in lines[1:])
