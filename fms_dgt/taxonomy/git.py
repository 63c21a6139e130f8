"""The few questions that are asked of git, without anything that a repository could make it do."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

from fms_dgt.errors import InputError, Problem, SetupError

# a repository's settings may name programs; none of these runs one
_SAFE = (
    "--no-pager",
    "--literal-pathspecs",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.quotePath=false"),
)
# what a hook's environment would have git look at in place of the folder that was named
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF", "GIT_NAMESPACE")
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


class Repository:
    """A git repository's working tree."""

    def __init__(self, folder: Path) -> None:
        """The repository that `folder` is in. Raises InputError where it is in none."""
        found = _git(folder, "rev-parse", "--show-toplevel")
        if found.returncode:
            raise InputError([_no_repository(folder, found.stderr)])
        self.top = Path(os.fsdecode(found.stdout.removesuffix(b"\n")))

    def ask(self, *args: str) -> str:
        """What git says. Raises InputError where it fails."""
        answer = _git(self.top, *args)
        if answer.returncode:
            detail = " ".join(answer.stderr.decode(errors="replace").split())[:300]
            what = f"git {args[0]} failed: {detail}"
            raise InputError([Problem(what, "see what 'git status' says there", str(self.top))])
        return os.fsdecode(answer.stdout)

    def commit(self, name: str) -> str:
        """The commit that a branch, a tag or an id stands for; "" where there is none."""
        if not name or name.startswith("-") or not name.isprintable():
            return ""
        found = _git(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return "" if found.returncode else found.stdout.decode().strip()

    @property
    def is_shallow(self) -> bool:
        """Whether older commits are missing."""
        return self.ask("rev-parse", "--is-shallow-repository").strip() == "true"


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment in which git is asked."""
    return {name: value for name, value in inherited.items() if name not in _FOREIGN} | _QUIET


def _git(folder: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("git")
    if program is None:
        raise SetupError("the program 'git' is missing; install it, or compare with '--base empty'")
    command: Sequence[str] = [program, *_SAFE, "-C", str(folder), *args]
    return subprocess.run(  # noqa: S603 (no shell, and no argument that begins with a dash)
        command, capture_output=True, check=False, env=environment(os.environ), stdin=subprocess.DEVNULL
    )


def _no_repository(folder: Path, said: bytes) -> Problem:
    if b"dubious ownership" in said:
        what = "git does not trust this repository: it belongs to somebody else"
        return Problem(what, f"git config --global --add safe.directory {quote(str(folder))}", str(folder))
    mend = "name a folder of one, or '--base empty' for everything that is there"
    return Problem("is in no git repository", mend, str(folder))
