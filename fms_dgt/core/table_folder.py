"""A folder that holds a Hugging Face dataset, opened so that it reads nothing outside of itself.

`datasets` obeys the README of a folder, the names in its state.json, and links. So it is given a temporary
folder instead: links to the regular files that the task may read, and the settings that are safe.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from fms_dgt.core.parquet_work import BATCH, check_parquet
from fms_dgt.errors import InputError, Problem
from fms_dgt.safety.folders import Search, files_below
from fms_dgt.safety.permissions import Permissions, allow_path, current, resolved
from fms_dgt.safety.regular_file import check_regular, open_regular

README, SETTINGS = "README.md", ".huggingface.yaml"
# what `Dataset.save_to_disk` leaves behind
_SAVED = ("state.json", "dataset_dict.json")
_STATE, _SPLITS = _SAVED
# modules of `datasets` that read rows of their file and nothing that a row names
_FORMATS = ("json", "csv", "parquet", "arrow", "text")
_PREFIX = "fms_dgt_rows_"
# the path of a temporary folder, in messages of `datasets`
TEMPORARY = re.compile(rf"[^\s'\"]*{_PREFIX}[^/]*/[\w.-]+")
_LARGEST_SETTINGS = 16 * 2**20
_PLAIN_NAME = re.compile(r"\w[\w.-]*")
_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(\r?\n|\Z)", re.DOTALL)


class UnsafeSettings(ValueError):
    """Settings of a dataset that would read something outside of it."""


def files_of(folder: Path, *, hidden: bool = False) -> Iterator[Path]:
    """The files of a dataset's folder. Raises InputError for a link to what the task may not read."""
    allowed = _reach(folder)
    for path in files_below(folder, Search(str(folder)), hidden=hidden):
        if path.is_symlink() and not allowed.may_read(path):
            what = "is a link to what the dataset may not read"
            raise InputError([Problem(what, allow_path(path), str(path))])
        if path.is_file():
            yield path


def _reach(folder: Path) -> Permissions:
    """What the task may read; under no task, the folder (and, in the Hub's cache, what it links to)."""
    permissions = current()
    if permissions.folders is not None:
        return permissions
    full = resolved(folder)
    blobs = [full.parents[1] / "blobs"] if full.parent.name == "snapshots" else []
    return replace(permissions, folders=(full, *blobs))


