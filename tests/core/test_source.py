"""Sources: which units there are, and the keys by which their answers are found again."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fms_dgt.core.source import Accepted, EachOf, Endless, file_digest
from fms_dgt.errors import InputError


def draw(index: int, random: Random, accepted: Accepted) -> Mapping[str, Any]:
    return {"index": index, "number": random.random(), "accepted": len(accepted)}


def test_an_item_keeps_its_key_when_others_come_before_it() -> None:
    few = {unit.values["n"]: unit.key for unit in EachOf(["x", "y"], into="n").units(0)}
    more = {unit.values["n"]: unit.key for unit in EachOf(["new", "y", "x"], into="n").units(0)}
    assert few == {name: more[name] for name in few}


def test_equal_items_are_numbered() -> None:
    keys = [unit.key for unit in EachOf([{"a": 1}, {"a": 1}, {"a": 2}, {"a": 1}]).units(0)]
    assert [key.partition(".")[2] for key in keys] == ["", "1", "", "2"]
    assert len({key.partition(".")[0] for key in keys}) == 2


def test_keys_that_journals_depend_on() -> None:
    items = [{"a": 1}, "x"]
    assert [unit.key for unit in EachOf(items, into="item").units(0)] == [
        "2c6b113b8dd15ffbded9",
        "ee8b79dab5015bd04784",
    ]
    assert [unit.key for unit in itertools.islice(Endless(draw).units(5), 2)] == ["0", "1"]


@pytest.mark.parametrize("start", [0, 1, 3, 4])
def test_units_from_a_number_on_are_those_of_the_whole(start: int) -> None:
    source = EachOf(["x", "y", "x", "x"], into="n")
    assert list(source.units(0, start)) == list(source.units(0))[start:]


def test_an_iterator_can_be_walked_twice() -> None:
    source = EachOf(iter([{"a": 1}]))
    assert list(source.units(0)) == list(source.units(0)) != []
    assert source.size() == 1


def test_a_file_gives_what_its_items_give(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"a": 2}\n', encoding="utf-8")
    assert list(EachOf(path).units(0)) == list(EachOf([{"a": 1}, {"a": 2}]).units(0))
    assert EachOf(path).size() is None


def test_the_fingerprint_of_a_file_is_its_content(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text("{}\n", encoding="utf-8")
    second.write_text("{}\n", encoding="utf-8")
    assert file_digest(first) == EachOf(second).fingerprint()
    second.write_text("{ }\n", encoding="utf-8")
    assert file_digest(first) != EachOf(second).fingerprint()


def test_an_item_that_is_not_a_mapping_needs_a_column() -> None:
    with pytest.raises(InputError, match="item 1: .*not a mapping"):
        list(EachOf([{"a": 1}, "x"]).units(0))


def test_a_draw_depends_on_seed_and_index_alone() -> None:
    source = Endless(draw)
    all_units = list(itertools.islice(source.units(7), 5))
    assert next(source.units(7, 3)) == all_units[3]
    assert source.unit(3, 7, ()) == all_units[3]
    assert source.unit(3, 8, ()).values["number"] != all_units[3].values["number"]
    assert len({unit.values["number"] for unit in all_units}) == 5


def test_a_lag_is_part_of_the_fingerprint() -> None:
    assert Endless(draw, lag=4).fingerprint() != Endless(draw).fingerprint()
    assert Endless(draw, lag=0).lag is None
    with pytest.raises(ValueError, match="lag"):
        Endless(draw, lag=-1)
