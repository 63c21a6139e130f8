"""How a child process is started: what it runs, and what it inherits.

A child never imports from the working folder and inherits no secret: of the environment it gets a list of
names, never the whole.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

# What a program needs to find its libraries, its temporary folder and its language; nothing of it is secret.
INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TMPDIR",
    "TZ",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "XDG_CACHE_HOME",
)


def child_environment(*, also: Iterable[str] = (), extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: the listed names of ours, those in `also`, and `extra`."""
    names = {*INHERITED, *also}
    return {name: os.environ[name] for name in sorted(names) if name in os.environ} | dict(extra or {})


def python_command(*arguments: str) -> list[str]:
    """A command that runs this interpreter without the working folder on its import path."""
    return [sys.executable, "-P", *arguments]


def import_path() -> str:
    """This process's import path for a child's PYTHONPATH, without entries relative to the working folder."""
    return os.pathsep.join(entry for entry in sys.path if Path(entry).is_absolute())
