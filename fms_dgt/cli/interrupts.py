"""Ctrl-C and SIGTERM, from the first import to the end of the process: exit code 130, and no traceback.

A run has its own handler while it makes calls (`runner/execute.py`).
"""

import atexit
import contextlib
import os
import signal
import sys

# for annotations only; `typing` and `types` would cost `--help` time
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """The first signal raises KeyboardInterrupt where `unwinding` is true; any other ends the process."""

    def __init__(self) -> None:
        self.unwinding = False
        self.came = False

    def catch(self) -> None:
        """Handle the signals from now on, except those that whoever started us has switched off."""
        caught = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        for number in caught:
            signal.signal(number, self._handle)
        unraisable = sys.unraisablehook

        def leave_or_report(failure: "sys.UnraisableHookArgs") -> None:
            # one that is raised in a destructor or a callback of C code would be printed and forgotten
            if issubclass(failure.exc_type, KeyboardInterrupt):
                leave()
            unraisable(failure)

        sys.unraisablehook = leave_or_report
        # the interpreter's own end restores the default handler, which would end it by the signal
        atexit.register(_ignore, caught)

    def _handle(self, _number: int, _frame: "FrameType | None") -> None:
        if self.came or not self.unwinding:
            leave()
        self.came = True
        raise KeyboardInterrupt


def finish() -> None:
    """End the process after an interrupt has unwound the command.

    A return would not do: where KeyboardInterrupt has passed through code that `exec` was given as text, as
    dataclasses do, the interpreter ends by the signal instead.
    """
    for stream in (sys.stdout, sys.stderr):
        # None where a program has no terminal; nobody may read any longer
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    atexit._run_exitfuncs()  # noqa: SLF001 (libraries remove their temporary files there)
    leave()


def leave() -> None:
    """End the process at once. What is on the disk is as after a kill, which it is made for."""
    if sys.stderr is not None and sys.stderr.isatty():
        # a display may have hidden the cursor
        os.write(2, b"\x1b[?25h\n")
    os._exit(INTERRUPTED)


def _ignore(numbers: "list[signal.Signals]") -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)
