"""The journal by itself: what is written is kept, errors reach everybody who waits."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from fms_dgt.errors import FolderError
from fms_dgt.journal import Call, FolderLock, Journal, JournalReader, Payer, Tally
from fms_dgt.journal.entries import pack, unpack


def call(task: int, unit: str, n: int) -> Call:
    body = {"completion": {"text": f"answer {n}"}}
    return Call(
        unit, n.to_bytes(16, "big"), f"{unit}/{n}", body, Payer(task, "stage", "", ""), Tally(1, 3, 2)
    )


async def test_answers_are_read_back_by_unit(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    task = journal.task("t").id
    await asyncio.gather(*(journal.put_call(call(task, f"u{n % 3}", n)) for n in range(30)))
    await journal.close()
    again = Journal(tmp_path)
    found = again.answers(task, "u1")
    assert sorted(int.from_bytes(digest, "big") for digest in found) == list(range(1, 30, 3))
    assert found[(4).to_bytes(16, "big")] == {"text": "answer 4"}
    assert again.answers(task, "never seen") == {}
    assert (again.totals.calls, again.totals.tokens) == (30, 150)
    await again.close()


async def test_a_cancelled_waiter_loses_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    task = journal.task("t").id

    async def put() -> None:
        await asyncio.shield(journal.put_call(call(task, "u", 1)))

    waiting = asyncio.ensure_future(put())
    await asyncio.sleep(0)
    waiting.cancel()
    await journal.close()
    again = Journal(tmp_path)
    assert len(again.answers(task, "u")) == 1
    await again.close()


async def test_an_error_fails_everybody_who_waits_and_everything_later(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    task = journal.task("t").id
    with sqlite3.connect(tmp_path / "journal.sqlite") as other:
        other.execute("ALTER TABLE calls RENAME TO lost")
    other.close()
    results = await asyncio.gather(
        *(journal.put_call(call(task, "u", n)) for n in range(5)), return_exceptions=True
    )
    assert all(isinstance(result, FolderError) for result in results)
    with pytest.raises(FolderError):
        journal.put_call(call(task, "u", 9))
    await journal.close()


async def test_a_restart_is_a_new_edition_that_knows_no_answers(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    first = journal.task("t")
    await journal.put_call(call(first.id, "u", 1))
    second = journal.restart("t")
    assert (first.edition, second.edition) == (1, 2)
    assert journal.answers(second.id, "u") == {}
    assert journal.task("t").id == second.id
    assert journal.count_calls(first.id) == 1
    await journal.close()


async def test_outcomes_keep_their_numbers_and_gaps(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    task, other = journal.task("t").id, journal.task("u").id
    journal.put_outcome(task, 0, "k0", "[1]", failed=False)
    journal.put_outcome(task, 2, "k2", "[2]", failed=True)
    journal.put_outcome(other, 7, "k7", "[7]", failed=False)
    journal.put_decision(task, 0, "[false,[]]")
    await journal.close()
    again = Journal(tmp_path)
    assert again.outcome_numbers(task) == range(3)
    assert again.outcome(task, 1) is None
    assert again.outcome(task, 0).decided == [False, []]
    assert again.outcome(task, 2).body == [2]
    assert again.forget_failures(task) == 1
    assert again.outcome(task, 2) is None
    again.forget_outcomes(task)
    assert again.outcome_numbers(task) == range(0)
    assert again.outcome_numbers(other) == range(8)
    await again.close()


def test_a_journal_whose_making_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "journal.sqlite").close()
    (tmp_path / "journal.sqlite").touch()

    async def use() -> None:
        journal = Journal(tmp_path)
        assert journal.task("t").edition == 1
        await journal.close()

    asyncio.run(use())


def test_reading_needs_a_journal(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="holds no journal; name the output folder of a run"):
        JournalReader(tmp_path)


@pytest.mark.parametrize("text", ["", "é" * 2000, "\ud800 lone surrogate", '{"a": [1, null]}' * 100])
def test_bodies_survive_packing(text: str) -> None:
    import json

    assert unpack(pack(json.dumps({"text": text}, ensure_ascii=False))) == {"text": text}


def test_a_folder_has_one_holder_at_a_time(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        with pytest.raises(FolderError, match="is in use by process .* on .*, since"):
            with FolderLock(tmp_path):
                pass
    with FolderLock(tmp_path):
        pass
