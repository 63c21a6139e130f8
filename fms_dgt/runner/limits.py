"""One place for limits: how many calls an endpoint carries at once, and who goes next.

The oldest unit has the right of way. A row that waits for a retry or for its commit holds no slot.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeAlias

from fms_dgt.runner.pace import Rate, Width
from fms_dgt.runner.silence import USUAL_LIMITS, RetryLimits, Silence

Priority: TypeAlias = tuple[int, int]

# More calls than any run makes.
NO_END = 1 << 40


@dataclass(order=True, slots=True)
class _Waiter:
    priority: Priority
    order: int
    future: asyncio.Future[None] = field(compare=False)
    owner: Hashable = field(compare=False)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an output folder may have cost."""

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None


class Budget:
    """What may still be paid for in this folder. Calls in flight are counted before they return."""

    def __init__(self, most: Bounds, calls: int = 0, tokens: int = 0, cost: float = 0.0) -> None:
        self.most = most
        # whether there is any limit at all
        self.limited = most != Bounds()
        self.calls = calls
        self.tokens = tokens
        self.cost = cost
        self.in_flight = 0
        # of the calls that came back; at first what the folder's cost on average. None: nobody knows,
        # for those of the folder may have been paid for before prices were noted
        self._dearest = cost / calls if calls and cost else None
        self._longest = tokens / calls if calls and tokens else None
        self._grants: list[Callable[[], None]] = []

    def watch(self, grant: Callable[[], None]) -> None:
        """`grant` is called whenever there may be room again: endpoints share the budget."""
        self._grants.append(grant)

    def room(self) -> int:
        """How many more calls may be started now, as far as is known."""
        if not self.limited:
            return NO_END
        room = self.room_but_for_money()
        if self.most.cost is not None:
            # what sums up to the budget but for a rounding error is all of it
            left = self.most.cost * (1 - 1e-9) - self.cost
            room = min(room, self._reach(left, self._dearest))
        return max(0, room)

    def room_but_for_money(self) -> int:
        """How many more calls the bounds on calls and tokens allow."""
        room = NO_END
        if self.most.calls is not None:
            room = min(room, self.most.calls - self.calls - self.in_flight)
        if self.most.tokens is not None:
            room = min(room, self._reach(self.most.tokens - self.tokens, self._longest))
        return max(0, room)

    def _reach(self, left: float, each: float | None) -> int:
        """For how many calls it is enough, beside those in flight."""
        if left <= 0:
            return 0
        if each is None:
            # before the first answer nobody knows what one takes
            each = left
        # with nothing in flight a last call may start as long as anything is left
        calls = min(left / each, NO_END) if each > 0 else NO_END
        return int(calls - self.in_flight) or int(self.in_flight == 0)

    @property
    def spent(self) -> bool:
        """Whether nothing is left and nothing that is under way can give anything back."""
        return self.limited and self.in_flight == 0 and self.room() == 0

    def settle(self, calls: int, tokens: int, cost: float) -> None:
        """A call that was in flight came back: what it cost."""
        self.in_flight -= 1
        self.calls += calls
        self.tokens += tokens
        self.cost += cost
        if calls:
            self._dearest = max(self._dearest or 0.0, cost)
            self._longest = max(self._longest or 0.0, tokens)
        for grant in self._grants:
            grant()


