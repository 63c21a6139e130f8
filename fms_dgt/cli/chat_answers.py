"""The answers of a chat: asked for, shown as they come, and stopped by Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from fms_dgt.binding.bound import BoundGenerator
from fms_dgt.binding.prices import model_of
from fms_dgt.cli.interrupts import leave
from fms_dgt.cli.teachers import tell
from fms_dgt.core.generator import Message, Request
from fms_dgt.runner.probe import Probe, Prober
from fms_dgt.safety.terminal import harmless, raw


class Answers:
    """Asks one model, turn after turn, in one event loop that rests while the user types."""

    def __init__(
        self, generator: BoundGenerator, params: Mapping[str, Any], seed: int, timeout: float
    ) -> None:
        self._generator = generator
        self._params = params
        self._seed = seed
        self._prober = Prober(timeout, tell)
        self._runner = asyncio.Runner()
        self._shown = ""
        self._waiting = contextlib.ExitStack()
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._prober.close())
        self._runner.close()

    def ask(self, messages: Sequence[Message]) -> Probe | None:
        """Ask, and show the answer; None where Ctrl-C stopped it."""
        self._shown, self._stopped = "", False
        request = Request(tuple(messages), self._params, seed=self._seed)
        with self._waiting:
            self._waiting.enter_context(_spinner(model_of(self._generator)))
            probe = self._runner.run(self._ask(request))
        if probe is None:
            return None
        if self._shown and not self._shown.endswith("\n"):
            print(flush=True)
        return probe

    async def _ask(self, request: Request) -> Probe | None:
        """What came of it; None where it was stopped."""
        asked = asyncio.ensure_future(self._prober.ask(self._generator, request, self._show))
        with self._stopping(asked):
            try:
                return await asked
            except asyncio.CancelledError:
                if self._stopped:
                    return None
                raise

    @contextlib.contextmanager
    def _stopping(self, asked: asyncio.Future[Probe]) -> Iterator[None]:
        """Ctrl-C stops the answer, and the program where it comes once more."""
        before = signal.getsignal(signal.SIGINT)
        if before == signal.SIG_IGN:
            yield
            return
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if self._stopped:
                leave()
            self._stopped = True
            asked.cancel()

        loop.add_signal_handler(signal.SIGINT, stop)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, before)

    def _show(self, text: str) -> None:
        """Show a piece of the answer."""
        if text:
            self._waiting.close()
            self._shown += text
            print(harmless(text), end="", flush=True)


@contextlib.contextmanager
def _spinner(name: str) -> Iterator[None]:
    """Shows on a terminal that the model is at work."""
    if not (sys.stderr.isatty() and sys.stdout.isatty()):
        yield
        return
    from rich.console import Console  # noqa: PLC0415 (heavy, and only a terminal needs it)
    from rich.text import Text  # noqa: PLC0415

    with Console(file=raw(sys.stderr)).status(Text(harmless(name))):
        yield
