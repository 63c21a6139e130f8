"""What is counted of a whole run: its tasks, its calls, and what they say of the time left. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fms_dgt.core.events import CallFinished, CallRetried, EndpointSilent, RunStopping, UnitFinished
from fms_dgt.hooks.task_count import TaskCount
from fms_dgt.hooks.wording import duration, error_line, total_target, what_is_waited_for

FEW_SECONDS = 10.0
MANY_SECONDS = 60.0
# So long without an answer is silence, which no time left can be told from.
SILENT = 30.0
# A slow backend is not silent for twice the time between its answers.
SLOW = 2.0


class Meter:
    """A number that grows, looked at now and then: how fast it grew lately."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def sample(self, now: float, value: int) -> None:
        """Note the number as it is; what is older than it takes is forgotten."""
        samples = self._samples
        samples.append((now, value))
        while len(samples) > 2 and samples[1][0] < now - MANY_SECONDS:
            samples.popleft()

    def per_second(self, span: float) -> float:
        """The growth over the last `span` seconds, as far as there are samples."""
        samples = list(self._samples)
        if not samples:
            return 0.0
        now, value = samples[-1]
        then, before = next((s for s in samples if s[0] >= now - span), samples[-1])
        if then == now and len(samples) > 1:
            then, before = samples[-2]
        return (value - before) / (now - then) if now > then else 0.0


@dataclass(frozen=True, slots=True)
class Left:
    """The time that is left; `at_least` where some task does not tell yet."""

    seconds: float
    at_least: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """All tasks of a run together. `share` is how much of what is wanted is done, from 0 to 1."""

    tasks: int
    done: int
    drawn: int
    kept: int
    target: int | None
    rejected: int
    share: float
    records_per_second: float


class RunCount:
    """All tasks of a run, and its calls. `notes` are those that were told when it began.

    `answered` is when the last answer came; `unanswered` is whether there was nothing but errors since.
    """

    def __init__(self, tasks: Iterable[str], now: float, notes: Sequence[str] = ()) -> None:
        self.notes = notes
        self.tasks = {name: TaskCount(name) for name in tasks}
        self.started = now
        self.calls = self.replayed = self.failed = self.retries = 0
        self.input_tokens = self.output_tokens = 0
        self.last_error = ("", -1e9)
        self.answered = now
        self.unanswered = False
        self.stopping: tuple[RunStopping, float] | None = None
        # errors in plugins' own code, in words
        self.code_errors: Sequence[str] = ()
        self._silent: dict[str, tuple[EndpointSilent, float]] = {}
        self._meter = Meter()
        self.sample(now)

    def task(self, name: str) -> TaskCount:
        """The count of a task; one that was not announced comes last."""
        found = self.tasks.get(name)
        if found is None:
            found = self.tasks[name] = TaskCount(name)
        return found

    def total(self, now: float) -> Total:
        """All tasks together."""
        # the display draws in a thread of its own
        tasks = list(self.tasks.values())
        shares = [done / whole if whole else 1.0 for done, whole in (t.progress or (0, 1) for t in tasks)]
        made = sum(task.made for task in tasks)
        return Total(
            tasks=len(tasks),
            done=sum(task.is_over for task in tasks),
            drawn=sum(task.drawn for task in tasks),
            kept=sum(task.kept for task in tasks),
            target=total_target(task.target for task in tasks),
            rejected=sum(task.rejected for task in tasks),
            share=sum(shares) / len(tasks) if tasks else 0.0,
            records_per_second=made / (now - self.started) if now > self.started else 0.0,
        )

    def call(self, event: CallFinished, now: float) -> None:
        """Count an answer; a replayed one costs nothing, and tells nothing of the backend."""
        self.task(event.task).answer(event)
        if event.replayed:
            self.replayed += 1
            self.answered = now
            return
        self.calls += 1
        self.input_tokens += event.input_tokens
        self.output_tokens += event.output_tokens
        if event.error:
            self.failed += 1
            self._trouble(event.error, now)
        else:
            self.answered, self.unanswered = now, False

    def retry(self, event: CallRetried, now: float) -> None:
        """Count a try that failed, and remember what it said."""
        self.retries += 1
        self._trouble(event.error, now)

    def silence(self, event: EndpointSilent, now: float) -> None:
        """Remember an endpoint that answers nothing, until that is over."""
        if event.left is None:
            self._silent.pop(event.endpoint, None)
        else:
            self._silent[event.endpoint] = (event, now)

    def _trouble(self, error: str, now: float) -> None:
        self.last_error = (error_line(error), now)
        self.unanswered = True

    def unit(self, event: UnitFinished, now: float) -> None:
        """Count a unit that is through; to read what earlier runs had of it is no work that tells a pace."""
        self.task(event.task).unit(event, now)
        if event.again and not self.calls:
            meter = Meter()
            meter.sample(now, 0)
            self._meter = meter
            self.answered = now

    def stop(self, event: RunStopping, now: float) -> None:
        """Remember that the run stops, and since when."""
        self.stopping = (event, now)

    def sample(self, now: float) -> None:
        """Look at the counters, for the rates."""
        self._meter.sample(now, self.calls)

    def calls_per_second(self) -> float:
        """Over the last few seconds, paid calls only."""
        return self._meter.per_second(FEW_SECONDS)

    def silent(self, now: float) -> bool:
        """Whether the last answer came longer ago than answers take."""
        usual = (self.answered - self.started) / self.calls if self.calls else 0.0
        return now - self.answered >= max(SILENT, SLOW * usual)

    def trouble(self, now: float) -> str:
        """Which endpoint is waited for, and how long still; else the last error, where nothing was answered
        since, with the time where that is long ago.
        """
        if self._silent and self.stopping is None:
            event, then = next(iter(self._silent.values()))
            return what_is_waited_for(event, now - then, others=len(self._silent) - 1)
        if not self.unanswered:
            return ""
        silent = now - self.answered >= SILENT
        said = f"no answer for {duration(now - self.answered)}" if silent else "last error"
        return f"{said}: {self.last_error[0]}"

    def left(self, now: float) -> Left | None:
        """How long the rest may take, going by the answers that it may take.

        Replayed answers come first and take no time, so that the rest goes at the pace of paid calls.
        None where nothing tells, while nothing is answered, and once the run stops.
        """
        if self.stopping is not None or self.silent(now):
            return None
        per_second = self._meter.per_second(MANY_SECONDS)
        each = [task.answers_left() for task in list(self.tasks.values())]
        known = [answers for answers in each if answers is not None]
        answers = sum(known)
        if per_second <= 0 or not answers:
            return None
        return Left(answers / per_second, len(known) < len(each))
