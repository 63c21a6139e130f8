"""Shares right and their intervals, from log-likelihoods and replies."""

from __future__ import annotations

import math

import pytest
from questions import Question
from scoring import (
    Interval,
    best,
    bootstrap,
    bootstrap_difference,
    chance,
    contains_answer,
    probability,
)

QUESTION = Question(
    id="q",
    document="d",
    text="How many?",
    options=("41", "63", "9"),
    answer=0,
    evidence="",
    accepted=("41", "forty-one"),
)


def test_the_likeliest_option_as_a_whole_and_by_token():
    assert best([-4.0, -6.0]) == 0
    assert best([-4.0, -6.0], [1, 3]) == 1


def test_the_right_option_has_its_share_of_the_probability_by_token():
    assert probability([-4.0, -4.0], [2, 2], 0) == 0.5
    assert probability([-4.0, -12.0, -6.0], [1, 3, 1], 1) == pytest.approx(1 / (2 + math.exp(-2)))
    assert probability([-9000.0, -1.0], [1, 1], 0) == 0.0


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("41", True),
        ("Forty-one people drowned.", True),
        ("It was 41, not 63.", False),
        ("1941", False),
        ("411", False),
        ("63", False),
        ("", False),
    ],
)
def test_a_reply_is_right_with_an_accepted_answer_and_no_wrong_one(reply, right):
    assert contains_answer(reply, QUESTION) is right


def test_chance_is_the_mean_of_what_guessing_gives():
    other = Question(id="r", document="d", text="?", options=("a", "b"), answer=0, evidence="")
    assert chance([QUESTION, other]) == pytest.approx((1 / 3 + 1 / 2) / 2)


def test_an_interval_lies_around_its_mean_and_narrows_with_more_questions():
    few, many = bootstrap([[1, 0] * 10]), bootstrap([[1, 0] * 200])
    assert few.low < few.mean == 0.5 < few.high
    assert many.high - many.low < few.high - few.low
    assert bootstrap([[1, 0] * 10]) == few


def test_all_right_is_certain():
    assert bootstrap([[1] * 20, [1] * 20]) == Interval(1.0, 1.0, 1.0)


def test_a_difference_is_taken_question_by_question():
    ours, theirs = [[1, 1, 0, 0] * 10], [[1, 0, 0, 0] * 10, [1, 0, 0, 0] * 10]
    found = bootstrap_difference(ours, theirs)
    assert found.mean == 0.25
    assert found.low > 0
    assert bootstrap_difference(theirs, theirs) == Interval(0.0, 0.0, 0.0)


def test_the_interval_of_a_difference_holds_how_the_seeds_of_both_differ():
    one, two = [[1] * 20, [0] * 20], [[1] * 20, [1] * 20]
    assert bootstrap_difference(two, one).low == 0.0
    assert bootstrap_difference(two, one).high == 1.0


def test_percent_reads_well():
    assert Interval(0.255, 0.2, 0.31).percent() == "25.5 (20.0 to 31.0)"
    assert Interval(0.05, -0.01, 0.1).percent(signed=True) == "+5.0 (-1.0 to +10.0)"
