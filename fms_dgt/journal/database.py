"""The SQLite file: how it is opened, and what its errors mean."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from pathlib import Path

from fms_dgt.errors import FolderError, JournalDamaged
from fms_dgt.journal.entries import LARGEST_BODY
from fms_dgt.journal.folder import folder_error
from fms_dgt.journal.schema import CREATE, LATER, NAMES, READABLE, VERSION, is_known
from fms_dgt.safety.files import PRIVATE, OutputFolder
from fms_dgt.safety.working_folder import shown

FILE_NAME = "journal.sqlite"

# What SQLite keeps beside a database.
_BESIDE = ("-wal", "-shm", "-journal")
# File systems on which WAL's shared memory does not work.
_NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "lustre", "gpfs", "beegfs", "ceph", "9p", "afs", "glusterfs")


def open_database(folder: Path, *, write: bool) -> sqlite3.Connection:
    """A connection to the folder's journal; a writer fills an empty file. Raises FolderError.

    The file may come from anybody: it must have the tables of a journal and nothing else, and nothing in
    it is run.
    """
    path = folder / FILE_NAME
    try:
        connection = _connected(path, write=write)
        try:
            _set_up(connection, path, write=write)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, UnicodeError) as error:
        raise database_error(path, error) from error
    return connection


def _connected(path: Path, *, write: bool) -> sqlite3.Connection:
    options = "" if write else "?mode=ro"
    if not write and not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists():
        # in a folder that cannot be written, SQLite reads a journal only if it may take it for unchanging
        options += "&immutable=1"
    return sqlite3.connect(
        path.absolute().as_uri() + options,
        uri=True,
        timeout=60.0,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
    )


def _set_up(connection: sqlite3.Connection, path: Path, *, write: bool) -> None:
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2 * LARGEST_BODY)
    if not write:
        _check_schema(connection, path)
        return
    _set_modes(connection, path)
    # not "no file": a process may have been killed between making the file and filling it
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        connection.executescript("BEGIN IMMEDIATE;" + CREATE + "COMMIT;")
    _check_schema(connection, path)
    for statement in LATER:
        connection.execute(statement)


def make_file(folder: Path) -> None:
    """Make the file where it is missing, for its owner alone. Raises FolderError where a link has a name.

    Before the first connection: to open and close a file drops the locks that SQLite has on it.
    """
    files = OutputFolder(folder)
    try:
        for name in (FILE_NAME, *(FILE_NAME + suffix for suffix in _BESIDE)):
            state = files.state(name)
            if state is not None and not stat.S_ISREG(state.st_mode):
                raise OSError(errno.EINVAL, f"{name} is a link, or no file")
            if state is None and name == FILE_NAME:
                os.close(files.create(name, PRIVATE))
    except OSError as error:
        raise folder_error(folder, error) from error


def _set_modes(connection: sqlite3.Connection, path: Path) -> None:
    mode = "DELETE" if _on_network(path) else "WAL"
    connection.execute(f"PRAGMA journal_mode={mode}")
    # an answer counts as kept only when it is on the disk
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=4000")


def _check_schema(connection: sqlite3.Connection, path: Path) -> None:
    names = set()
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master LIMIT 100"):
        names.add(name)
        if not is_known(kind, name, sql):
            raise FolderError(
                f"{shown(path)}: is not a journal of fms_dgt, or is damaged: it holds the {kind} "
                f"'{name:.40}', which no journal has; put a good copy in its place, "
                "or choose another --output-dir"
            )
    if missing := NAMES - names:
        raise damaged(path, f"it holds no {min(missing)}")
    row = connection.execute("SELECT version FROM meta").fetchone()
    version = row[0] if row else "unknown"
    if version not in READABLE:
        raise FolderError(
            f"{shown(path)}: was written by another version of fms_dgt (journal {version!s:.20}, this one "
            f"writes {VERSION}); use that version, or choose another --output-dir"
        )


def _on_network(path: Path) -> bool:
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    real = os.path.realpath(path.parent)
    best, kind = "", ""
    for line in mounts:
        parts = line.split(" ")
        point = parts[1].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind.startswith(_NETWORK)


def database_error(path: Path, error: Exception) -> FolderError:
    """What a SQLite error means to the user."""
    text = str(error)
    if "full" in text:
        return FolderError(
            f"{shown(path)}: the disk is full; free some space; every answer written so far is kept"
        )
    if "disk I/O error" in text:
        why = "the disk is full, a quota or a limit on file sizes is reached, or the disk fails"
        return FolderError(
            f"{shown(path)}: cannot be written or read ({why}); every answer written so far is kept"
        )
    if "readonly" in text or "unable to open" in text:
        return FolderError(f"{shown(path)}: cannot be opened: {text}; choose another --output-dir or fix it")
    if isinstance(error, UnicodeError) or "decode" in text:
        return damaged(path, "a text in it is not UTF-8")
    if any(sign in text for sign in _DAMAGED):
        return damaged(path, text)
    return FolderError(f"{shown(path)}: the journal cannot be used: {text}")


_DAMAGED = (
    "not a database",
    "malformed",
    "no such table",
    "no such column",
    "too big",
    "interrupted",
)


def damaged(path: Path, why: str) -> JournalDamaged:
    """A journal that does not hold what was written to it."""
    mend = "put a good copy in its place, or move it away and begin anew with --restart"
    return JournalDamaged(f"{shown(path)}: is not a journal of fms_dgt, or is damaged ({why}); {mend}")
