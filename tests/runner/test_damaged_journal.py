"""A journal that does not hold what was written to it: noticed, named, repaired or refused; never trusted."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import fms_dgt
import pytest
from fms_dgt.errors import FolderChanged, FolderError, JournalDamaged, UserError
from fms_dgt.journal.entries import Damaged, columns, pack, unpack
from fms_dgt.runner.trace import trace
from tampering import ROWS, Rows

TEXTS = ['{"a":1}', '{"text":"' + "long " * 400 + '"}']


@pytest.mark.parametrize("text", TEXTS, ids=["plain", "compressed"])
def test_every_flipped_bit_of_a_body_is_noticed(text: str) -> None:
    beside = columns(1, 2, b"\x00digest", "1/0", "stage")
    packed = pack(text, beside)
    assert unpack(packed, beside) is not None
    for at in range(len(packed) * 8):
        flipped = bytearray(packed)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(Damaged):
            unpack(bytes(flipped), beside)
    for cut in range(len(packed)):
        with pytest.raises(Damaged):
            unpack(packed[:cut], beside)


def test_a_body_belongs_to_its_columns() -> None:
    packed = pack(TEXTS[0], columns(1, 2, b"d", "1/0", "stage"))
    for other in [(1, 2, b"d", "1/1", "stage"), (1, 2, "d", "1/0", "stage"), (1, 3, b"d", "1/0", "stage")]:
        with pytest.raises(Damaged):
            unpack(packed, columns(*other))


@pytest.mark.parametrize("old", [b'r{"a": 1}', b"z" + __import__("zlib").compress(b'{"a": 1}')])
def test_bodies_of_earlier_versions_are_read(old: bytes) -> None:
    assert unpack(old, columns(1)) == {"a": 1}


@pytest.mark.parametrize(
    "bad", [b"", b"r{", b"z" + b"junk", b"r\xff", b"q{}", "r{}", None, b"r" + b"[" * 100_000]
)
def test_what_is_no_body_is_damaged(bad: object) -> None:
    with pytest.raises(Damaged):
        unpack(bad, columns(1))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    Rows(folder).run()
    return folder


@pytest.fixture
def rows(made: Path, tmp_path: Path) -> Rows:
    """A complete folder, whose data file is gone: all of it is made anew from the journal."""
    shutil.copytree(made / "out", tmp_path / "out")
    rows = Rows(tmp_path)
    rows.data.unlink()
    return rows


def execute(rows: Rows, *statements: str) -> None:
    with sqlite3.connect(rows.journal) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def test_no_flipped_bit_gives_wrong_data(made: Path, tmp_path: Path) -> None:
    good = (made / "out" / "walk" / "data.jsonl").read_bytes()
    journal = (made / "out" / "journal.sqlite").read_bytes()
    moments = random.Random(11)
    seen: Counter[str] = Counter()
    for trial in range(40):
        rows = Rows(tmp_path / str(trial)) if (tmp_path / str(trial)).mkdir() is None else None
        assert rows is not None
        shutil.copytree(made / "out", rows.out)
        rows.data.unlink()
        flipped = bytearray(journal)
        flipped[moments.randrange(len(flipped))] ^= 1 << moments.randrange(8)
        rows.journal.write_bytes(flipped)
        try:
            rows.run()
        except FolderError as error:
            assert str(rows.out) in str(error)
            seen["refused"] += 1
            continue
        except UserError as error:
            assert "journal.sqlite" in str(error)
            seen["refused"] += 1
            continue
        assert rows.data.read_bytes() == good
        seen["same"] += 1
    assert seen["same"] > 30


def test_a_damaged_answer_is_asked_for_again_and_named(rows: Rows) -> None:
    execute(
        rows,
        "UPDATE calls SET body = CAST(substr(body, 1, 20) || x'00' || substr(body, 22) AS BLOB) WHERE id = 7",
        "DELETE FROM outcomes",
    )
    outcome = rows.run()
    assert outcome.counts == {"records": ROWS, "rejected": 0, "calls": 1, "replayed": ROWS - 1}
    [note] = [note for note in outcome.finished.notes if "damaged" in note]
    assert note.startswith(f"walk: {rows.journal} is damaged in the table calls, unit ")
    assert note.endswith("the answers that cannot be read are asked for again")


OUTCOMES = {
    "its body": "UPDATE outcomes SET body = CAST(substr(body, 1, 30) || x'7f' || substr(body, 32) AS BLOB) WHERE (id & 1099511627775) = 9",
    "its key": "UPDATE outcomes SET key = 'another' WHERE (id & 1099511627775) = 9",
    "its flag": "UPDATE outcomes SET failed = 1 WHERE (id & 1099511627775) = 9",
    "its decision": "UPDATE outcomes SET decided = CAST(substr(decided, 1, 10) || x'41' AS BLOB) WHERE (id & 1099511627775) = 9",
    "a decision of another": "UPDATE outcomes SET decided = (SELECT decided FROM outcomes LIMIT 1) WHERE (id & 1099511627775) = 9",
    "a body of another": "UPDATE outcomes SET body = (SELECT body FROM outcomes LIMIT 1) WHERE (id & 1099511627775) = 9",
    "a body that is text": "UPDATE outcomes SET body = 'r[[],[]]' WHERE (id & 1099511627775) = 9",
    "an old body of another form": "UPDATE outcomes SET body = CAST('r{\"a\":1}' AS BLOB) WHERE (id & 1099511627775) = 9",
}


@pytest.mark.parametrize("which", OUTCOMES)
def test_a_damaged_outcome_is_made_again_without_a_call(made: Path, rows: Rows, which: str) -> None:
    execute(rows, OUTCOMES[which])
    outcome = rows.run()
    assert outcome.counts["calls"] == 0
    assert rows.data.read_bytes() == (made / "out" / "walk" / "data.jsonl").read_bytes()
    assert any("damaged in the table outcomes" in note for note in outcome.finished.notes)
    rows.data.unlink()
    assert not any("damaged" in note for note in rows.run().finished.notes), "it is whole again"


REFUSED = {
    "the fingerprint": "UPDATE tasks SET fingerprint = replace(fingerprint, 'a', 'b')",
    "how it ended": 'UPDATE tasks SET ended = \'{"end": "reached"}\'',
    "the edition": "UPDATE tasks SET edition = 3",
    "no JSON": "UPDATE tasks SET ended = '{'",
    "the totals": "UPDATE totals SET calls = 'many'",
    "no totals": "DELETE FROM totals",
    "the money": "UPDATE spent SET cost = 'much'",
    "a table less": "DROP TABLE calls",
    "the version": "UPDATE meta SET version = 77",
}


@pytest.mark.parametrize("which", REFUSED)
def test_what_cannot_be_made_again_is_refused_by_name(rows: Rows, which: str) -> None:
    execute(rows, REFUSED[which])
    with pytest.raises(FolderError, match=r"journal\.sqlite") as caught:
        rows.run()
    assert not isinstance(caught.value, FolderChanged)
    assert rows.asked == []


@pytest.mark.parametrize("size", [0.5, 0.9, 100])
def test_a_journal_that_is_cut_off_is_refused_or_made_anew(made: Path, rows: Rows, size: float) -> None:
    data = rows.journal.read_bytes()
    rows.journal.write_bytes(data[: int(len(data) * size)] if size < 1 else data[:100])
    with pytest.raises(FolderError, match=r"journal\.sqlite.*damaged"):
        rows.run()


def test_a_trace_names_what_is_damaged(rows: Rows) -> None:
    execute(rows, "UPDATE calls SET body = x'01' WHERE id = 3", OUTCOMES["its body"])
    home = rows.data.parent
    assert trace(home, 1).record["number"] == 0
    with pytest.raises(JournalDamaged, match=r"journal\.sqlite.*an answer of unit .* of task 1"):
        trace(home, 3)
    with pytest.raises(JournalDamaged, match=r"what became of unit 9"):
        trace(home, 30)


def test_a_replay_of_a_damaged_journal_is_refused(rows: Rows, tmp_path: Path) -> None:
    execute(rows, "UPDATE calls SET body = x'01' WHERE id = 3")
    (tmp_path / "other").mkdir()
    other = Rows(tmp_path / "other")
    with pytest.raises(UserError, match="damaged"):
        other.run(replay=rows.out)
    assert other.asked == []


def test_damage_from_python_is_a_user_error(rows: Rows) -> None:
    rows.journal.write_bytes(b"SQLite format 3\x00" + b"\xff" * 4096)
    with pytest.raises(fms_dgt.UserError):
        rows.run()
