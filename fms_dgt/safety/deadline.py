"""An end for a whole HTTP exchange.

A client's timeouts are for one read each, so a server that sends a byte now and then could keep it for ever.
At the deadline the connection is shut down, and whatever waits for it gets an error.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self


class Deadline:
    """`with Deadline(120) as deadline: httpx.Client(event_hooks=deadline.hooks)`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._shut_down)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._timer.join()
        for connection in self._connections:
            connection.close()

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._end

    @property
    def hooks(self) -> Mapping[str, list[Callable[..., Any]]]:
        """What an `httpx.Client` takes as `event_hooks`."""
        return {"request": [self._watch]}

    def _watch(self, request: Any) -> None:
        request.extensions = {**request.extensions, "trace": self._note}

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        """Keep the connection when there is one: TLS takes the client's own away from it later."""
        if not event.endswith("connect_tcp.complete"):
            return
        connection = socket.socket(fileno=os.dup(info["return_value"].get_extra_info("socket").fileno()))
        with self._lock:
            self._connections.append(connection)
        if self.passed:
            self._shut_down()

    def _shut_down(self) -> None:
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
