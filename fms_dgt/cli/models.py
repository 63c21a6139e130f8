"""`fms_dgt models`: the GGUF files on this machine, fetched, listed and removed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from fms_dgt.cli.aligned import aligned
from fms_dgt.cli.byte_counter import ByteCounter
from fms_dgt.cli.parser import Parser
from fms_dgt.cli.teachers import tell
from fms_dgt.errors import InputError, Problem, SetupError, did_you_mean
from fms_dgt.generators.llama_cpp.cache import Kept, kept_below, kept_from_index, kept_in_cache, removal
from fms_dgt.generators.llama_cpp.choice import ChosenFile, chosen_file
from fms_dgt.generators.llama_cpp.hub import has_hub, progress_bar
from fms_dgt.generators.llama_cpp.hub_blob import PACKAGE, size_text
from fms_dgt.generators.llama_cpp.known import KNOWN, KnownModel
from fms_dgt.generators.llama_cpp.model import INSTALL, HubModel, NamedModel
from fms_dgt.generators.llama_cpp.named import Watching, fetch_named

COLUMNS = ("model", "size", "quantisation", "context", "last used")
KNOWN_COLUMNS = ("name", "size", "licence", "from", "")
ACTIONS = ("list", "fetch", "remove")
ABOUT = """\
The GGUF files on this machine, for the generator llama.cpp and for 'fms_dgt serve'.

actions:
  list [DIR]            what is here and what can be fetched by name; or what a folder has
  fetch NAME            fetch a model of that list, such as smollm2-135m (98 MB)
  fetch REPO[:FILE]     fetch any model of the hub; FILE may be a quantisation such as Q4_K_M
  remove NAME [NAME..]  remove models, or all of a repository, from the cache

smollm2-135m comes from the package index, by pip, and is kept below FMS_DGT_CACHE; all else comes from the
hub and is kept in the cache that all Hugging Face programs share (HF_HOME).
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
        models = _below(options.folder)
    else:
        models = kept_from_index() + (kept_in_cache() if has_hub() else [])
    where = "on this machine" if options.folder is None else f"below {options.folder}"
    if options.json:
        print(json.dumps([_as_json(model) for model in models], indent=2, ensure_ascii=False))
        return 0
    if models:
        print("\n".join(aligned([COLUMNS, *map(_cells, models)])))
        print(f"{size_text(sum(model.size for model in models))} {where}")
    else:
        print(f"no GGUF file {where}")
    if options.folder is None:
        print("\nto fetch by name, with 'fms_dgt models fetch NAME':")
        print("\n".join(aligned([KNOWN_COLUMNS, *map(_known_cells, KNOWN.values())])))
    return 0


def _below(folder: str) -> list[Kept]:
    if not Path(folder).is_dir():
        raise InputError([Problem(f"there is no folder '{folder}'", "check the path")])
    return kept_below(Path(folder))


def _fetch(argv: Sequence[str]) -> int:
    parser = _parser("fms_dgt models fetch", "Fetch a model, or go on with one.")
    about = "a name that 'list' shows; or a repository of the hub, FILE may be a quantisation such as Q4_K_M"
    parser.add_argument("model", metavar="NAME|REPO[:FILE]", help=about)
    given = parser.parse(argv).model
    if given in KNOWN:
        return _fetch_known(KNOWN[given])
    if "/" not in given:
        mend = f"{did_you_mean(given, KNOWN, noun='names')}; of the hub: REPO or REPO:FILE"
        raise InputError([Problem(f"there is no model '{given}'", mend)])
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


def _fetch_known(known: KnownModel) -> int:
    path = NamedModel(known).present()
    if path is not None:
        _check_size(known, path)
        print(f"{known.name} is here already", file=sys.stderr)
    else:
        counter = ByteCounter(known.size)
        try:
            path = fetch_named(known, Watching(tell, counter.show))
        except KeyboardInterrupt:
            counter.end()
            tell("stopped; the same command fetches it")
            raise
        counter.end()
        tell(f"sha256 {known.sha256}")
    print(path)
    tell(f"use it with --teacher llama.cpp:{known.name}; --teacher local takes the largest that is here")
    return 0


def _check_size(known: KnownModel, path: Path) -> None:
    size = path.stat().st_size
    if size != known.size:
        what = f"'{path}' has {size:,} bytes in place of {known.size:,}"
        raise InputError([Problem(what, f"run 'fms_dgt models remove {known.name}', then fetch it again")])


def _fetched(model: HubModel, chosen: ChosenFile) -> Path:
    about = "" if chosen.size is None else f" ({size_text(chosen.size)})"
    print(f"fetching {model.name}{about}", file=sys.stderr)
    try:
        return model.fetch(progress_bar())
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it was", file=sys.stderr)
        raise


def _remove(argv: Sequence[str]) -> int:
    parser = _parser("fms_dgt models remove", "Remove models from this machine.")
    parser.add_argument("names", nargs="+", metavar="NAME", help="a name that 'list' shows, or REPO")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse(argv)
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
    if sys.stdin is None or not sys.stdin.isatty():
        what = "nobody is there to be asked whether that may be removed"
        raise InputError([Problem(what, "add --yes")])
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _need_hub() -> None:
    if not has_hub():
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


def _known_cells(known: KnownModel) -> tuple[str, ...]:
    source = "package index, hub" if known.wheel else "hub"
    here = "here" if NamedModel(known).present() else ""
    return known.name, size_text(known.size), known.licence, source, here
