"""How fast an endpoint may be asked: adapts to refusals, and keeps to rates per minute.

A server's limit is not known beforehand. The width (calls in flight) starts low, doubles with each
round of answers without a refusal, and gives way once for each burst of refusals. From then on it
climbs back by growing steps, the first of them a probe of one call; each refusal makes it wait longer
before the next.

Some servers refuse whatever the load is, since others keep them busy. What shows it is that a call is
refused which is the only one, and that waiting has been tried: such refusals are no reason to ask less.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

FIRST_WIDTH = 16
# Seconds without a new call after a refusal, where nothing is in flight that could free a slot.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 4.0
# Seconds for each refusal, where they come whatever the load is: so many a second are no harm.
BASE_PAUSE = 0.02
# Seconds after which an endpoint is asked again, by one call, whatever it said: some say a date far off.
LONGEST_WAIT = 60.0
# Rounds of answers before the first probe after a refusal; doubled by each refusal that follows.
PATIENCE = 2
LONGEST_PATIENCE = 256
# Refusals of a call that was alone, before its endpoint is taken for one that refuses at any load.
ALONE_AT_LEAST = 5


class Width:
    """How many calls may be in flight, between 1 and `most`."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.now = min(FIRST_WIDTH, most)
        self._clock = clock
        self._safe: int | None = None
        self._answers = 0
        self._step = 1
        self._patience = PATIENCE
        self._in_burst = False
        self._pause = FIRST_PAUSE
        self._closed_until = 0.0
        self._base = BaseRefusals()

    def widen(self, most: int) -> None:
        """Another backend shares the endpoint, and may carry more."""
        if most > self.most:
            self.most = most
            self.now = max(self.now, min(FIRST_WIDTH, most))

    @property
    def closed_for(self) -> float:
        """Seconds until new calls may start."""
        return max(0.0, self._closed_until - self._clock()) if self._closed_until else 0.0

    @property
    def in_burst(self) -> bool:
        """Whether refusals have come and no answer since: no new call until one comes in."""
        return self._in_burst

    def refused(self, in_flight: int, retry_after: float | None) -> None:
        """A call was refused, and `in_flight` others are under way."""
        if retry_after:
            self._close_for(retry_after)
        elif self._base.known:
            if self._base.refused():
                self._close_for(self.closed_for + max(BASE_PAUSE, FIRST_PAUSE / self.now**2))
                return
        elif in_flight == 0:
            self._base.alone(refused=True)
            self._close_for(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        if not self._in_burst:
            self._in_burst = True
            self._answers = 0
            # a probe that failed goes back to what worked; anything else gives way by half
            probing = self._safe is not None and self.now > self._safe
            self.now = self._safe if probing and self._safe else max(1, self.now // 2)
            self._safe = self.now
            self._step = 1
            self._patience = min(self._patience * 2, LONGEST_PATIENCE)

    def answered(self, in_flight: int) -> None:
        """A call was answered; `in_flight` counts it still."""
        if self._in_burst:
            # what is under way now is what the server took
            self._in_burst = False
            self.now = max(1, min(self.now, in_flight))
            self._safe = self.now
        self._pause = FIRST_PAUSE
        self._answers += 1
        if self._base.known:
            self._base.answered()
        elif in_flight == 1 and self._base.alone(refused=False):
            # waiting is of no use, so neither is patience
            self._patience = PATIENCE
        if self.now < self.most:
            self._climb()

    def _climb(self) -> None:
        if self._safe is None:
            # one more for each answer: twice as many with each round
            self.now += 1
            return
        rounds = self._patience if self._safe == self.now and self._step == 1 else 1
        if self._answers < self.now * rounds:
            return
        self._answers = 0
        self._safe = self.now
        self.now = min(self.most, self.now + self._step)
        self._step *= 2
        self._base.another_width()
        if self.now == self.most:
            self._patience = PATIENCE

    def _close_for(self, seconds: float) -> None:
        self._closed_until = max(self._closed_until, self._clock() + min(seconds, LONGEST_WAIT))


class BaseRefusals:
    """The share of calls that an endpoint refuses whatever its load, once that is known.

    Learnt from calls that were alone. If the endpoint refuses many more than that as soon as it is asked
    more, or sooner, then load or pace was the reason, or too little was known: it takes twice as many
    answers to believe it again.
    """

    def __init__(self) -> None:
        self.known = False
        self._alone_refused = 0
        self._alone_answered = 0
        self._answers_needed = 1
        self._refused = 0
        self._answered = 0

    def alone(self, *, refused: bool) -> bool:
        """What became of a call beside which there was no other; whether the share is known by now."""
        if not (refused or self._alone_refused):
            return False
        self._alone_refused += refused
        # an answer tells something after a refusal
        self._alone_answered += not refused and self._alone_refused > 0
        enough = self._alone_answered >= self._answers_needed
        self.known = enough and self._alone_refused >= ALONE_AT_LEAST
        self.another_width()
        return self.known

    def refused(self) -> bool:
        """A call was refused; whether that is still no more than usual."""
        self._refused += 1
        calls = self._refused + self._answered
        share = (self._alone_refused + 1) / (self._alone_refused + self._alone_answered + 1)
        usual = calls * share
        if self._refused <= usual + 2.5 * math.sqrt(usual * (1.0 - share)) + 1.0:
            return True
        self.known = False
        self._answers_needed = 2 * self._alone_answered
        return False

    def answered(self) -> None:
        """A call was answered."""
        self._answered += 1

    def another_width(self) -> None:
        """What is counted from here on is of another load."""
        self._refused = self._answered = 0


class Rate:
    """So much a minute: of calls, or of tokens. Fills up to one second's worth, or one piece."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._per_second = per_minute / 60.0
        self._most = max(1.0, self._per_second)
        self._level = self._most
        self._clock = clock
        self._then = clock()

    def slow_to(self, per_minute: float) -> None:
        """Keep to this, where it is less than so far."""
        if per_minute < self.per_minute:
            self._fill()
            self.per_minute = per_minute
            self._per_second = per_minute / 60.0
            self._most = max(1.0, self._per_second)
            self._level = min(self._level, self._most)

    def take(self, amount: float) -> None:
        """Use some; the level may fall below zero, and is then waited for."""
        self._fill()
        self._level -= amount

    @property
    def wait(self) -> float:
        """Seconds until something may be taken."""
        self._fill()
        return 0.0 if self._level > 0 else (1e-3 - self._level) / self._per_second

    def _fill(self) -> None:
        now = self._clock()
        self._level = min(self._most, self._level + (now - self._then) * self._per_second)
        self._then = now
