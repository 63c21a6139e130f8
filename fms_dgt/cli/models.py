"""`fms_dgt models`: the GGUF files on this machine, fetched, listed and removed."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from fms_dgt.cli.parser import Parser
from fms_dgt.errors import InputError, Problem, SetupError, did_you_mean
from fms_dgt.generators.llama_cpp.cache import Kept, kept_below, kept_in_cache, removal
from fms_dgt.generators.llama_cpp.choice import ChosenFile, chosen_file
from fms_dgt.generators.llama_cpp.hub_blob import PACKAGE, size_text
from fms_dgt.generators.llama_cpp.model import INSTALL, HubModel

COLUMNS = ("model", "size", "quantisation", "context", "last used")
ACTIONS = ("list", "fetch", "remove")
ABOUT = """\
The GGUF files on this machine, for the generator llama.cpp and for 'fms_dgt serve'.

actions:
  list [DIR]            what the hub's cache has, or a folder
  fetch REPO[:FILE]     fetch a model, or go on with one; FILE may be a quantisation such as Q4_K_M
  remove NAME [NAME..]  remove models, or all of a repository, from the cache

The cache is the one that all Hugging Face programs share; HF_HOME says where it is.
'fms_dgt models ACTION --help' shows the flags."""


def main(argv: Sequence[str]) -> int:
    """Do one of the actions. Raises UserError."""
    action, rest = (argv[0], argv[1:]) if argv and not argv[0].startswith("-") else ("list", argv)
    if action not in ACTIONS:
        what = f"there is no 'fms_dgt models {action}'"
        raise InputError([Problem(what, did_you_mean(action, ACTIONS, noun="actions"))])
    doing: dict[str, Callable[[Sequence[str]], int]] = {"list": _list, "fetch": _fetch, "remove": _remove}
    return doing[action](rest)


def _list(argv: Sequence[str]) -> int:
    parser = _parser("fms_dgt models [list]", ABOUT)
    parser.add_argument("folder", nargs="?", metavar="DIR", help="list the GGUF files below this folder")
    parser.add_argument("--json", action="store_true", help="write JSON")
    options = parser.parse(argv)
    if options.folder is not None:
        folder = Path(options.folder)
        if not folder.is_dir():
            raise InputError([Problem(f"there is no folder '{options.folder}'", "check the path")])
        models, where = kept_below(folder), f"below {options.folder}"
    else:
        _need_hub()
        models, where = kept_in_cache(), "in the hub's cache"
    if options.json:
        print(json.dumps([_as_json(model) for model in models], indent=2, ensure_ascii=False))
    elif models:
        _show([COLUMNS, *map(_cells, models)])
        print(f"{size_text(sum(model.size for model in models))} {where}")
    else:
        print(f"no GGUF file {where}; fetch one: fms_dgt models fetch REPO:FILE")
    return 0


def _fetch(argv: Sequence[str]) -> int:
    parser = _parser("fms_dgt models fetch", "Fetch a model from a hub, or go on with one.")
    parser.add_argument("model", metavar="REPO[:FILE]", help="FILE may be a quantisation such as Q4_K_M")
    given = parser.parse(argv).model
    _need_hub()
    chosen = chosen_file(given)
    model = HubModel(chosen.repo, chosen.file)
    path = model.present()
    if path is None:
        path = _fetched(model, chosen)
    else:
        print(f"{model.name} is here already", file=sys.stderr)
    print(path)
    print(f"in a config:  type: llama.cpp, model_id_or_path: {model.name}", file=sys.stderr)
    return 0


def _fetched(model: HubModel, chosen: ChosenFile) -> Path:
    about = "" if chosen.size is None else f" ({size_text(chosen.size)})"
    print(f"fetching {model.name}{about}", file=sys.stderr)
    try:
        return model.fetch(importlib.import_module(f"{PACKAGE}.utils").tqdm)
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it was", file=sys.stderr)
        raise


def _remove(argv: Sequence[str]) -> int:
    parser = _parser("fms_dgt models remove", "Remove models from the hub's cache.")
    parser.add_argument("names", nargs="+", metavar="NAME", help="REPO:FILE as 'list' shows it, or REPO")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse(argv)
    _need_hub()
    planned = removal(options.names)
    if not options.yes:
        for name in planned.names:
            print(name)
        if not _agreed(f"remove {'it' if len(planned.names) == 1 else 'them'}, {size_text(planned.freed)}?"):
            print("nothing was removed")
            return 1
    planned.execute()
    print(f"removed {', '.join(planned.names)}: {size_text(planned.freed)} are free again")
    return 0


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        what = "nobody is there to be asked whether that may be removed"
        raise InputError([Problem(what, "add --yes")])
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _need_hub() -> None:
    if importlib.util.find_spec(PACKAGE) is None:
        raise SetupError(f"'fms_dgt models' needs the package {PACKAGE}; run: {INSTALL}")


def _parser(prog: str, about: str) -> Parser:
    parser = Parser(prog=prog, description=about)
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("-h", "--help", action="help", help="show this")
    return parser


def _as_json(model: Kept) -> dict[str, object]:
    return {**asdict(model), "path": str(model.path), "used": _when(model.used).isoformat()}


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC).astimezone()


def _cells(model: Kept) -> tuple[str, ...]:
    used = _when(model.used).strftime("%Y-%m-%d %H:%M")
    context = str(model.context or "-")
    # what is wrong with it stands where the eye ends
    last = f"{used}  {model.note}" if model.note else used
    return model.name, size_text(model.size), model.quantisation or "-", context, last


def _show(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
