"""`fms_dgt import-flow`: a flow file of sdg_hub as a flow of the builder `pipeline`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from fms_dgt.cli.parser import Parser
from fms_dgt.errors import FolderError
from fms_dgt.flow_import import import_flow, written


def main(argv: Sequence[str]) -> int:
    """Write the flow; list what has no counterpart on stderr. 1 where there is any. Raises InputError."""
    parser = Parser(
        prog="fms_dgt import-flow",
        description="Turn a flow file of sdg_hub (0.1 or the current schema) or a pipeline of "
        "instructlab/sdg into a flow for the builder 'pipeline', as far as its blocks have a counterpart.",
        epilog="What has none is listed, is in the flow as comments, and makes the exit code 1.",
    )
    parser.add_argument("file", metavar="FILE", help="the flow file; its prompts are found from there")
    parser.add_argument("-o", "--output", metavar="OUT", help="where to (default: stdout)")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("-h", "--help", action="help", help="show this")
    options = parser.parse(argv)
    flow = import_flow(Path(options.file))
    text = written(flow)
    if options.output:
        _write(Path(options.output), text)
    else:
        print(text, end="")
    for note in flow.notes:
        print(f"note: {note}", file=sys.stderr)
    missing = list(flow.missing)
    for one in missing:
        print(f"missing: {one.where}: {one.what}", file=sys.stderr)
    return int(bool(missing))


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise FolderError(f"{path} would be overwritten; name another file with -o") from error
    except OSError as error:
        raise FolderError(f"{path}: cannot be written to: {error.strerror or error}") from error
    print(f"wrote {path}", file=sys.stderr)
