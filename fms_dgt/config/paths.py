"""Files as a command names them: found, and shown as the user would write them."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from fms_dgt.config.shipped import Kind, find_shipped, suggestion, task_files_below
from fms_dgt.core.node import Place
from fms_dgt.errors import Problem
from fms_dgt.safety.folders import matching

YAML = (".yaml", ".yml")


def shown(path: Path, cwd: Path) -> str:
    """A path as it stands in messages: from `cwd` where it is below it, else in full."""
    full = path.absolute()
    try:
        return str(full.relative_to(cwd.absolute()))
    except ValueError:
        return str(full)


def at(base: Path, said: str) -> Path:
    """A path as somebody wrote it, from `base`."""
    return base / os.path.expanduser(said)  # noqa: PTH111 (leaves an unknown user's `~name` as it is)


def exists(path: Path) -> bool:
    """Whether something is there; a name that no file can have is not."""
    return os.path.exists(path)  # noqa: PTH110 (pathlib raises for names that are too long)


def is_folder(path: Path) -> bool:
    """Whether a folder is there."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: Path) -> bool:
    """Whether a file is there."""
    return os.path.isfile(path)  # noqa: PTH113


def is_pattern(text: str) -> bool:
    """Whether it is a glob rather than a path."""
    return glob.has_magic(text)


def fixed_part(path: Path) -> Path:
    """A path, or the folder before the first part of it that is a pattern."""
    wild = next((at for at, part in enumerate(path.parts) if glob.has_magic(part)), None)
    return path if wild is None or exists(path) else Path(*path.parts[:wild])


def find_tasks(said: str, bases: Sequence[Path], place: Place, problems: list[Problem]) -> list[Path]:
    """The task files that a file, a folder, a glob or a shipped name stands for.

    Relative paths are looked for from each of `bases` in turn; shipped names come after all of them.
    """
    empty = False
    for base in bases if said.strip() else ():
        path = at(base, said)
        if is_folder(path):
            files = list(task_files_below(path))
            empty = empty or not files
        elif exists(path):
            files = [path]
        else:
            files = _task_files_of(path) if is_pattern(said) else []
        if files:
            return files
    files = find_shipped("tasks", said)
    if not files:
        problems.append(_missing("tasks", said, empty, place))
    return files


def find_config(said: str, cwd: Path, place: Place, problems: list[Problem]) -> Path | None:
    """The config file that a path or a shipped name stands for."""
    path = at(cwd, said)
    if exists(path) and not is_folder(path):
        return path
    files = find_shipped("configs", said)
    if files:
        return files[0]
    problems.append(_missing("configs", said, is_folder(path), place))
    return None


def _task_files_of(pattern: Path) -> list[Path]:
    below = [task_files_below(match) if match.is_dir() else [match] for match in matching(pattern)]
    return [file for files in below for file in files if file.suffix in YAML]


def _missing(kind: Kind, said: str, there: bool, place: Place) -> Problem:
    if there and kind == "tasks":
        return Problem(
            f"there is no task.yaml in or below '{said}'", "name the task files one by one", str(place)
        )
    if there:
        return Problem(f"'{said}' is a folder, not a config file", "name a YAML file", str(place))
    if is_pattern(said) and kind == "tasks":
        return Problem(f"no YAML file matches '{said}'", "check the pattern", str(place))
    what = "file, folder or shipped task" if kind == "tasks" else "file or shipped config"
    return Problem(f"there is no {what} '{said}'", suggestion(kind, said), str(place))