@contextlib.contextmanager
def opened(folder: Path, subset: str) -> Iterator[Any]:
    """The dataset in a folder, as `datasets` has it. Its rows can be read until the block ends."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as temporary:
        copy = Path(temporary, _safe_name(folder.name))
        try:
            _link_files(folder, copy)
            yield _load(copy, folder, subset)
        except UnsafeSettings as error:
            raise InputError([Problem(str(error), "name the data files themselves", str(folder))]) from error


def _safe_name(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name).lstrip(".") or "dataset"


def _link_files(folder: Path, copy: Path) -> None:
    copy.mkdir()
    files = list(files_of(folder))
    for parent in dict.fromkeys((folder, *(path.parent for path in files))):
        for path in parent.iterdir():
            if path.is_symlink() and path.is_dir() and not path.name.startswith("."):
                raise InputError([Problem("is a link to a folder", "put its files there", str(path))])
    for path in files:
        name = path.relative_to(folder).as_posix()
        if "::" in name or "://" in name:
            raise UnsafeSettings(f"the file name {name!r} would be read as an address")
        check_regular(path)
        if path.name in _SAVED:
            _check_saved(path)
        if name != README:
            place = copy / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(resolved(path))
    settings = safe_settings(folder)
    if settings:
        text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
        (copy / README).write_text(f"---\n{text}---\n", encoding="utf-8")


def _load(copy: Path, folder: Path, subset: str) -> Any:
    import datasets  # noqa: PLC0415 (an extra)

    if any((copy / mark).is_file() for mark in _SAVED):
        for path in sorted(copy.rglob("*.arrow")):
            current().read(folder / path.relative_to(copy))
        return datasets.load_from_disk(str(copy))
    builder = datasets.load_dataset_builder(str(copy), subset or None)
    form = type(builder).__module__.rsplit(".", 1)[-1]
    if form not in _FORMATS:
        raise UnsafeSettings(
            f"holds files of the kind '{form}', which are not read: {', '.join(_FORMATS)} are"
        )
    if form == "parquet":
        # by default all of the first row group
        builder.config.batch_size = BATCH
    for path in _data_files(builder.config.data_files or {}):
        if not path.is_relative_to(copy):
            raise UnsafeSettings(f"names a file outside of it: '{path}'")
        current().read(folder / path.relative_to(copy))
        if form == "parquet":
            check_parquet(folder / path.relative_to(copy), None)
    return builder.as_streaming_dataset()


def _data_files(splits: Mapping[Any, Iterable[Any]]) -> Iterator[Path]:
    for files in splits.values():
        yield from (Path(str(name)) for name in files)


def _check_saved(path: Path) -> None:
    """Check the names of files in state.json, and of folders in dataset_dict.json. Raises UnsafeSettings."""
    try:
        with open_regular(path) as file:
            content = json.loads(file.read(_LARGEST_SETTINGS))
        if path.name == _SPLITS:
            names = list(content["splits"])
        else:
            names = [part["filename"] for part in content["_data_files"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnsafeSettings(f"'{path.name}' is not as save_to_disk leaves it") from error
    for name in names:
        if not isinstance(name, str) or not _PLAIN_NAME.fullmatch(name):
            raise UnsafeSettings(f"'{path.name}' names {name!r}, which is not a plain name")


def safe_settings(folder: Path) -> dict[str, Any]:
    """The settings in a folder's README and .huggingface.yaml. Raises InputError, UnsafeSettings."""
    texts = []
    for name in (README, SETTINGS):
        path = folder / name
        if os.path.lexists(path):
            if not _reach(folder).may_read(path) and path.is_symlink():
                raise InputError([Problem("is a link to what the dataset may not read", "", str(path))])
            with open_regular(path) as file:
                texts.append(file.read(_LARGEST_SETTINGS).decode("utf-8", "replace"))
        else:
            texts.append("")
    return checked_settings(*texts)


def checked_settings(readme: str, settings: str = "") -> dict[str, Any]:
    """The settings that a dataset gives itself. Raises UnsafeSettings where they lead out of it."""
    front = _FRONT_MATTER.match(readme.lstrip("\ufeff"))
    known: dict[str, Any] = {}
    for text in (front[1] if front else "", settings):
        try:
            content = yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise UnsafeSettings("has settings that are not YAML") from error
        if isinstance(content, dict):
            known.update({key: content[key] for key in ("configs", "dataset_info") if key in content})
    for config in known.get("configs") or ():
        _check_config(config)
    return known


def _check_config(config: Any) -> None:
    if not isinstance(config, dict):
        raise UnsafeSettings("has a configuration that is not a mapping")
    for pattern in (*_patterns(config.get("data_files")), *_patterns(config.get("data_dir"))):
        if not _stays_inside(pattern):
            raise UnsafeSettings(f"has a configuration that names {pattern!r}, which is outside of it")


def _patterns(given: Any) -> Iterator[Any]:
    """Each path or pattern in `data_files`, in any of its forms."""
    if isinstance(given, list):
        for part in given:
            yield from _patterns(part["path"] if isinstance(part, dict) and "path" in part else part)
    elif isinstance(given, dict):
        for part in given.values():
            yield from _patterns(part)
    elif given is not None:
        yield given


def _stays_inside(pattern: Any) -> bool:
    if not isinstance(pattern, str) or ":" in pattern or "\\" in pattern or pattern.startswith("~"):
        return False
    path = PurePosixPath(pattern)
    return not path.is_absolute() and ".." not in path.parts
