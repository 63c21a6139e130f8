"""The tables of a journal, and how a stranger's file is told from one."""

from __future__ import annotations

import re

VERSION = 2
# Version 1 had no checksums. Once something is added to such a journal, some of it has.
MIXED = 12
READABLE = (1, VERSION, MIXED)

# A rowid table of calls indexed by unit: a random primary key costs ten times the time.
CREATE = f"""
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
# A checksum for each row of `tasks`, from version 2 on.
_CHECKS = "CREATE TABLE IF NOT EXISTS checks (task INTEGER PRIMARY KEY, digest BLOB NOT NULL)"

_NEWER = f"UPDATE meta SET version = {MIXED} WHERE version = 1"  # noqa: S608 (MIXED is ours)

LATER = (_SPENT, _CHECKS, _NEWER)

# What the first version had already.
NAMES = frozenset(re.findall(r"CREATE (?:TABLE|INDEX) (\w+)", CREATE))


def is_known(kind: str, name: str, sql: str | None) -> bool:
    """Whether an entry of a database's own list of what it holds is one that a journal has."""
    if str(name).startswith("sqlite_"):
        # the index of a key, or statistics that somebody had made
        return kind in ("index", "table") and not _plain(sql or "").startswith("CREATE VIRTUAL")
    return _plain(str(sql)) in _KNOWN


def _plain(sql: str) -> str:
    return " ".join(sql.replace("IF NOT EXISTS ", "").split())


_KNOWN = {_plain(sql) for sql in (*re.split(r";\s*\n", CREATE), _SPENT, _CHECKS)}
