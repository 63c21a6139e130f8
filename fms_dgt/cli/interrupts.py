"""Ctrl-C and SIGTERM, from the first import to the end of the process: exit code 130, and no traceback.

A run has its own handler while it makes calls (`runner/execute.py`).
"""

import atexit
import contextlib
import os
import signal
import sys
import time

# for annotations only; `typing` and `types` would cost `--help` time
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 130
# Seconds that threads have to end, once the command is done.
LEFT_OVER = 2.0
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


def finish(code: int = INTERRUPTED) -> None:
    """End the process after an interrupt has unwound the command, or although threads are at work.

    A return would not do: where KeyboardInterrupt has passed through code that `exec` was given as text, as
    dataclasses do, the interpreter ends by the signal instead. And it waits for threads without limit.
    """
    for stream in (sys.stdout, sys.stderr):
        # None where a program has no terminal; nobody may read any longer
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    atexit._run_exitfuncs()  # noqa: SLF001 (libraries remove their temporary files there)
    leave(code)


def bound_threads(code: int) -> None:
    """Have the process end soon, whatever the threads do that plugins have begun."""
    threading = sys.modules.get("threading")
    if threading is None:
        return
    main = threading.main_thread()
    if any(not thread.daemon for thread in threading.enumerate() if thread is not main):
        # a daemon: where all of them end in time, the interpreter does not wait for this one
        threading.Thread(target=_finish_later, args=(code,), daemon=True).start()


def _finish_later(code: int) -> None:
    time.sleep(LEFT_OVER)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write("note: a plugin has left threads at work; they are ended\n")
    finish(code)


def leave(code: int = INTERRUPTED) -> None:
    """End the process at once. What is on the disk is as after a kill, which it is made for."""
    if sys.stderr is not None and sys.stderr.isatty():
        # a display may have hidden the cursor
        os.write(2, b"\x1b[?25h\n")
    os._exit(code)


def _ignore(numbers: "list[signal.Signals]") -> None:
    # another thread may not, and then ends the process itself
    with contextlib.suppress(ValueError):
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
