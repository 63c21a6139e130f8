"""What each kind of stage does to rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine import shape


def numbers(count: int) -> list[dict]:
    return [{"number": n} for n in range(count)]


def test_together_unites_the_columns_of_its_stages(tmp_path: Path) -> None:
    [record] = shape(tmp_path, "together", numbers(1)).records
    left, right = record["made"]
    assert left.startswith("grain ")
    assert right.startswith("grain ")
    assert left != right


def test_unfold_makes_a_row_a_column_in_order(tmp_path: Path) -> None:
    records = list(shape(tmp_path, "unfold", numbers(2)).records)
    assert [(r["number"], r["label"], r["made"]) for r in records] == [
        (0, "x", "ex"),
        (0, "y", "why"),
        (1, "x", "ex"),
        (1, "y", "why"),
    ]


def test_for_each_gathers_in_item_order_and_may_leave_items_out(tmp_path: Path) -> None:
    records = list(shape(tmp_path, "each", numbers(6), description="item").records)
    assert [r["others"] for r in records] == [[], [0], [0], [0, 2], [0, 2], [0, 2, 4]]
    assert all(len(r["made"]) == len(r["others"]) for r in records)


def test_for_each_rejects_the_row_with_the_evidence_of_its_first_bad_item(tmp_path: Path) -> None:
    outcome = shape(tmp_path, "each", numbers(4), description="row")
    assert [r["number"] for r in outcome.records] == [0, 1]
    assert [(r["stage"], r["reason"], r["evidence"]) for r in outcome.rejections] == [
        ("each_item", "odd", 1),
        ("each_item", "odd", 1),
    ]


def test_each_row_goes_down_its_own_branch_and_on(tmp_path: Path) -> None:
    outcome = shape(tmp_path, "branch", numbers(6))
    records = list(outcome.records)
    assert [r["number"] for r in records] == [0, 1, 3, 4]
    assert [r["label"] == "fizz" for r in records] == [True, False, True, False]
    assert all(r["made"].startswith("grain") for r in records)
    assert {r["reason"] for r in outcome.rejections} == {"no branch for this kind"}


def test_asks_at_once_are_told_apart_whatever_the_timing(tmp_path: Path) -> None:
    runs = [shape(tmp_path / str(width), "thrice", numbers(5), max_concurrency=width) for width in (1, 3, 50)]
    first, *others = [list(run.records) for run in runs]
    assert all(records == first for records in others)
    answers = [text for record in first for pair in record["made"][:3] for text in pair]
    assert len(set(answers)) == len(answers) == 30


def words(*lists: str) -> list[dict]:
    return [{"number": n, "words": text.split(), "group": n % 2} for n, text in enumerate(lists)]


@pytest.mark.parametrize("concurrency", [1, 64])
def test_duplicates_are_decided_in_unit_order(tmp_path: Path, concurrency: int) -> None:
    items = words("aa bb aa", "bb cc", "x aa dd x", "dd ee")
    outcome = shape(tmp_path, "duplicates", items, max_concurrency=concurrency)
    assert [r["label"] for r in outcome.records] == ["aa", "bb", "cc", "dd", "ee"]
    rejections = [(r["unit"], r["stage"], r["evidence"]) for r in outcome.rejections]
    assert rejections == [
        (0, "dedup", {"score": 1.0, "record": 1}),
        (1, "dedup", {"score": 1.0, "record": 2}),
        (2, "letters", {"score": 1}),
        (2, "dedup", {"score": 1.0, "record": 1}),
        (2, "letters", {"score": 1}),
        (3, "dedup", {"score": 1.0, "record": 4}),
    ]


def test_a_row_that_is_dropped_later_shuts_nobody_out(tmp_path: Path) -> None:
    """The second x is refused by its length, not as a duplicate of the first, which was dropped."""
    outcome = shape(tmp_path, "duplicates", words("x x", "x"))
    assert [r["stage"] for r in outcome.rejections] == ["letters"] * 3


def test_duplicates_within_a_group_do_not_meet_other_groups(tmp_path: Path) -> None:
    outcome = shape(tmp_path, "duplicates", words("aa", "aa", "aa bb", "bb"), description="within")
    assert [(r["number"], r["label"]) for r in outcome.records] == [
        (0, "aa"),
        (1, "aa"),
        (2, "bb"),
        (3, "bb"),
    ]


def test_a_target_cuts_a_unit_and_a_larger_one_goes_on_in_it(tmp_path: Path) -> None:
    items = words("aa bb aa cc", "bb dd")
    few = shape(tmp_path, "duplicates", items, num_outputs_to_generate=1)
    assert [r["label"] for r in few.records] == ["aa"]
    assert list(few.rejections) == []
    more = shape(tmp_path, "duplicates", items, num_outputs_to_generate=3)
    assert [r["label"] for r in more.records] == ["aa", "bb", "cc"]
    assert [r["evidence"] for r in more.rejections] == [{"score": 1.0, "record": 1}]
    everything = shape(tmp_path, "duplicates", items)
    assert [r["label"] for r in everything.records] == ["aa", "bb", "cc", "dd"]
