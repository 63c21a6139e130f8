"""Paths in messages, from the working folder that a command began in: code of plugins may change it."""

from __future__ import annotations

from pathlib import Path

_noted: list[Path] = []


def note_working_folder() -> Path:
    """The working folder, from which paths are shown from now on."""
    _noted[:] = [Path.cwd()]
    return _noted[0]


def shown(path: Path) -> str:
    """A path as it stands in messages: from the noted folder where it is below it, else in full."""
    start = _noted[0] if _noted else Path.cwd()
    path = start / path
    return str(path.relative_to(start) if path.is_relative_to(start) else path)
