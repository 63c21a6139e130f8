"""Tasks and configs that come with the package, by name."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["tasks", "configs"]

TASK_FILES = ("task.yaml", "task.yml")
SHOWN = 20

_PACKAGE = Path(__file__).parents[1]
# parts of a name that older spellings put below `tasks/`
_NAMESPACES = ("watsonx", "research", "public", "core")


def shipped_folder(kind: Kind) -> Path | None:
    """Where they stand: in the installed package, else in the checkout; None where there are none."""
    places = (_PACKAGE / "shipped" / kind, _PACKAGE.parent / kind)
    return next((place for place in places if place.is_dir()), None)


def shipped_names(kind: Kind) -> list[str]:
    """All names, sorted: a task's folder, a config's file name less `.yaml`."""
    return sorted(_by_name(kind))


def shipped_files(kind: Kind) -> list[tuple[str, Path]]:
    """All names with their files, sorted."""
    return sorted(_by_name(kind).items())


def find_shipped(kind: Kind, said: str) -> list[Path]:
    """The files that a name stands for; a folder of tasks stands for all below it.

    `tasks/` in front and `/task.yaml` behind may be there or not; the same goes for configs.
    """
    name = _bare(kind, said)
    files = _by_name(kind)
    if name in files:
        return [files[name]]
    if kind == "configs":
        return []
    return [path for other, path in sorted(files.items()) if name and other.startswith(f"{name}/")]


def suggestion(kind: Kind, said: str) -> str:
    """A sentence part that helps after a name that was not found."""
    names = shipped_names(kind)
    name = _bare(kind, said)
    last = name.rsplit("/", 1)[-1]
    by_last = {other.rsplit("/", 1)[-1]: other for other in reversed(names)}
    near = difflib.get_close_matches(name, _with_folders(names), n=1, cutoff=0.6)
    near = near or [by_last[match] for match in difflib.get_close_matches(last, by_last, n=1, cutoff=0.6)]
    hint = f"did you mean '{near[0]}'? " if near else ""
    listed = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    return f"{hint}shipped {kind}: {listed or 'none'}"


def task_files_below(folder: Path) -> Iterator[Path]:
    """Every task.yaml below a folder, in the order of their paths; hidden folders are left out."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in TASK_FILES if name in files)


def _with_folders(names: Sequence[str]) -> list[str]:
    parts = [name.split("/") for name in names]
    return sorted({"/".join(part[:count]) for part in parts for count in range(1, len(part) + 1)})


def _by_name(kind: Kind) -> dict[str, Path]:
    folder = shipped_folder(kind)
    if folder is None:
        return {}
    if kind == "tasks":
        return {path.parent.relative_to(folder).as_posix(): path for path in task_files_below(folder)}
    paths: Sequence[Path] = sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml"))
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in paths}


def _bare(kind: Kind, said: str) -> str:
    parts = [part for part in said.replace("\\", "/").split("/") if part not in ("", ".")]
    if parts and parts[0] == kind:
        del parts[0]
    if parts and kind == "tasks":
        if parts[0] in _NAMESPACES:
            del parts[0]
        if parts and parts[-1] in TASK_FILES:
            del parts[-1]
    elif parts:
        parts[-1] = parts[-1].removesuffix(".yaml").removesuffix(".yml")
    return "/".join(parts)
