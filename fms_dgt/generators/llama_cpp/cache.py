"""The GGUF files on this machine: from the package index, in the hub's cache, and in a folder."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from fms_dgt.errors import InputError, Problem, did_you_mean
from fms_dgt.generators.llama_cpp.header import Header, NotGGUF, read_header
from fms_dgt.generators.llama_cpp.hub import has_hub
from fms_dgt.generators.llama_cpp.hub_blob import PACKAGE, unfinished_files
from fms_dgt.generators.llama_cpp.known import KNOWN
from fms_dgt.generators.llama_cpp.model import NamedModel, parts_of
from fms_dgt.generators.llama_cpp.quantisation import quantisation_of

MAIN: Final = "main"
UNFINISHED: Final = "unfinished; fetch it again to continue"
OLDER: Final = "of an older revision; fetch it again"


@dataclass(frozen=True)
class Kept:
    """A model on this machine, by the name that a config has for it; `size` is that of all its parts.

    `used` is when it was read last, in seconds since 1970, as far as the file system keeps that. `note`
    says what keeps it from being used.
    """

    name: str
    path: Path
    size: int
    quantisation: str | None
    context: int | None
    used: float
    note: str = ""


@dataclass
class Removal:
    """What is to go, and the bytes that this frees."""

    names: list[str]
    freed: int
    _files: list[Path]
    _strategy: Any = None
    _folders: list[Path] = field(default_factory=list)

    def execute(self) -> None:
        """Remove it."""
        for path in self._files:
            path.unlink(missing_ok=True)
        if self._strategy is not None:
            self._strategy.execute()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)

    def joined(self, other: Removal) -> Removal:
        """Both; only one of them may be of the hub's cache."""
        return Removal(
            self.names + other.names,
            self.freed + other.freed,
            self._files + other._files,
            self._strategy or other._strategy,
            self._folders + other._folders,
        )


@dataclass
class _Found:
    """The parts of one model in one repository of the cache, over all of its revisions."""

    current: dict[str, Any] = field(default_factory=dict)
    older: list[Any] = field(default_factory=list)
    unfinished: list[Path] = field(default_factory=list)


def kept_from_index() -> list[Kept]:
    """The models that came from the package index, by the names that they have here."""
    present = [(name, NamedModel(known).place) for name, known in KNOWN.items() if known.wheel]
    return [replace(_at(path, {path}), name=name) for name, path in present if path.is_file()]


def kept_in_cache() -> list[Kept]:
    """The models in the hub's cache, by name."""
    found = {name: each for repo in _repositories(_scan()) for name, each in _models_of(repo).items()}
    return [_described(name, each) for name, each in sorted(found.items())]


def kept_below(folder: Path) -> list[Kept]:
    """The models in a folder and those below it, by path."""
    paths = {path for path in folder.rglob("*") if path.suffix.lower() == ".gguf" and path.is_file()}
    later = {path.parent / part for path in paths for part in parts_of(path.name)[1:]}
    return [_at(path, paths) for path in sorted(paths - later)]


def removal(names: Sequence[str]) -> Removal:
    """What has to go for these models, or all GGUF files of these repositories. Raises InputError."""
    ours = {model.name: model for model in kept_from_index()}
    chosen = sorted(ours.keys() & set(names))
    freed = sum(ours[name].size for name in chosen)
    planned = Removal(chosen, freed, [ours[name].path for name in chosen])
    rest = [name for name in names if name not in ours]
    return planned.joined(_hub_removal(rest)) if rest else planned


def _hub_name(name: str) -> str:
    known = KNOWN.get(name)
    return f"{known.repo}:{known.file}" if known else name


def _hub_removal(names: Sequence[str]) -> Removal:
    if not has_hub():
        raise InputError(
            [Problem(f"there is no model '{names[0]}'", "'fms_dgt models' lists those that are")]
        )
    info = _scan()
    repos = _repositories(info)
    found = {name: each for repo in repos for name, each in _models_of(repo).items()}
    chosen = sorted({name for given in names for name in _meant(given, found)})
    files = {file for name in chosen for file in (*found[name].current.values(), *found[name].older)}
    unfinished = [path for name in chosen for path in found[name].unfinished]
    # a repository of which nothing else is left
    folders = [repo.repo_path for repo in repos if _models_of(repo).keys() <= set(chosen)]
    folders = [repo for repo in folders if not _others(repo)]
    strategy = info.delete_files(*files)
    freed = strategy.expected_freed_size + sum(path.stat().st_size for path in unfinished)
    return Removal(chosen, freed, unfinished, strategy, folders)


