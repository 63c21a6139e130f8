"""`fms_dgt init`: a first task and config, with comments, ready to run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from fms_dgt.cli.parser import Parser
from fms_dgt.errors import FolderError

STARTER = Path(__file__).parent / "starter"
FILES = ("task.yaml", "config.yaml")


def main(argv: Sequence[str]) -> int:
    """Write the starter files; nothing is ever overwritten. Raises FolderError."""
    parser = Parser(
        prog="fms_dgt init", description="Write a commented task.yaml and config.yaml to begin with."
    )
    parser.add_argument("folder", nargs="?", metavar="DIR", default=".", help="where to (default: here)")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("-h", "--help", action="help", help="show this")
    folder = Path(parser.parse(argv).folder)
    paths = [folder / name for name in FILES]
    there = [str(path) for path in paths if path.exists()]
    if there:
        raise FolderError(
            f"{' and '.join(there)} would be overwritten; name another folder: fms_dgt init DIR"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            with path.open("x", encoding="utf-8") as file:
                file.write((STARTER / path.name).read_text(encoding="utf-8"))
    except OSError as error:
        why = error.strerror or str(error)
        raise FolderError(f"{folder}: cannot be written to: {why}; name another folder") from error
    task, config = paths
    print(f"wrote {task}: what to make, with five examples to replace by your own")
    print(f"wrote {config}: with which model; it begins with 'simulated', which needs none")
    print(f"next:  fms_dgt run {quote(str(task))} -c {quote(str(config))}")
    return 0
