"""How long a silent endpoint is waited for, by a clock that is set by hand."""

from __future__ import annotations

import pytest
from fms_dgt.runner.silence import RetryLimits, Silence


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def silence(startup: float | None = None, give_up_after: float = 300.0) -> tuple[Silence, Clock]:
    clock = Clock()
    return Silence(RetryLimits(8, give_up_after, startup), clock), clock


def fail(silent: Silence, clock: Clock, seconds: float = 0.0, *, busy: bool = False) -> None:
    """A call that goes out now and fails after so long."""
    number = silent.began()
    clock.now += seconds
    silent.failed("no", silent.ended(number), busy=busy)


@pytest.mark.parametrize(
    ("startup", "give_up_after", "first"), [(None, 300, 20), (None, 5, 5), (600, 300, 600), (0.5, 300, 0.5)]
)
def test_the_first_answer_is_waited_for_as_long_as_is_said(
    startup: float | None, give_up_after: float, first: float
) -> None:
    silent, clock = silence(startup, give_up_after)
    fail(silent, clock)
    clock.now += first - 0.1
    assert not silent.is_over
    clock.now += 0.2
    assert silent.is_over


def test_who_has_answered_is_waited_for_longer_and_from_the_first_failure_on() -> None:
    silent, clock = silence()
    number = silent.began()
    silent.answered()
    silent.ended(number)
    clock.now += 10_000
    assert not silent.is_over
    assert not silent.is_worrying
    fail(silent, clock)
    clock.now += 299
    assert not silent.is_over
    assert silent.is_worrying
    clock.now += 2
    assert silent.is_over


def test_who_is_there_and_too_busy_is_waited_for_longer() -> None:
    silent, clock = silence()
    fail(silent, clock, busy=True)
    clock.now += 100
    fail(silent, clock, busy=True)
    assert silent.left == pytest.approx(200)
    # from then on it is one that does not answer at all: twenty seconds
    fail(silent, clock)
    assert silent.left == pytest.approx(20)
    clock.now += 21
    assert silent.is_over


def test_a_call_in_flight_that_takes_longer_than_those_that_failed_may_still_be_answered() -> None:
    silent, clock = silence()
    silent.responds = True
    slow = silent.began()
    fail(silent, clock, 0.5)
    clock.now += 30
    assert silent.left < 0
    assert not silent.is_over
    silent.ended(slow)
    assert silent.is_over


def test_calls_that_wait_where_nothing_comes_from_give_no_hope() -> None:
    silent, clock = silence()
    silent.began()
    assert not silent.hangs
    clock.now += 21
    assert silent.hangs
    fail(silent, clock)
    assert silent.is_over
    silent.responds = True
    assert not silent.hangs


def test_where_nobody_wants_an_answer_there_is_no_silence() -> None:
    silent, clock = silence()
    for _ in range(2):
        silent.wanted()
    silent.responds = True
    number = silent.began()
    silent.answered()
    silent.ended(number)
    silent.settled()
    fail(silent, clock)
    clock.now += 100
    assert silent.is_worrying
    silent.settled()
    assert not silent.is_worrying
    # the next failure, much later, is the first of a new silence
    clock.now += 1_000
    silent.wanted()
    fail(silent, clock)
    assert silent.left == 300
    assert not silent.is_over


def test_a_refusal_is_a_sign_of_life() -> None:
    silent, clock = silence()
    fail(silent, clock)
    clock.now += 15
    silent.refused()
    clock.now += 15
    assert silent.responds
    assert silent.left == pytest.approx(5)
