"""What a task is called: the key of its results, and their folder."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

MAX_BYTES = 200
_TASKS = "tasks"
_GENERIC = ("task", "qna")


def path_below_tasks(file: Path) -> str:
    """A task file's path below the last folder named `tasks`, with slashes; "" where there is none.

    The file's own name is no part of it where it says nothing: `task.yaml`, `qna.yaml`.
    """
    parts = _straight(file).parts
    folders = parts[:-1]
    if _TASKS not in folders:
        return ""
    last = len(folders) - 1 - folders[::-1].index(_TASKS)
    below = list(folders[last + 1 :])
    if file.stem not in _GENERIC:
        below.append(file.stem)
    return "/".join(below)


def default_name(file: Path) -> str:
    """The name of a task whose file does not say one."""
    return path_below_tasks(file) or _straight(file).parent.name


def _straight(file: Path) -> Path:
    """The path without `..` in it; links are not followed, for their names are what the user sees."""
    return Path(os.path.normpath(file.absolute()))


def fault_of(name: str) -> str:
    """Why a name cannot be that of a folder below the output folder; "" where it can."""
    if not name:
        return "is empty"
    if len(name.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return f"is longer than {MAX_BYTES} bytes"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        return "has control characters in it"
    parts = name.split("/")
    if "\\" in name or name.startswith("/"):
        return "has a backslash in it, or begins with a slash"
    if any(part in ("", ".", "..") or part != part.strip() for part in parts):
        return "has a part that is empty, '.', '..' or padded with spaces"
    return ""
