"""One process a folder, also where somebody removes or replaces the file of the lock."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from fms_dgt.cli.holder import holder_of
from fms_dgt.errors import FolderError
from fms_dgt.journal import FolderLock
from fms_dgt.journal import lock as lock_module


def removed(folder: Path) -> None:
    (folder / ".lock").unlink()


def replaced(folder: Path) -> None:
    (folder / ".lock.new").write_text("")
    os.replace(folder / ".lock.new", folder / ".lock")


def copied_over(folder: Path) -> None:
    shutil.copy(folder / ".lock", folder / "x")
    os.replace(folder / "x", folder / ".lock")


@pytest.mark.parametrize("deed", [removed, replaced, copied_over])
def test_a_second_run_does_not_enter_whatever_became_of_the_file(tmp_path: Path, deed: object) -> None:
    with FolderLock(tmp_path):
        deed(tmp_path)  # type: ignore[operator]
        for _ in range(2):
            with pytest.raises(FolderError, match="is in use by"), FolderLock(tmp_path):
                pass
        assert holder_of(tmp_path) != ""
    with FolderLock(tmp_path):
        pass
    assert holder_of(tmp_path) == ""


def test_a_file_that_is_removed_while_it_is_locked_is_not_taken_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder before this one ends, and somebody removes the file, between opening and locking it."""
    real = lock_module.fcntl.flock
    taken: list[int] = []

    def flock(file: int, how: int) -> None:
        real(file, how)
        taken.append(file)
        if len(taken) == 2:
            (tmp_path / ".lock").unlink()

    monkeypatch.setattr(lock_module.fcntl, "flock", flock)
    with FolderLock(tmp_path):
        monkeypatch.undo()
        assert len(taken) == 3
        assert json.loads((tmp_path / ".lock").read_text())["pid"] == os.getpid()


def test_where_folders_cannot_be_locked_the_file_still_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = lock_module.fcntl.flock

    def flock(file: int, how: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{file}"):
            raise OSError(9, "Bad file descriptor")
        real(file, how)

    monkeypatch.setattr(lock_module.fcntl, "flock", flock)
    with FolderLock(tmp_path), pytest.raises(FolderError, match="is in use by process"), FolderLock(tmp_path):
        pass


@pytest.mark.parametrize(
    "note",
    [
        b"\xff" * 50,
        b"[" * 100_000,
        b'{"pid": "x", "host": 1}',
        json.dumps({"pid": 1, "host": "\x1b[2J" + "h" * 5000, "since": "\u202e"}).encode(),
    ],
    ids=["bytes", "deep", "types", "escapes"],
)
def test_a_note_of_anybody_is_shown_without_harm(tmp_path: Path, note: bytes) -> None:
    with FolderLock(tmp_path):
        (tmp_path / ".lock").write_bytes(note)
        with pytest.raises(FolderError) as caught, FolderLock(tmp_path):
            pass
        shown = str(caught.value)
        assert shown.isprintable()
        assert len(shown) < 400 + len(str(tmp_path))
        assert holder_of(tmp_path).isprintable()
