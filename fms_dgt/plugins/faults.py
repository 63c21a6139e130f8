"""Strangers' code, kept from harming us: whatever it raises becomes a reason with its place."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fms_dgt.errors import PluginError
from fms_dgt.plugins.code_place import is_foreign
from fms_dgt.safety.interrupts import is_of_user
from fms_dgt.safety.working_folder import shown as shown_path

LONGEST = 300
# An error's text is kept this far where it becomes data.
LONGEST_KEPT = 2_000


def must_pass(error: BaseException) -> bool:
    """Whether what came out of somebody's code is the end of the program, and nobody may keep it.

    Those are Ctrl-C, and the end of an event loop that is torn down. All else, SystemExit among it, is
    that code's own fault. Cancellation has to be told apart by whoever awaits the code.
    """
    if isinstance(error, KeyboardInterrupt):
        return is_of_user(error)
    return isinstance(error, GeneratorExit) and not _in_task()


def _in_task() -> bool:
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


@contextmanager
def isolated(doing: str) -> Iterator[None]:
    """Turn anything but Ctrl-C into a PluginError: "<doing>: <exception> (<file>:<line>)"."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in a plugin must not end the host
        raise PluginError(f"{doing}: {described(error)}") from error


def described(error: BaseException) -> str:
    """The exception's type and message, and where it was raised."""
    file, _, line = place(error).rpartition(":")
    return f"{summary(error)} ({shown_path(Path(file))}:{line})" if file else summary(error)


def full_text(error: BaseException) -> str:
    """The exception's type and message, as they are, for the data's evidence."""
    return f"{type(error).__name__}: {shown(error)}"


def shown(value: object) -> str:
    """What `str` makes of it; nothing where that fails, and not without end."""
    try:
        # of a subclass of str, its characters alone
        text = str.__str__(str(value))
    except BaseException as error:
        if must_pass(error):
            raise
        return ""
    return text if len(text) <= LONGEST_KEPT else text[: LONGEST_KEPT - 3] + "..."


def text_of(value: object) -> str:
    """As `shown`; the name of its type where that is nothing."""
    return shown(value) or type(value).__name__


def summary(error: BaseException) -> str:
    """The exception's type and message on one line, cut where it is long."""
    text = " ".join(shown(error).split())
    if isinstance(error, SyntaxError):
        text = error.msg
    text = text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place(error: BaseException) -> str:
    """The last line on the way to the error that is neither Python's own nor ours: "file:line"."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno or 1}"
    lines = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if is_foreign(frame.f_code.co_filename)
    ]
    # what dataclasses write has no file
    return next(
        (line for line in reversed(lines) if not line.startswith("<string>")), lines[-1] if lines else ""
    )


def line_in(error: BaseException, file: str) -> int | None:
    """The line of `file` that the error came through last."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno or 1
    lines = [
        line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file
    ]
    return lines[-1] if lines else None
