"""The SQLite file: its schema, how it is opened, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from fms_dgt.errors import FolderError

FILE_NAME = "journal.sqlite"
VERSION = 1

# A rowid table of calls indexed by unit: a random primary key costs ten times the time.
_SCHEMA = f"""
CREATE TABLE meta (version INTEGER NOT NULL);
INSERT INTO meta VALUES ({VERSION});
CREATE TABLE totals (calls INTEGER, input_tokens INTEGER, output_tokens INTEGER);
INSERT INTO totals VALUES (0, 0, 0);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, edition INTEGER NOT NULL,
    fingerprint TEXT NOT NULL DEFAULT '{{}}', ended TEXT NOT NULL DEFAULT '{{}}', UNIQUE (name, edition));
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, task INTEGER NOT NULL, unit INTEGER NOT NULL, digest BLOB NOT NULL,
    row TEXT NOT NULL, stage TEXT NOT NULL, body BLOB NOT NULL);
CREATE INDEX calls_unit ON calls (task, unit);
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, failed INTEGER NOT NULL, body BLOB NOT NULL, decided BLOB);
CREATE INDEX outcomes_failed ON outcomes (id) WHERE failed;
"""  # noqa: S608 (VERSION is ours)

# What the calls of each role cost. Later than the rest: a journal that has none gets it, and what was
# paid for before stands in the totals alone.
_SPENT = """
CREATE TABLE IF NOT EXISTS spent (
    task INTEGER NOT NULL, stage TEXT NOT NULL, role TEXT NOT NULL, model TEXT NOT NULL,
    calls INTEGER NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    cost REAL NOT NULL, seconds REAL NOT NULL,
    PRIMARY KEY (task, stage, role, model)) WITHOUT ROWID
"""

# File systems on which WAL's shared memory does not work.
_NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "lustre", "gpfs", "beegfs", "ceph", "9p", "afs", "glusterfs")


def open_database(folder: Path, *, write: bool) -> sqlite3.Connection:
    """A connection to the folder's journal; a writer makes it where there is none. Raises FolderError."""
    path = folder / FILE_NAME
    try:
        connection = sqlite3.connect(
            path, timeout=60.0, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        if write:
            _set_modes(connection, path)
            # not "no file": a process may have been killed between making the file and filling it
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                connection.executescript("BEGIN IMMEDIATE;" + _SCHEMA + "COMMIT;")
        _check_version(connection, path)
        if write:
            connection.execute(_SPENT)
    except sqlite3.Error as error:
        raise database_error(path, error) from error
    return connection


def _set_modes(connection: sqlite3.Connection, path: Path) -> None:
    mode = "DELETE" if _on_network(path) else "WAL"
    connection.execute(f"PRAGMA journal_mode={mode}")
    # an answer counts as kept only when it is on the disk
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=4000")


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    row = connection.execute("SELECT version FROM meta").fetchone()
    found = row[0] if row else "unknown"
    if found != VERSION:
        raise FolderError(
            f"{path}: was written by another version of fms_dgt (journal {found}, this one writes "
            f"{VERSION}); use that version, or choose another --output-dir"
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


def database_error(path: Path, error: sqlite3.Error) -> FolderError:
    """What a SQLite error means to the user."""
    text = str(error)
    if "full" in text:
        mend = "free some space and run the same command; every answer written so far is kept"
        return FolderError(f"{path}: the disk is full; {mend}")
    if "readonly" in text or "unable to open" in text:
        return FolderError(f"{path}: cannot be written: {text}; choose another --output-dir or mend it")
    if "not a database" in text or "malformed" in text or "no such table" in text:
        mend = "put a good copy in its place, or move it away and begin anew with --restart"
        return FolderError(f"{path}: is not a journal of fms_dgt, or is damaged ({text}); {mend}")
    return FolderError(f"{path}: the journal cannot be used: {text}")
