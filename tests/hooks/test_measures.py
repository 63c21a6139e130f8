from __future__ import annotations

import pytest

from fms_dgt.hooks.measures import ALL_UP_TO, EVERY, MAX_COLUMNS, MAX_SCORES, Columns, Scores, Words


def columns(*records: dict[str, object]) -> Columns:
    result = Columns()
    for record in records:
        result.add(record)
    return result


def test_scores_have_a_mean_and_counts_by_value():
    found = columns({"pair_score": 2}, {"pair_score": 3.0}, {"pair_score": 3}).scores["pair_score"]
    assert round(found.mean, 2) == 2.67
    assert found.spread() == "2: 1, 3: 2"


def test_many_values_become_a_range():
    scores = Scores()
    for number in range(MAX_SCORES + 1):
        scores.add(number / 10)
    assert scores.spread() == "0 to 1"
    assert scores.counts is None


@pytest.mark.parametrize("value", [True, None, "3", float("nan"), float("inf"), 10**400, [1]])
def test_what_is_no_score_is_passed_over(value):
    assert columns({"odd_score": value}).scores == {}


def test_only_columns_named_score_are_scores():
    assert columns({"depth": 3}).scores == {}


def test_texts_have_a_median_and_a_ninth_decile():
    words = columns(*({"response": "word " * number} for number in range(1, 11))).texts()["response"]
    assert (words.quantile(0.5), words.quantile(0.9)) == (5, 9)


@pytest.mark.parametrize(
    ("length", "counted"), [(0, 0), (99, 99), (104, 100), (1_299, 1_200), (150_000, 150_000)]
)
def test_long_texts_are_counted_to_two_digits(length, counted):
    words = Words()
    words.add("ab " * length)
    assert words.quantile(0.5) == counted


def test_columns_that_are_the_same_everywhere_are_left_out():
    found = columns(
        {"domain": "law", "instruction": "one", "context": ""},
        {"domain": "law", "instruction": "two", "context": ""},
    )
    assert list(found.texts()) == ["instruction"]


def test_reasons_and_the_tasks_own_columns_are_left_out():
    found = columns(
        {"task_name": "t", "pair_reason": "good", "pair_explanation": "good", "instruction": "one"}
    )
    assert list(found.texts()) == ["instruction"]


def test_memory_is_bounded_in_columns_and_records():
    found = columns({f"text{n}": "a" for n in range(2 * MAX_COLUMNS)})
    assert len(found.words) == MAX_COLUMNS
    many = columns(*({"response": "a b"} for _ in range(ALL_UP_TO + 10 * EVERY)))
    assert many.records == ALL_UP_TO + 10 * EVERY
    assert many.words["response"].counts == {2: ALL_UP_TO + 10}
