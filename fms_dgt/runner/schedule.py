"""Who runs when: admits units while a generator has room and a target may need them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fms_dgt.core.events import End, RunStopping, to_go_on
from fms_dgt.core.row import Unit
from fms_dgt.errors import BackendGone, FmsDgtError, StageCrashed, TaskFails
from fms_dgt.journal import Journal
from fms_dgt.plugins import Hooks, must_pass
from fms_dgt.runner.calls import Calls
from fms_dgt.runner.endpoints import Endpoints
from fms_dgt.runner.limits import Budget, Endpoint
from fms_dgt.runner.spending import Spending
from fms_dgt.runner.stop import Abandoned, this_task
from fms_dgt.runner.task_run import TaskRun
from fms_dgt.runner.walk import Surroundings, Walk
from fms_dgt.safety.event_loop import is_cancelled_by_plugin

_logger = logging.getLogger("fms_dgt")

# Units under way for each slot: some wait for retries or for the journal while others are asked.
UNITS_A_SLOT = 4
MOST_RETRYING = 4_096
# So many times what a flow says a unit may ask, until one is through.
AT_WORST = 10
# Seconds that calls in flight may take to come in, once nobody needs them any more.
GRACE = {"interrupted": 5.0, "stopped": 5.0, "reached": 10.0, "stalled": 10.0, "spent": 60.0}
# ... and where those in flight are to endpoints that nothing comes from.
GRACE_WITHOUT_CALLS = 1.0


class Scheduler:
    """Runs the tasks of one command, in turn, until each has ended."""

    def __init__(
        self,
        tasks: Sequence[TaskRun],
        calls: Calls,
        endpoints: Endpoints,
        budget: Budget,
        journal: Journal,
        hooks: Hooks,
        spending: Spending,
    ) -> None:
        self.tasks = tasks
        self._spending = spending
        self.error: FmsDgtError | None = None
        self._calls = calls
        self._endpoints = endpoints
        self._budget = budget
        self._journal = journal
        self._hooks = hooks
        self._wake = asyncio.Event()
        self._starting: Counter[Endpoint | None] = Counter()
        self._units: dict[asyncio.Task[None], TaskRun] = {}
        # what has to be through before a unit begins: they stand in `_units` meanwhile
        self.first: Sequence[tuple[TaskRun, Callable[[], Coroutine[Any, Any, None]]]] = ()
        self._first_under_way: set[asyncio.Task[None]] = set()
        self.interrupted = False
        self.restarted = False
        self._broken = False
        self._idle_since: float | None = None
        endpoints.changed = self._wake.set
        endpoints.last_calls = self._nothing_to_admit
        endpoints.gone = self.fail

    async def run(self) -> None:
        """Until every task has ended and nothing is under way. Errors are kept in `error`."""
        async with asyncio.TaskGroup() as group:
            for task_run, work in self.first:
                under_way = group.create_task(work())
                self._units[under_way] = task_run
                self._first_under_way.add(under_way)
                under_way.add_done_callback(self._done)
            ended = False
            while not ended:
                try:
                    await self._until_ended(group)
                    ended = True
                except asyncio.CancelledError:
                    task = this_task()
                    if self._broken or not is_cancelled_by_plugin(task):
                        # by whoever waits for the run, or by a Ctrl-C from before it listened to that itself
                        self.stop_all("interrupted", self._interrupted())
                        raise
                    while task.cancelling():
                        task.uncancel()

    async def _until_ended(self, group: asyncio.TaskGroup) -> None:
        while True:
            try:
                self._admit(group)
                self._judge_ends()
            except FmsDgtError as error:
                self.fail(error)
            if not self._units and all(task.stop for task in self.tasks):
                return
            if any(task.catching_up and not task.stop for task in self.tasks):
                await asyncio.sleep(0)
                continue
            self._wake.clear()
            await self._wait()

    def interrupt(self) -> None:
        """Ctrl-C: stop admission and let calls in flight come in; a second one leaves at once."""
        if self.interrupted:
            self._cancel()
            return
        self.interrupted = True
        self._hooks.run_stopping(RunStopping("interrupted", GRACE["interrupted"]))
        self.stop_all("interrupted", self._interrupted())

    def stop_all(self, end: End, why: str) -> None:
        """Stop every task that has not ended."""
        for task in self.tasks:
            self._stop(task, end, why)

    def fail(self, error: FmsDgtError) -> None:
        """What would fail every call or row: it stops the tasks that it concerns, which may be all.

        The first such error is the run's.
        """
        self.error = self.error or error
        if isinstance(error, BackendGone):
            self._endpoints.unwatch(error.endpoint)
        concerned = [task for task in self.tasks if not task.stop and _concerns(error, task)]
        for task in concerned:
            self._stop(task, "stopped", str(error))
        if concerned and not all(task.stop for task in self.tasks):
            _logger.warning("%s; other tasks go on", error)

    def _stop(self, task: TaskRun, end: End, why: str) -> None:
        if task.stop.set(end, why):
            self._let_go(task)

    def _let_go(self, task: TaskRun) -> None:
        for endpoint in self._endpoints.all():
            endpoint.turn_away(task.stop, Abandoned())
        self._wake.set()

    async def _wait(self) -> None:
        """Until something changed, or the grace for calls that nobody needs is over."""
        if not all(task.stop for task in self.tasks):
            await self._wake.wait()
            return
        self._idle_since = self._idle_since or time.monotonic()
        grace = max(GRACE.get(task.stop.end or "", 10.0) for task in self.tasks)
        asked = [endpoint.silence.responds for endpoint in self._endpoints.all() if endpoint.active]
        if asked and not any(asked):
            grace = min(grace, GRACE_WITHOUT_CALLS)
        try:
            async with asyncio.timeout(max(0.01, self._idle_since + grace - time.monotonic())):
                await self._wake.wait()
        except TimeoutError:
            self._cancel()

    def _cancel(self) -> None:
        for unit in list(self._units):
            unit.cancel()

    # --- admission ---------------------------------------------------------------------------

    def _admit(self, group: asyncio.TaskGroup) -> None:
        waiting = [] if self._first_under_way else list(self.tasks)
        while waiting:
            # in turn: the task that has started fewest units is next
            task = min(waiting, key=lambda t: t.admitted)
            unit = task.peek() if self._room(task) and task.wants() else None
            if unit is None or not self._affordable(task, unit):
                waiting.remove(task)
                continue
            self._start(task, task.take(), group)

    def _room(self, task: TaskRun) -> bool:
        if task.may_be_broken:
            return False
        backends = task.bound.backends
        if not backends:
            return len(task.under_way) < UNITS_A_SLOT
        endpoints = {self._endpoints.of(backend) for backend in backends}
        slots = sum(endpoint.capacity for endpoint in endpoints)
        # units that only wait to be tried again hold nobody up, within reason
        retrying = sum(endpoint.retrying for endpoint in endpoints if endpoint.silence.answers)
        waiting = min(retrying, MOST_RETRYING)
        first = self._endpoints.of(backends[0])
        room = len(task.under_way) - waiting < UNITS_A_SLOT * slots
        return room and first.free - self._starting[first] > 0

    def _affordable(self, task: TaskRun, unit: Unit) -> bool:
        """Whether the budget may reach for this unit beside those under way."""
        if not self._budget.limited:
            return True
        if self._budget.room() == 0:
            return bool(self._journal.answers(task.entry.id, unit.key))
        if not self._units:
            return True
        open_calls = sum(
            max(0.0, other.cost.a_unit - asks) for other in self.tasks for asks in other.under_way.values()
        )
        expected = open_calls + task.cost.a_unit
        if task.under_way and not task.cost.known:
            expected *= AT_WORST
        return self._budget.room_but_for_money() >= expected and self._money_reaches(task)

    def _money_reaches(self, task: TaskRun) -> bool:
        """Whether the money is enough for one more unit beside what those under way still ask.

        Calls of different models cost differently, so this goes by what whole units cost. Until the first
        is finished nobody knows, and the task has one under way.
        """
        if self._budget.most.cost is None:
            return True
        each = task.cost.money_a_unit
        if each is None:
            return not task.under_way
        under_way = sum(self._money_under_way(other) for other in self.tasks)
        return self._budget.most.cost - self._budget.cost >= under_way + each

    def _money_under_way(self, task: TaskRun) -> float:
        """What a task's units under way are still expected to cost."""
        each = task.cost.money_a_unit or 0.0
        return max(0.0, len(task.under_way) * each - self._spending.under_way.get(task.entry.id, 0.0))

    def _start(self, task: TaskRun, unit: Unit, group: asyncio.TaskGroup) -> None:
        backends = task.bound.backends
        first = self._endpoints.of(backends[0]) if backends else None
        self._starting[first] += 1
        waiting_for_first = [first]

        def asking() -> None:
            if unit.number in task.under_way:
                task.under_way[unit.number] += 1
            if waiting_for_first:
                self._starting[waiting_for_first.pop()] -= 1

        around = Surroundings(
            task.bound,
            task.entry.id,
            self._calls,
            task.stop,
            task.memories,
            task.moved,
            task.crashed,
            self.fail,
            asking,
            task.counts.leave_out,
        )
        answers = self._journal.answers(task.entry.id, unit.key)
        walk = Walk(around, unit, answers, (task.admitted, self.tasks.index(task)))
        unit_task = group.create_task(self._through(task, walk, waiting_for_first))
        self._units[unit_task] = task
        unit_task.add_done_callback(self._done)

    async def _through(self, task: TaskRun, walk: Walk, waiting: list[Endpoint | None]) -> None:
        outcome = None
        try:
            outcome = await walk.run()
        except GeneratorExit as error:
            if must_pass(error):
                raise
            # a future of some stage's has it for its result; Python throws that into every frame of a task
            outcome = walk.outcome()
        finally:
            if waiting:
                self._starting[waiting.pop()] -= 1
            asks = task.under_way.get(walk.unit.number, 0)
            money = self._spending.unit_ended(task.entry.id, walk.unit.key)
            before = bool(task.stop)
            try:
                if outcome is None and not task.stop:
                    # would leave a gap that nobody fills
                    self.fail(
                        StageCrashed(f"unit {walk.unit.key} of {task.bound.name} ended without an outcome")
                    )
                task.finish(walk.unit.number, outcome, asks, money)
            except FmsDgtError as error:
                self.fail(error)
            if task.stop and not before:
                self._let_go(task)

    def _done(self, unit: asyncio.Task[None]) -> None:
        self._units.pop(unit, None)
        self._first_under_way.discard(unit)
        # the group then cancels whoever waits for it
        self._broken = self._broken or (not unit.cancelled() and unit.exception() is not None)
        self._wake.set()

    def _nothing_to_admit(self) -> bool:
        """Whether no task can begin another unit before one that is under way ends."""
        return not any(task.in_reach() and not task.may_be_broken for task in self.tasks)

    # --- ends --------------------------------------------------------------------------------

    def _judge_ends(self) -> None:
        for task in self.tasks:
            task.check_exhausted()
        if self._budget.spent:
            for task in self.tasks:
                if not task.stop and self._needs_more(task):
                    self._stop(task, "spent", self._why_spent())

    def _needs_more(self, task: TaskRun) -> bool:
        """Whether a task cannot go on without a call: its rows wait, or its next unit has no answers."""
        if task.under_way or self._first_under_way:
            return any(endpoint.waits(task.stop) for endpoint in self._endpoints.all())
        unit = task.peek() if task.wants() else None
        return unit is not None and not self._affordable(task, unit)

    def _interrupted(self) -> str:
        return f"interrupted; {to_go_on(restarted=self.restarted)}"

    def _to_go_on(self, action: str) -> str:
        return to_go_on(action, restarted=self.restarted)

    def _why_spent(self) -> str:
        budget = self._budget
        most = budget.most
        if most.calls is not None and budget.calls >= most.calls:
            return f"the budget of {most.calls:,} calls is spent; {self._to_go_on('raise --max-calls')}"
        if most.tokens is not None and budget.tokens >= most.tokens:
            return f"the budget of {most.tokens:,} tokens is spent; {self._to_go_on('raise --max-tokens')}"
        return (
            f"the budget of {most.cost:,g} is spent: {budget.cost:,.6g}; {self._to_go_on('raise --max-cost')}"
        )


def _concerns(error: FmsDgtError, task: TaskRun) -> bool:
    """Whether a task cannot go on after an error: most are the whole run's."""
    if isinstance(error, BackendGone) and error.endpoint:
        return any(backend.endpoint == error.endpoint for backend in task.bound.backends)
    return not isinstance(error, TaskFails) or error.task == task.bound.name
