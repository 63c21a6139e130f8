"""What changed in a taxonomy against a base, in the meaning of `ilab taxonomy diff`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from fms_dgt.errors import InputError, Problem
from fms_dgt.taxonomy.layout import Spot, find_spots, is_meant, shown, spot_of
from fms_dgt.taxonomy.renames import renames
from fms_dgt.taxonomy.repository import Repository
from fms_dgt.taxonomy.working_tree import WorkingTree

DEFAULT_BASE = "origin/main"
EMPTY = "empty"

Status: TypeAlias = Literal["added", "changed", "renamed", "deleted", "untracked"]
# a file beyond this is compared with no other
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Change:
    """A taxonomy file that is not as it was. `was` is the path that a renamed one had."""

    status: Status
    spot: Spot
    was: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """All changes below a path. `commit` is what the files were compared with; "" where with nothing."""

    base: str
    commit: str
    entries: tuple[Change, ...]

    @property
    def spots(self) -> list[Spot]:
        """The changed files that are there."""
        return [change.spot for change in self.entries if change.status != "deleted"]


def changes_since(path: Path, base: str = DEFAULT_BASE) -> Changes:
    """What is different below `path`: committed, not committed, or not even known to git.

    A branch as `base` stands for the last commit that it shares with what is checked out; any other
    commit (a tag, an id) for itself; "empty" for no files at all. Raises InputError.
    """
    path = path.absolute()
    if base == EMPTY:
        return Changes(base, "", tuple(Change("untracked", spot) for spot in find_spots(path)))
    if not path.exists():
        raise InputError([Problem("there is no such file or folder", "check the path", shown(path))])
    repository = Repository(path if path.is_dir() else path.parent)
    commit = _compared_with(repository, base)
    below = path.resolve()
    entries = []
    for name, (status, was) in sorted(_statuses(repository, commit).items()):
        spot = spot_of(repository.top / name)
        if is_meant(spot) and spot.file.is_relative_to(below):
            entries.append(Change(status, spot, was))
    return Changes(base, commit, tuple(entries))


def _compared_with(repository: Repository, base: str) -> str:
    """The commit that `base` stands for."""
    tip, is_branch = _tip(repository, base)
    if not tip:
        raise InputError([_unknown(repository, base)])
    if not is_branch:
        return tip
    if not repository.commit("HEAD"):
        raise InputError([Problem("nothing is committed yet", f"use '--base {EMPTY}'", "--base")])
    # our own commits, newest first, along the line on which others were merged
    own = repository.ask("rev-list", "--first-parent", "--parents", "HEAD", f"^{tip}").splitlines()
    if not own:
        return repository.commit("HEAD")
    oldest = own[-1].split()
    if len(oldest) > 1:
        return oldest[1]
    if repository.is_shallow:
        mend = "run 'git fetch --unshallow', or name a commit that is there"
        what = f"this is a shallow clone, and what it shares with '{base}' was not fetched"
    else:
        mend = f"name a commit, or '--base {EMPTY}' for everything that is there"
        what = f"'{base}' and what is checked out have no commit in common"
    raise InputError([Problem(what, mend, "--base")])


def _tip(repository: Repository, base: str) -> tuple[str, bool]:
    """The newest commit of `base`, and whether that is a branch: one of a remote, or one here."""
    branches = (f"refs/remotes/{base}", f"refs/heads/{base}")
    for name in branches if "/" in base else branches[1:]:
        if commit := repository.commit(name):
            return commit, True
    return repository.commit(base), False


def _unknown(repository: Repository, base: str) -> Problem:
    names = repository.ask("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes")
    there = [name for name in names.splitlines() if name.isprintable()][:10]
    listed = f"; branches: {', '.join(there)}" if there else ""
    what = f"git knows no branch, tag or commit '{base}' here"
    return Problem(what, f"name another, or '{EMPTY}' for everything that is there{listed}", "--base")


def _statuses(repository: Repository, commit: str) -> dict[str, tuple[Status, str]]:
    """The YAML files that are not as they are in a commit, by name, each with the name that it had."""
    files = {name: blob for name, blob in repository.files(commit).items() if _is_yaml(name)}
    index = repository.index()
    tree = WorkingTree(repository.top)
    there = {name for name in {*files, *index.names} if _is_yaml(name) and tree.has(name)}
    tracked = there & index.names
    gone = files.keys() - tracked - index.left_out
    statuses: dict[str, tuple[Status, str]] = dict.fromkeys(gone, ("deleted", ""))
    for name in tracked:
        if name not in files:
            statuses[name] = "added", ""
        elif name in index.conflicts or not tree.equals(name, files[name]):
            statuses[name] = "changed", ""
    new = [name for name, (status, _) in statuses.items() if status == "added"]
    for name, was in _renames(repository, tree, {name: files[name].id for name in gone}, new).items():
        statuses[name] = "renamed", was
        del statuses[was]
    for name in filter(_is_yaml, repository.untracked()):
        # one that git was told to forget, but is there
        statuses[name] = "changed" if name in statuses else "untracked", ""
    return statuses


def _renames(
    repository: Repository, tree: WorkingTree, gone: Mapping[str, str], new: Sequence[str]
) -> dict[str, str]:
    if not gone or not new:
        return {}
    contents = repository.contents(set(gone.values()), _LARGEST)
    old = {name: contents[id_] for name, id_ in gone.items() if id_ in contents}
    return renames(old, {name: tree.content(name, _LARGEST) for name in new})


def _is_yaml(name: str) -> bool:
    return name.lower().endswith((".yaml", ".yml"))
