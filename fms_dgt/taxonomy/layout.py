"""Where a taxonomy's files stand, what their folders say of them, and what a node is called."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from fms_dgt.errors import InputError, Problem

Kind: TypeAlias = Literal["compositional", "knowledge", "foundational"]
FILE = "qna.yaml"
FOLDERS: dict[str, Kind] = {
    "compositional_skills": "compositional",
    "knowledge": "knowledge",
    "foundational_skills": "foundational",
}
_PARTS = {(name,) for name in FOLDERS}
# `knowledge` is an everyday name for a folder; these are not
_TELLING = (".git", "compositional_skills", "foundational_skills")
_EXACT = re.compile(r"qna\.ya?ml", re.IGNORECASE)
# what people have written where nothing but qna.yaml belongs: movie_qna.yaml, qna2.yaml, qua.yaml
_NEAR = re.compile(r"[^/]*q[nu]a[^/]*\.ya?ml", re.IGNORECASE)
_MAX_NAME = 180
_UNFIT = re.compile(r"[%\\\x00-\x1f\x7f-\x9f\ud800-\udfff]|^\s+|\s+$|^\.{1,2}$")


@dataclass(frozen=True, slots=True)
class Spot:
    """A file of a taxonomy, by its place alone. `path` is its folder below the taxonomy's root.

    `kind` is None outside the three folders of a taxonomy: there the content decides. `stray` says that
    it stands in a taxonomy all the same.
    """

    file: Path
    path: str
    kind: Kind | None
    stray: bool = False

    @property
    def root(self) -> Path | None:
        """The taxonomy that it is in."""
        return self.file.parents[len(self.path.split("/"))] if self.kind or self.stray else None

    @property
    def shown(self) -> str:
        """The file as it stands in messages: from the working folder where it is below it."""
        return shown(self.file)


def find_spots(path: Path) -> list[Spot]:
    """The taxonomy files that a file, a subtree or a whole taxonomy holds, by path. Raises InputError.

    Misspelt names (`qna.yml`, `QNA.yaml`) are among them.
    """
    where = shown(path)
    if not os.path.lexists(path):
        raise InputError([Problem("there is no such file or folder", "check the path", where)])
    path = path.absolute()
    if not path.is_dir():
        return [spot_of(path)]
    root = root_of(path)
    spots = [spot for file in _files_below(path, root) if is_meant(spot := _spot(file, root or path))]
    if not spots:
        mend = "name a qna.yaml, a taxonomy or a folder of one"
        raise InputError([Problem(f"there is no {FILE} in or below it", mend, where)])
    return spots


def spot_of(file: Path) -> Spot:
    """One file's place, whether the file is there or not."""
    file = file.absolute()
    return _spot(file, root_of(file))


def is_meant(spot: Spot) -> bool:
    """Whether a file was meant to be read, by its name: `qna.yaml`, or nearly so."""
    # tools keep copies of their own in such folders
    hidden = any(part.startswith(".") for part in spot.path.split("/"))
    pattern = _NEAR if spot.kind and not hidden else _EXACT
    return pattern.fullmatch(spot.file.name) is not None


def root_of(path: Path) -> Path | None:
    """The taxonomy that a path is in; None where nothing says that it is in one."""
    path = path.absolute()
    holders = [folder for folder in (path, *path.parents) if _holds(folder, path)]
    telling = [folder for folder in holders if any(os.path.lexists(folder / name) for name in _TELLING)]
    return telling[-1] if telling else next(iter(holders), None)


def is_taxonomy(path: Path) -> bool:
    """Whether a folder has a folder of a taxonomy in it."""
    return any((path / name).is_dir() for name in FOLDERS)


def shown(path: Path) -> str:
    """A path as people read it: from the working folder where it is below it, on one line, as UTF-8."""
    full = Path(os.path.normpath(path.absolute()))
    try:
        text = str(full.relative_to(Path.cwd()))
    except ValueError:
        text = str(full)
    return printable(text)


def printable(text: str) -> str:
    """The same text with what no terminal or JSON file can take written as an escape."""
    return re.sub(
        r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", lambda match: match[0].encode("unicode_escape").decode(), text
    )


def task_names(paths: Iterable[str]) -> dict[str, str]:
    """Node paths to task names: the path itself wherever it can be the name of a folder.

    No two are alike, not even to a file system that ignores letter case.
    """
    named = {path: _task_name(path) for path in paths}
    taken: dict[str, int] = {}
    for name in named.values():
        taken[name.casefold()] = taken.get(name.casefold(), 0) + 1
    return {
        path: name if taken[name.casefold()] == 1 or name == name.casefold() else f"{name}~{_digest(path)}"
        for path, name in named.items()
    }


def _task_name(path: str) -> str:
    parts = [_UNFIT.sub(_escape, part) for part in path.split("/")]
    name = "/".join(parts)
    raw = name.encode()
    if len(raw) <= _MAX_NAME:
        return name
    return f"{raw[:_MAX_NAME].decode(errors='ignore').rstrip(' /')}~{_digest(path)}"


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))


def _digest(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _holds(folder: Path, path: Path) -> bool:
    if folder == path:
        return is_taxonomy(path)
    return path.relative_to(folder).parts[0] in FOLDERS


def _spot(file: Path, root: Path | None) -> Spot:
    if root is None:
        return Spot(file, file.parent.name, None)
    below = file.parent.relative_to(root).as_posix()
    kind = FOLDERS.get(below.split("/")[0])
    stray = kind is None and is_taxonomy(root)
    return Spot(file, file.parent.name if below == "." else below, kind, stray)


def _files_below(folder: Path, top: Path | None) -> Iterator[Path]:
    closed: list[OSError] = []
    for root, folders, files in os.walk(folder, onerror=closed.append):
        inside = top is not None and Path(root).relative_to(top).parts[:1] in _PARTS
        # InstructLab reads all that is in its folders; beside them, such folders belong to tools
        folders[:] = sorted(
            name for name in folders if name != ".git" and (inside or not name.startswith("."))
        )
        yield from (Path(root, name) for name in sorted(files) if _NEAR.fullmatch(name))
    # a folder that cannot be looked into is not passed over: reading its file says why
    yield from (Path(str(error.filename), FILE) for error in closed)
