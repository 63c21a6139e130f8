"""Rows: their keys name answers in the journal, their paths order the dataset."""

from __future__ import annotations

import pytest

from fms_dgt.core.row import Row


def test_the_key_is_the_unit_and_the_way_through_the_lists() -> None:
    row = Row("17", {"a": 1})
    assert row.key == "17"
    assert row.child(0).child(2).key == "17/0.2"


def test_columns_are_added_and_replaced_in_a_new_row() -> None:
    row = Row("u", {"a": 1})
    changed = row.with_(a=2, b=3)
    assert dict(row) == {"a": 1}
    assert dict(changed) == {"a": 2, "b": 3}
    assert changed.key == row.key


def test_a_dict_of_a_row_is_a_copy() -> None:
    row = Row("u", {"a": 1})
    row.as_dict()["a"] = 2
    assert row["a"] == 1


def test_a_child_inherits_what_it_is_not_given() -> None:
    assert dict(Row("u", {"a": 1, "b": 1}).child(4, b=2)) == {"a": 1, "b": 2}


def test_children_share_the_path_at_which_an_inherited_column_was_made() -> None:
    parent = Row("u", {"topic": "tides"}).child(1, question="Why?")
    children = [parent.child(n, answer=f"answer {n}") for n in range(2)]
    assert [child.made_at("topic") for child in children] == [(), ()]
    assert [child.made_at("question") for child in children] == [(1,), (1,)]
    assert [child.made_at("answer") for child in children] == [(1, 0), (1, 1)]
    assert children[1].made_at("topic", "question") == (1,)
    assert children[1].made_at() == ()
    assert children[1].with_(topic="winds").made_at("topic") == (1, 1)


def test_what_a_row_has_beyond_another_one() -> None:
    row = Row("u", {"a": [1], "b": 2})
    assert row.with_(b=3, c=4).beyond(row) == {"b": 3, "c": 4}
    assert row.child(0).beyond(row) == {}


def test_a_row_is_not_changed_in_place() -> None:
    with pytest.raises(TypeError):
        Row("u", {})["a"] = 1  # type: ignore[index]
