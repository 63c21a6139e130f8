"""The folder in which what was fetched is kept, and how something is put there in one step."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from fms_dgt.errors import Problem, SetupError
from fms_dgt.safety import environment

VARIABLE = "FMS_DGT_CACHE"
_PARTS = ".part-"
_DAY = 24 * 3600


def cache_folder(given: Path | None = None) -> Path:
    """`given`, or what FMS_DGT_CACHE says, or `fms_dgt` in the user's cache folder (XDG_CACHE_HOME)."""
    if given is not None:
        return given
    named = environment.setting(VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    # XDG says that a relative path is to be ignored
    base = Path(environment.setting("XDG_CACHE_HOME"))
    return (base if base.is_absolute() else Path.home() / ".cache") / "fms_dgt"


@contextlib.contextmanager
def new_folder(place: Path) -> Iterator[Path]:
    """A folder to fill; it appears at `place` when all went well, and not at all otherwise.

    Where another process was faster, its folder stays. What killed processes left is removed after a
    day. Raises SetupError where nothing can be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place.parent)
        part = Path(tempfile.mkdtemp(prefix=_PARTS, dir=place.parent))
    except OSError as error:
        raise _unwritable(place.parent, error) from error
    try:
        yield part
        try:
            part.rename(place)
        except OSError:
            if not place.is_dir():
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def put_file(place: Path, data: bytes) -> None:
    """Write the file in one step. Raises SetupError where nothing can be written."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_PARTS, dir=place.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(place)
        finally:
            # replaced, it is gone
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(place.parent, error) from error


def _sweep(folder: Path) -> None:
    for left in folder.glob(f"{_PARTS}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _DAY:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _unwritable(folder: Path, error: OSError) -> SetupError:
    problem = Problem(f"cannot be written: {error.strerror}", f"name another cache folder with {VARIABLE}")
    return SetupError(f"{folder} {problem}")
