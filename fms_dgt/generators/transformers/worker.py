"""The thread that owns a model: it collects the calls in flight and computes them together."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch

from fms_dgt.core.generator import Completion
from fms_dgt.errors import EveryCallFails, GeneratorError, RequestRefused
from fms_dgt.generators.shared.lending import hand_over
from fms_dgt.generators.transformers.answer import WrittenRow, completion_of
from fms_dgt.generators.transformers.batch import Batch
from fms_dgt.generators.transformers.model import LoadedModel, excerpt, free_memory
from fms_dgt.generators.transformers.request import Asked
from fms_dgt.generators.transformers.sampling import NO_TOKEN, next_tokens

# calls that are made together come within that many seconds of one another
GATHER: Final = 0.003
# seconds after which an idle thread looks whether the program has ended
LOOK: Final = 0.5
# tokens, padding included, that are read at once before the rows under way go on
READ_AT_ONCE: Final = 8192


@dataclass(eq=False)
class Call:
    """One call, and who waits for it."""

    asked: Asked
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Completion]

    @property
    def given_up(self) -> bool:
        """Whether nobody waits any more."""
        return self.future.done()

    def settle(self, outcome: Completion | GeneratorError) -> None:
        """Hand the outcome over, from any thread."""
        hand_over(self.loop, self._set, outcome)

    def _set(self, outcome: Completion | GeneratorError) -> None:
        if self.future.done():
            return
        if isinstance(outcome, Completion):
            self.future.set_result(outcome)
        else:
            self.future.set_exception(outcome)


@dataclass(eq=False, kw_only=True)
class CallRow(WrittenRow):
    """The row of a call."""

    call: Call


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong in the model, free of the exception, which would hold on to memory."""

    said: str
    no_memory: bool
    for_good: bool

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """What an exception out of torch means."""
        text = str(error).lower()
        no_memory = isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
            words in text for words in ("out of memory", "can't allocate memory")
        )
        broken = isinstance(error, torch.AcceleratorError) and not no_memory
        return cls(excerpt(error), no_memory, broken)


class Worker:
    """Turns calls into answers. `put` and `widen` may be called from any thread, `run` is one's own."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self._most = self._limit = 1
        self._since_limit = 0
        self._inbox: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._waiting: deque[CallRow] = deque()
        self._batch: Batch[CallRow] = Batch(loaded)
        self._ended = ""
        self._gone = False
        self._door = threading.Lock()

    def put(self, call: Call | None) -> None:
        """Pass on a call; None for: no more, and leave those under way."""
        with self._door:
            if not self._gone:
                self._inbox.put(call)
                return
        if call is not None:
            self._turn_away(call)

    def widen(self, max_batch: int) -> None:
        """Compute so many calls at once, or more where that was allowed before."""
        if max_batch > self._most:
            self._most = self._limit = max_batch

    def run(self) -> None:
        """Serve until told to end, or until the program ends."""
        try:
            with torch.inference_mode():
                while not self._ended and threading.main_thread().is_alive():
                    self._receive()
                    self._turn()
        except Exception as error:  # noqa: BLE001 (a thread that dies silently would hang every call)
            self._ended = f"transformers: the thread of the model failed: {excerpt(error)}"
        finally:
            self._leave()

    def _receive(self) -> None:
        idle = not self._batch.rows and not self._waiting
        with contextlib.suppress(queue.Empty):
            self._take(self._inbox.get(timeout=LOOK) if idle else self._inbox.get_nowait())
            while not self._ended:
                self._take(self._inbox.get(timeout=GATHER) if idle else self._inbox.get_nowait())

    def _take(self, call: Call | None) -> None:
        if call is None:
            self._ended = "transformers: the model was closed"
            return
        if call.given_up:
            return
        try:
            prompt = self._loaded.encode(call.asked)
        except RequestRefused as error:
            call.settle(error)
            return
        sampling = call.asked.sampling
        room = min(sampling.max_tokens, self._loaded.context_of(call.asked) - len(prompt))
        self._waiting.append(CallRow(prompt, sampling, room, call=call))

    def _turn(self) -> None:
        """Let new rows join, and take every row one token further."""
        failure = None
        try:
            self._batch.keep([row for row in self._batch.rows if not row.call.given_up])
            new = self._next_rows()
            if new:
                self._write(new, self._batch.join(new))
            if self._batch.rows:
                self._write(self._batch.rows, self._batch.step())
        except Exception as error:  # noqa: BLE001 (whatever a model raises concerns the rows in it)
            failure = Failure.of(error)
        if failure is not None:
            self._recover(failure)

    def _next_rows(self) -> list[CallRow]:
        rows: list[CallRow] = []
        if self._batch.rows and not self._batch.may_grow:
            return rows
        while self._waiting and len(self._batch.rows) + len(rows) < self._limit:
            row = self._waiting[0]
            longest = max(other.size for other in (*rows, row))
            if rows and longest * (len(rows) + 1) > READ_AT_ONCE:
                break
            self._waiting.popleft()
            if not row.call.given_up:
                rows.append(row)
        return rows

    def _write(self, rows: Sequence[CallRow], logits: Any) -> None:
        """Give each row its next token, and hand over those that are finished."""
        done = set()
        for row, token in zip(list(rows), next_tokens(logits, rows), strict=True):
            if token == NO_TOKEN:
                what = "the model's numbers overflow; 'dtype: float32' has the widest range"
                row.call.settle(RequestRefused(what))
                done.add(row)
            elif row.write(token, self._loaded):
                row.call.settle(completion_of(row, self._loaded))
                self._climb()
                done.add(row)
        if done:
            self._batch.keep([row for row in self._batch.rows if row not in done])

    def _climb(self) -> None:
        """A call more at once, whenever as many were answered as that: memory that ran out may be back."""
        self._since_limit += 1
        if self._since_limit >= self._limit:
            self._limit, self._since_limit = min(self._most, self._limit + 1), 0

    def _recover(self, failure: Failure) -> None:
        """Begin again with half the rows, from the tokens they have; a row that fails alone is refused."""
        rows = list(self._batch.rows)
        self._batch.clear()
        free_memory()
        if failure.for_good:
            self._waiting.extendleft(reversed(rows))
            self._ended = f"transformers: the device failed, so the model is lost: {failure.said}"
        elif len(rows) <= 1:
            what = "needs more memory than there is" if failure.no_memory else "makes the model fail"
            for row in rows:
                row.call.settle(RequestRefused(f"a call of {row.size} tokens {what}: {failure.said}"))
        else:
            self._waiting.extendleft(reversed(rows))
            self._limit, self._since_limit = len(rows) // 2, 0

    def _leave(self) -> None:
        with self._door:
            self._gone = True
        calls = [row.call for row in (*self._batch.rows, *self._waiting)]
        self._batch.clear()
        self._waiting.clear()
        while not self._inbox.empty():
            call = self._inbox.get()
            if call is not None:
                calls.append(call)
        for call in calls:
            self._turn_away(call)

    def _turn_away(self, call: Call) -> None:
        call.settle(EveryCallFails(self._ended or "transformers: the program has ended"))
