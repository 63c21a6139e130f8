"""`fms_dgt draw`: the flow of a task as a picture, with what its last run counted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fms_dgt.binding.bind import bind
from fms_dgt.cli.parser import Parser, add_config, add_tasks, add_trust_flags
from fms_dgt.config import Flags, PlanRequest, load_plan
from fms_dgt.core.report_file import read_report
from fms_dgt.drawing import Figure, figure_of, mermaid, page, svg
from fms_dgt.drawing.counts import Counts
from fms_dgt.errors import FolderError, InputError, Problem, did_you_mean
from fms_dgt.plugins import Plugins

FORMS = (".svg", ".html", ".mmd")
PLACE = "the command line: -o"

_ABOUT = """\
Draw the flow of a task: its stages, columns, roles and thresholds. Where the output folder has a run of
it, the arrows say how many rows went along them."""
_EXAMPLES = """\
examples:
  fms_dgt draw task.yaml -c config.yaml -o flow.svg
  fms_dgt draw tasks/ -o flows.html"""


def main(argv: Sequence[str]) -> int:
    """Draw; without a file, Mermaid text goes to stdout. Raises InputError."""
    options = _parser().parse(argv)
    out = Path(options.output) if options.output else None
    if out is not None and out.suffix not in FORMS:
        what = f"'{out.name}' does not say what to draw"
        raise InputError([Problem(what, did_you_mean(out.suffix, FORMS, noun="it may end with"), PLACE)])
    figures = _figures(options)
    one = out is None or out.suffix != ".html"
    if one and len(figures) > 1:
        names = ", ".join(figure.title for figure in figures)
        mend = "name one task: fms_dgt draw TASK; or write a page: -o flow.html"
        raise InputError([Problem(f"there are {len(figures)} tasks: {names}", mend, PLACE)])
    if out is None:
        print(mermaid(figures[0]), end="")
        return 0
    drawn = {".svg": svg, ".mmd": mermaid}.get(out.suffix)
    _write(out, drawn(figures[0]) if drawn else page(figures))
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="fms_dgt draw",
        usage="fms_dgt draw TASK [TASK ...] [-o FILE] [-c CONFIG] [flags]",
        description=_ABOUT,
        epilog=_EXAMPLES,
    )
    add_tasks(parser, help="task files, folders, globs, or shipped tasks by name")
    parser.add_argument("-o", "--output", metavar="FILE", help=f"{', '.join(FORMS)} (default: Mermaid text)")
    add_config(parser, help="a config file, or a shipped one by name")
    parser.add_argument("--flow", metavar="NAME", help="the flow of every 'pipeline' task")
    parser.add_argument("--include", nargs="+", action="extend", metavar="PATH", default=[],
                        help="Python files with plugins in them")  # fmt: skip
    add_trust_flags(parser)
    parser.add_argument("--output-dir", metavar="DIR", help="where the run's results are")
    parser.add_argument("--build-id", metavar="ID", help="the folder of the output folder that has them")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("-h", "--help", action="help", help="show this")
    return parser


def _figures(options: argparse.Namespace) -> list[Figure]:
    said = {name: value for name, value in vars(options).items() if name != "output"}
    request = PlanRequest(tasks=options.task_paths, config=options.config_path, flags=Flags.of(said))
    plan = load_plan(request)
    # nobody is asked anything, so no key has to be there: as in a run that is answered by another
    unasked = replace(plan.settings, replay=plan.settings.replay or plan.settings.output_dir)
    tasks = bind(replace(plan, settings=unasked), Plugins.discover(plan.includes))
    return [figure_of(task, Counts.of_report(read_report(task.folder))) for task in tasks]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        why = error.strerror or str(error)
        raise FolderError(f"{path}: cannot be written to: {why}; name another file with -o") from error
    print(f"wrote {path}", file=sys.stderr)