def _meant(given: str, found: Iterable[str]) -> list[str]:
    named = _hub_name(given)
    meant = [name for name in found if named in (name, name.partition(":")[0])]
    if not meant:
        what = f"'{given}' is not on this machine" if given in KNOWN else f"the cache has no model '{given}'"
        known = did_you_mean(given, found, noun="models in it")
        raise InputError([Problem(what, known or "'fms_dgt models list' shows what it has")])
    return meant


def _others(repo: Path) -> bool:
    """Whether a repository has files that are no models."""
    snapshots = repo / "snapshots"
    return any(path.is_file() and path.suffix.lower() != ".gguf" for path in snapshots.rglob("*"))


def _scan() -> Any:
    scan = importlib.import_module(PACKAGE).scan_cache_dir
    folder = importlib.import_module(f"{PACKAGE}.constants").HF_HUB_CACHE
    if Path(folder).is_dir():
        return scan(folder)
    # one that is not there yet is empty
    with tempfile.TemporaryDirectory() as empty:
        return scan(empty)


def _repositories(info: Any) -> list[Any]:
    return [repo for repo in info.repos if repo.repo_type == "model"]


def _models_of(repo: Any) -> dict[str, _Found]:
    models: dict[str, _Found] = {}
    # the newest first, so that it counts where none is current
    for revision in sorted(repo.revisions, key=lambda one: (MAIN not in one.refs, -one.last_modified)):
        for file in revision.files:
            name = file.file_path.relative_to(revision.snapshot_path).as_posix()
            if not name.lower().endswith(".gguf"):
                continue
            model = models.setdefault(f"{repo.repo_id}:{parts_of(name)[0]}", _Found())
            if MAIN in revision.refs:
                model.current[name] = file
            else:
                model.older.append(file)
    for name, path in unfinished_files(repo.repo_path):
        full = f"{repo.repo_id}:{parts_of(name.replace('--', '/'))[0]}"
        models.setdefault(full, _Found()).unfinished.append(path)
    return models


def _described(name: str, found: _Found) -> Kept:
    parts = list(found.current.values()) or found.older
    expected = parts_of(name.partition(":")[2])
    sizes = {file.blob_path: file.size_on_disk for file in (*found.current.values(), *found.older)}
    size = sum(sizes.values()) + sum(path.stat().st_size for path in found.unfinished)
    if not parts:
        path = found.unfinished[0]
        return Kept(name, path, size, None, None, path.stat().st_mtime, UNFINISHED)
    note = "" if found.current else OLDER
    if found.current and len(found.current) < len(expected):
        note = f"{len(found.current)} of {len(expected)} parts; fetch it again to continue"
    first = min(parts, key=lambda file: file.file_name)
    used = max(max(file.blob_last_accessed, file.blob_last_modified) for file in parts)
    return _read(name, first.file_path, size, used, note)


def _at(path: Path, there: set[Path]) -> Kept:
    expected = [path.parent / part for part in parts_of(path.name)]
    parts = [part for part in expected if part in there]
    stats = [part.stat() for part in parts]
    note = "" if len(parts) == len(expected) else f"{len(parts)} of {len(expected)} parts"
    used = max(max(stat.st_atime, stat.st_mtime) for stat in stats)
    return _read(str(path), path, sum(stat.st_size for stat in stats), used, note)


def _read(name: str, path: Path, size: int, used: float, note: str) -> Kept:
    with _unnoticed(path):
        try:
            header = read_header(path)
            quantisation = quantisation_of(path, header)
        except NotGGUF as error:
            header, quantisation, note = Header({}), None, note or str(error)
        except OSError as error:
            header, quantisation, note = Header({}), None, note or f"cannot be read: {error.strerror}"
    return Kept(name, path, size, quantisation, header.context, used, note)


@contextlib.contextmanager
def _unnoticed(path: Path) -> Iterator[None]:
    """Look into a file without its counting as used."""
    try:
        before = path.stat()
    except OSError:
        before = None
    yield
    if before is not None:
        # it may be another's file
        with contextlib.suppress(OSError):
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
