"""How long an endpoint has answered nothing, and how much longer it is waited for."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

# Seconds that an endpoint may take to answer for the first time in a run.
STARTUP_TIMEOUT = 20.0
# A call in flight may still be answered where it has taken so many times as long as any that failed, and
# so many seconds more.
MUCH_LONGER, LONGER = 2.0, 1.0


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """When to give up: tries a call while others are answered, seconds without any answer.

    `startup_timeout` is that for an endpoint that has not answered in this run: by default 20 seconds, and
    no more than `give_up_after`. `flag` is how a user makes it longer.
    """

    max_attempts: int
    give_up_after: float
    startup_timeout: float | None = None
    flag: str = "--startup-timeout"

    @property
    def first(self) -> float:
        """Seconds that the first answer is waited for."""
        return (
            min(STARTUP_TIMEOUT, self.give_up_after) if self.startup_timeout is None else self.startup_timeout
        )


USUAL_LIMITS = RetryLimits(max_attempts=8, give_up_after=300.0)


class Silence:
    """Of one endpoint in one run: what it answered, what failed since, what is in flight.

    `responds` is set once anything came from it, a refusal or a sign of life. `busy` is whether it was
    there when the last call failed, and too slow or overloaded: a server that loads its model is.
    """

    def __init__(self, limits: RetryLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.answers = 0
        self.responds = False
        self.busy = False
        self.error = ""
        self._clock = clock
        self._since: float | None = None
        self._unready_since = 0.0
        self._longest = 0.0
        self._wanted = 0
        self._in_flight: dict[int, float] = {}
        self._numbers = itertools.count()

    def wanted(self) -> None:
        """Somebody wants an answer, whichever try brings it."""
        self._wanted += 1

    def settled(self) -> None:
        """One who wanted an answer has it, or does without. Where nobody wants one, there is no silence."""
        self._wanted -= 1
        if not self._wanted:
            self._over()

    def began(self) -> int:
        """A call goes out; its number."""
        now, number = self._clock(), next(self._numbers)
        self._in_flight[number] = now
        if self._since is None and not self.answers:
            self._since = self._unready_since = now
        return number

    def ended(self, number: int) -> float:
        """A call came back, whatever came of it; how long it took."""
        return self._clock() - self._in_flight.pop(number)

    def answered(self) -> None:
        """A call was answered."""
        self.answers += 1
        self.responds = True
        self._over()

    def _over(self) -> None:
        self._since, self.error, self.busy, self._longest = None, "", False, 0.0

    def failed(self, error: str, seconds: float, *, busy: bool) -> None:
        """A call failed after so many seconds in a way that another try may mend."""
        now = self._clock()
        self.error, self.busy = error, busy
        self._longest = max(self._longest, seconds)
        if self._since is None:
            self._since = now
        if busy:
            self._unready_since = now

    def refused(self) -> None:
        """It refused a call: it is there, and works on what it is asked."""
        self.responds = True
        self._unready_since = self._clock()

    @property
    def seconds(self) -> float:
        """How long nothing was answered: since the first call, or the first that failed after an answer."""
        return 0.0 if self._since is None else self._clock() - self._since

    @property
    def left(self) -> float:
        """How much longer an answer is waited for; it may be below 0."""
        limits = self.limits
        if self.answers or self.busy:
            longest = limits.give_up_after if self.answers else max(limits.give_up_after, limits.first)
            return longest - self.seconds
        return limits.first - (self._clock() - self._unready_since)

    @property
    def is_over(self) -> bool:
        """Whether a call that fails now need not be tried again, since none is answered."""
        return self._since is not None and self.left <= 0 and not self._hopeful

    @property
    def _hopeful(self) -> bool:
        """Whether a call is in flight that has taken much longer than those that failed."""
        return self.responds and self._waited > MUCH_LONGER * self._longest + LONGER

    @property
    def hangs(self) -> bool:
        """Whether nothing has ever come from it, and a call has waited for that as long as it may."""
        return not self.responds and self._waited >= self.limits.first

    @property
    def _waited(self) -> float:
        """How long the oldest call in flight has taken so far."""
        oldest = next(iter(self._in_flight.values()), None)
        return 0.0 if oldest is None else self._clock() - oldest

    @property
    def is_worrying(self) -> bool:
        """Whether calls fail, or wait, and none is answered."""
        return self._since is not None and bool(self.error or (self._in_flight and not self.responds))
