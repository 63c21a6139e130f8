"""The entry: which command, and what an exception becomes.

Imports nothing that `--help` does not need.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence

from fms_dgt.cli.interrupts import INTERRUPTED
from fms_dgt.cli.parser import COMMANDS, MODULES, RUN, parse_run
from fms_dgt.safety.terminal import harmless_output

DONE, FAILED, MISUSED = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code; never raises, unless a test kills it."""
    args = list(sys.argv[1:] if argv is None else argv)
    _spell_out()
    with harmless_output():
        return _run(args)


def _run(args: list[str]) -> int:
    try:
        code = _dispatch(args)
        # a program without any terminal has no stdout
        if sys.stdout is not None:
            sys.stdout.flush()
    except SystemExit as stop:
        return _exit_code(stop.code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _abandon_stdout()
        return FAILED
    except Exception as error:  # noqa: BLE001 (the last resort, and the only one)
        if _is_interrupt(error):
            return INTERRUPTED
        return _report(error, debug="--debug" in args)
    return code


def _spell_out() -> None:
    """What a stream's encoding does not have is written as an escape, and is not an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _dispatch(args: list[str]) -> int:
    command = RUN
    if args and not args[0].startswith("-"):
        command, args = args[0], args[1:]
    if command not in COMMANDS:
        from fms_dgt.cli.task_words import is_task_path, unknown_command  # noqa: PLC0415

        if not is_task_path(command):
            raise unknown_command(command)
        command, args = RUN, [command, *args]
    # a run's flags are looked at first: a slip in them is told at once, and so is --help
    given = parse_run(args) if command == RUN else args
    module = MODULES.get(command, command.replace("-", "_"))
    code: int = importlib.import_module(f"fms_dgt.cli.{module}").main(given)
    return code


def _exit_code(said: str | int | None) -> int:
    """What the interpreter would make of `sys.exit(said)`."""
    if said is None or isinstance(said, int):
        return said or DONE
    print(said, file=sys.stderr)
    return FAILED


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is what an exception comes from: Python and libraries wrap it in ones of their own."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _report(error: Exception, *, debug: bool) -> int:
    from fms_dgt.errors import FmsDgtError, InputError, UserError  # noqa: PLC0415

    if debug:
        import traceback  # noqa: PLC0415

        traceback.print_exception(error)
    if isinstance(error, FmsDgtError):
        lines = str(error).split("\n")
        each = isinstance(error, InputError)
        for number, line in enumerate(lines):
            # a problem of several lines indents all but its first
            begins = not number or (each and not line.startswith(" "))
            print(f"{'error: ' if begins else '       '}{line}", file=sys.stderr)
        return MISUSED if isinstance(error, UserError) else FAILED
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        _abandon_stdout()
        print(f"error: {error.strerror}; free some space", file=sys.stderr)
        return FAILED
    hint = "" if debug else "; run again with --debug for the traceback"
    print(f"error: {_fault(error)}{hint}", file=sys.stderr)
    return FAILED


def _fault(error: BaseException) -> str:
    """Whose fault an exception is that nobody expected, a plugin's or ours."""
    from fms_dgt.plugins.code_place import is_of_plugin, own_place  # noqa: PLC0415
    from fms_dgt.plugins.faults import described  # noqa: PLC0415

    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if is_of_plugin(own_place(error)):
        return f"plugin code raised {described(error)}"
    detail = " ".join(f"{type(error).__name__}: {error}".split())
    return f"this is a fault in fms_dgt: {detail}"


def _abandon_stdout() -> None:
    """Nobody reads any longer; keep the interpreter from complaining about it at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
