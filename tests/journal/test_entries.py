"""Bodies of the journal: packed, checked and read again as older journals have them."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from fms_dgt.journal.entries import (
    COMPRESS_FROM,
    Damaged,
    Tally,
    TooLarge,
    checked_text,
    columns,
    completion_of,
    pack,
    task_digest,
    to_text,
    unit_number,
    unpack,
)

SHORT, LONG = {"a": "ä"}, {"a": "long " * COMPRESS_FROM}


@pytest.mark.parametrize(
    "value", [SHORT, LONG, [], None, "\ud800"], ids=["short", "long", "[]", "null", "alone"]
)
def test_a_packed_value_is_read_again(value: Any) -> None:
    beside = columns(1, "u", b"\x00")
    assert unpack(pack(to_text(value), beside), beside) == value


def test_a_body_next_to_other_columns_is_damaged() -> None:
    packed = pack(to_text(SHORT), columns(1, "u"))
    with pytest.raises(Damaged, match="checksum"):
        unpack(packed, columns(2, "u"))
    assert unpack(packed) == SHORT


def test_long_bodies_are_compressed() -> None:
    text = to_text(LONG)
    assert len(pack(text)) < len(text) / 10
    assert len(pack(to_text(SHORT))) == len(to_text(SHORT).encode()) + 9


@pytest.mark.parametrize(
    "old", [b"r" + json.dumps(SHORT).encode(), b"z" + zlib.compress(json.dumps(SHORT).encode())]
)
def test_bodies_without_a_checksum_are_read_in_old_journals_alone(old: bytes) -> None:
    assert unpack(old, columns(1)) == SHORT
    with pytest.raises(Damaged, match="unknown form"):
        unpack(old, columns(1), old=False)


def test_bytes_that_journals_hold() -> None:
    assert pack('{"a":1}', columns(1, "u")).hex() == "01da982dfb88d228017b2261223a317d"
    assert task_digest((1, "t", 1, "{}", "{}")).hex() == "8a595a4f52602f57"
    assert columns(1, "ä", b"\x00") == b"(1, '\\xe4', b'\\x00')"


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x03abc", "text", None, b"r{", b"zxx", b"r" + b"[" * 100_000]
)
def test_what_is_not_a_body_is_damaged(data: Any) -> None:
    with pytest.raises(Damaged):
        unpack(data)


def test_a_body_that_grows_without_end_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fms_dgt.journal.entries.LARGEST_BODY", 1_000)
    with pytest.raises(Damaged):
        unpack(b"z" + zlib.compress(b'"' + b"a" * 2_000 + b'"'))
    with pytest.raises(TooLarge):
        checked_text("ä" * 600)
    assert checked_text("a" * 900)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"completion": "text"},
        {"completion": {"text": None}},
        {"completion": {"text": "x", "finish": 1}},
        {"completion": {"text": "x", "unknown": 1}},
        {"completion": {"text": "x", "extra": []}},
    ],
)
def test_a_body_without_an_answer_is_damaged(body: Any) -> None:
    with pytest.raises(Damaged, match="holds no answer"):
        completion_of(body)


def test_the_fields_of_an_answer() -> None:
    fields = {"text": "x", "finish": "stop", "input_tokens": 3, "extra": {"a": 1}}
    assert completion_of({"completion": fields, "request": {}}) == fields


def test_draws_are_indexed_in_order_and_other_keys_by_a_hash() -> None:
    assert [unit_number(str(n)) for n in (0, 7, 10**18 - 1)] == [0, 7, 10**18 - 1]
    assert unit_number("a1b2c3") == 5685994026356792391
    assert unit_number(str(10**19)) != 10**19
    assert all(0 <= unit_number(key) < 2**63 for key in ("x", "", "\ud800", "9" * 40, "²"))


def test_every_field_of_a_row_of_tasks_is_in_its_checksum() -> None:
    row = (1, "t", 1, "{}", "{}")
    others = [
        (2, *row[1:]),
        (1, "u", *row[2:]),
        (1, "t", 2, *row[3:]),
        (*row[:3], "x", "{}"),
        (*row[:4], "x"),
    ]
    assert len({task_digest(other) for other in [row, *others]}) == 6


def test_tallies_add_up() -> None:
    tally = Tally(1, 2, 3, 0.5, 1.5).plus(Tally(1, 20, 30, 0.25, 0.5))
    assert tally == Tally(2, 22, 33, 0.75, 2.0)
