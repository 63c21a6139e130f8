"""Work on a stranger's input in a process of its own, bounded in time, memory and the size of its answer.

The process inherits no secret, does not import from the working folder, and is used again until it dies or
has to be killed. What goes wrong in it is an exception here.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import marshal
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fms_dgt.errors import FmsDgtError, OverLimit, UserError, WorkFailed
from fms_dgt.safety.child import child_environment, import_path, python_command, start
from fms_dgt.safety.work import HEADER

# imports on a busy machine, of a converter with a large library, too
_START_SECONDS = 120
_ROOT = str(Path(__file__).parents[2])


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one job may take: seconds by the clock, bytes of memory, bytes of answer."""

    seconds: float
    memory: int
    output: int


class Worker:
    """Runs one function, named `module:function`, in a process that starts with the first job.

    Arguments are plain values (None, numbers, text, bytes, lists, tuples, sets, mappings), results are
    JSON values. `environment` has the names of further environment variables that the process inherits.
    """

    def __init__(self, function: str, environment: Iterable[str] = ()) -> None:
        self._function = function
        self._environment = tuple(environment)
        self._child: _Child | None = None
        self._lock = threading.Lock()
        # one thread, so that jobs wait in its queue, where they can still be taken back
        self._thread: ThreadPoolExecutor | None = None
        atexit.register(self.close)

    def run(self, *arguments: Any, limits: Limits) -> Any:
        """The function's result. Blocks; raises OverLimit, WorkFailed, ValueError for arguments not plain.

        A `UserError` of the function is raised here with the same message.
        """
        request = marshal.dumps((limits.seconds, limits.memory, limits.output, arguments))
        with self._lock:
            child = self._started()
            try:
                answer = child.exchange(request, limits)
            except BaseException:
                self._drop()
                raise
            if "over" in answer:
                # what is left of such a job is in nobody's way in a new process
                self._drop()
        return _result(answer, limits)

    async def arun(self, *arguments: Any, limits: Limits) -> Any:
        """As `run`, without blocking the event loop. A job whose caller is cancelled is ended."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="fms_dgt_worker")
        job = self._thread.submit(self.run, *arguments, limits=limits)
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            child = self._child
            if child is not None and job.running():
                child.kill()
            raise

    def close(self) -> None:
        """End the process; the next job starts another."""
        with self._lock:
            self._drop()

    def _started(self) -> _Child:
        if self._child is None or not self._child.is_alive():
            self._drop()
            self._child = _Child(self._function, self._environment)
        return self._child

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.reap()


class _Child:
    """One process, and the pipes to it."""

    def __init__(self, function: str, environment: tuple[str, ...]) -> None:
        path = os.pathsep.join([import_path(), _ROOT])
        try:
            self._process = start(
                python_command("-m", "fms_dgt.safety.work", function),
                environment=child_environment(also=environment, extra={"PYTHONPATH": path}),
                folder=Path("/"),
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise WorkFailed(f"a worker process cannot be started: {error}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        os.set_blocking(self._in.fileno(), False)
        os.set_blocking(self._out.fileno(), False)
        limits = Limits(seconds=_START_SECONDS, memory=0, output=HEADER)
        try:
            self._receive(limits, time.monotonic() + limits.seconds)
        except BaseException:
            self.kill()
            self.reap()
            raise

    def exchange(self, request: bytes, limits: Limits) -> dict[str, Any]:
        """Send a request and wait for its answer. Raises OverLimit, WorkFailed."""
        end = time.monotonic() + limits.seconds
        self._send(len(request).to_bytes(HEADER, "big") + request, limits, end)
        answer: dict[str, Any] = json.loads(self._receive(limits, end))
        return answer

    def is_alive(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process and what it has started."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def reap(self) -> None:
        """Close the pipes of a killed process."""
        self._process.wait()
        for pipe in (self._in, self._out):
            with contextlib.suppress(OSError):
                pipe.close()

    def _send(self, data: bytes, limits: Limits, end: float) -> None:
        view = memoryview(data)
        while view:
            self._wait(self._in.fileno(), selectors.EVENT_WRITE, limits, end)
            try:
                view = view[os.write(self._in.fileno(), view) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._died() from error

    def _receive(self, limits: Limits, end: float) -> bytes:
        size = int.from_bytes(self._read(HEADER, limits, end), "big")
        if size > max(limits.output, 65_536):
            # the process itself refuses what is too large; this one does not do as it should
            raise OverLimit(_over("output", limits))
        return self._read(size, limits, end)

    def _read(self, size: int, limits: Limits, end: float) -> bytes:
        parts = []
        while size:
            self._wait(self._out.fileno(), selectors.EVENT_READ, limits, end)
            try:
                part = os.read(self._out.fileno(), min(size, 1 << 20))
            except BlockingIOError:
                continue
            if not part:
                raise self._died()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait(self, pipe: int, event: int, limits: Limits, end: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            if not selector.select(max(0.0, end - time.monotonic())):
                raise OverLimit(_over("time", limits))

    def _died(self) -> FmsDgtError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.poll()
        if code and code < 0:
            # libraries in C abort where memory ends, or crash
            name = signal.Signals(-code).name
            return OverLimit(f"ended the process that worked on it ({name}), perhaps for want of memory")
        return WorkFailed(f"the process that worked on it ended with exit code {code}")


def _result(answer: dict[str, Any], limits: Limits) -> Any:
    if "over" in answer:
        raise OverLimit(_over(str(answer["over"]), limits))
    if "error" not in answer:
        return answer["value"]
    text = str(answer["error"])
    if answer.get("for_user"):
        raise UserError(text)
    raise WorkFailed(text, kind=str(answer.get("kind", "")))


def _over(limit: str, limits: Limits) -> str:
    if limit == "time":
        return f"took longer than {limits.seconds:g} seconds"
    if limit == "memory":
        return f"took more than {limits.memory // 2**20:,} MB of memory"
    return f"made more than {limits.output // 2**20:,} MB of text"
