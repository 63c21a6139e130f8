"""Problems in files that a config names, told without what stands in the files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fms_dgt.errors import Problem
from fms_dgt.safety.permissions import Permissions


def without_content(problem: Problem, permissions: Permissions) -> Problem:
    """The problem; its place alone where it is in a file that was read from where no task may read.

    A config is often a stranger's: were its messages to quote such a file, they could show any line of it.
    """
    for name in permissions.uses.files:
        file = _file_of(problem.where, name)
        if file and not permissions.may_read(Path(name)):
            line = problem.where[len(file) + 1 :].partition(":")[0]
            what = "is not valid, and is not shown: the file is outside of the folders that tasks may read"
            return replace(problem, what=what, mend="correct it there", where=f"{file}:{line}".rstrip(":"))
    return problem


def _file_of(where: str, name: str) -> str:
    """The file that a place is in, as it is spelled there; "" where it is not in the one of that name."""
    file = where.rpartition(":")[0] if ":" in where else where
    while file:
        spelled = str(Path(file))
        if name == spelled or name.endswith(f"/{spelled}"):
            return file
        file = file.rpartition(":")[0]
    return ""