class Endpoint:
    """The slots of one endpoint, and how it has been doing."""

    def __init__(
        self,
        capacity: int,
        budget: Budget,
        changed: Callable[[], None],
        limits: RetryLimits = USUAL_LIMITS,
    ) -> None:
        self.width = Width(capacity)
        self.silence = Silence(limits)
        self.active = 0
        # calls that somebody waits for: those that failed so far, and those that did not yet
        self.retrying = 0
        self.untried = 0
        self.refused_in_row = 0
        self.answered_before = False
        self._calls_rate: Rate | None = None
        self._tokens_rate: Rate | None = None
        self._waiting: list[_Waiter] = []
        self._order = itertools.count()
        self._budget = budget
        self._changed = changed
        self._alarm: asyncio.TimerHandle | None = None
        self.last_calls: Callable[[], bool] = lambda: False
        budget.watch(self.grant)

    @property
    def capacity(self) -> int:
        """How many calls it may carry at once, at the most."""
        return self.width.most

    @property
    def free(self) -> int:
        """Slots that nobody holds or waits for."""
        return self.width.now - self.active - len(self._waiting)

    def limit(self, *, calls: float | None, tokens: float | None) -> None:
        """Keep to so many calls and tokens a minute; the lowest that anybody asks for counts."""
        self._calls_rate = _lower(self._calls_rate, calls)
        self._tokens_rate = _lower(self._tokens_rate, tokens)

    @property
    def a_minute(self) -> tuple[float | None, float | None]:
        """The calls and the tokens a minute that it keeps to."""
        calls, tokens = self._calls_rate, self._tokens_rate
        return calls.per_minute if calls else None, tokens.per_minute if tokens else None

    def waits(self, owner: Hashable) -> bool:
        """Whether somebody of this owner waits for a slot."""
        return any(waiter.owner == owner and not waiter.future.done() for waiter in self._waiting)

    @property
    def nothing_else(self) -> bool:
        """Whether all that is left to ask here are calls that are being retried."""
        return self.untried == 0 and self.last_calls()

    async def acquire(self, priority: Priority, owner: Hashable) -> None:
        """Wait for a slot; older units go first."""
        if not self._waiting and self._has_slot() and self._wait() == 0.0:
            self._take()
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, _Waiter(priority, next(self._order), future, owner))
        self.grant()
        self._changed()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.release()
            raise

    def release(self, calls: int = 0, tokens: int = 0, cost: float = 0.0) -> None:
        """Give a slot back, and say what the call cost."""
        self.active -= 1
        if self._tokens_rate is not None:
            self._tokens_rate.take(tokens)
        self._budget.settle(calls, tokens, cost)
        self._changed()

    def grant(self) -> None:
        """Give free slots to those who wait."""
        while self._waiting and self._has_slot():
            # the clock is read once: between two readings it may pass the time to wait for
            wait = self._wait()
            if wait > 0.0:
                self._set_alarm(wait)
                return
            waiter = heapq.heappop(self._waiting)
            if not waiter.future.done():
                self._take()
                waiter.future.set_result(None)

    def turn_away(self, owner: Hashable, error: Exception) -> None:
        """Nobody of this owner waits any more: each gets `error`."""
        gone = [waiter for waiter in self._waiting if waiter.owner == owner]
        self._waiting = [waiter for waiter in self._waiting if waiter.owner != owner]
        heapq.heapify(self._waiting)
        for waiter in gone:
            if not waiter.future.done():
                waiter.future.set_exception(error)

    def answered(self) -> None:
        """A call was answered; it holds its slot still."""
        self.answered_before = True
        self.refused_in_row = 0
        self.silence.answered()
        self.width.answered(self.active)

    def overloaded(self, retry_after: float | None) -> None:
        """A call was refused since there were too many; it holds its slot still."""
        self.width.refused(self.active - 1, retry_after)

    def _has_slot(self) -> bool:
        """Whether one more call may be in flight; if not, one that comes back looks again."""
        if self.active >= self.width.now or self._budget.room() == 0:
            return False
        # after refusals, the next call goes when one of those in flight frees its slot
        return not (self.width.in_burst and self.active > 0)

    def _wait(self) -> float:
        wait = self.width.closed_for
        for rate in (self._calls_rate, self._tokens_rate):
            if rate is not None:
                wait = max(wait, rate.wait)
        return wait

    def _set_alarm(self, wait: float) -> None:
        """Look again when time alone may have opened it."""
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self.grant()
        self._changed()

    def _take(self) -> None:
        self.active += 1
        self._budget.in_flight += 1
        if self._calls_rate is not None:
            self._calls_rate.take(1)


def _lower(rate: Rate | None, per_minute: float | None) -> Rate | None:
    """A rate that keeps to this, too."""
    if per_minute is None:
        return rate
    if rate is None:
        return Rate(per_minute)
    rate.slow_to(per_minute)
    return rate
