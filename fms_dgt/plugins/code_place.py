"""Which line of a plugin an error, or work that blocks, is about."""

from __future__ import annotations

import inspect
import os
import sysconfig
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from fms_dgt.core.wrong_result import WrongResult

_PACKAGE = Path(__file__).parents[1]
# an error that one of these raises is about the line that called it
_OURS = tuple(f"{_PACKAGE}/{name}/" for name in ("binding", "core", "plugins", "runner", "safety"))
# where an event loop calls what it has to do
_LOOPS = ("/asyncio/events.py", "/asyncio/base_events.py", "/asyncio/runners.py", "/safety/event_loop.py")
# where the engine calls plugins' code
_CALLERS = (
    *("core/stages.py", "core/composed.py", "core/source.py", "binding/bound.py", "plugins/hooks.py"),
    *("runner/kit.py", "runner/own_cancellation.py", "runner/memories.py", "runner/task_run.py"),
)
_DEBUGGERS = ("bdb.py", "pdb.py")
_STDLIB = sysconfig.get_path("stdlib")


@dataclass(frozen=True, slots=True)
class CodePlace:
    """A line of a plugin's code."""

    file: str
    line: int
    function: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def short(self) -> str:
        """The line without a folder, for data: that must not depend on the machine."""
        return f"{Path(self.file).name}:{self.line}"


def own_place(error: BaseException) -> CodePlace | None:
    """The plugin's own line on the way to an error: not one of ours, of Python's, or of a library it calls.

    For a result that is wrong, the function that gave it.
    """
    if isinstance(error, WrongResult) and error.function is not None:
        return place_of_function(error.function)
    lines = [
        CodePlace(frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return own_line(lines)


def is_of_plugin(place: CodePlace | None) -> bool:
    """Whether a line is in a plugin of somebody else's; a library's may be called by us or by a plugin."""
    return place is not None and not is_in_package(place.file) and not _libs(place.file)


def is_below(file: str, module: str) -> bool:
    """Whether a file is in the package, or in the folder, of a module's file."""
    root, own = _root(file), _root(module)
    return root.startswith(own) and _libs(root) == _libs(own)


def own_line(lines: list[CodePlace]) -> CodePlace | None:
    """Of calls, each inside the one before: the last line in the package that the engine called."""
    foreign = [place for place in lines if is_foreign(place.file)]
    # what dataclasses write
    own = [place for place in foreign if place.file != "<string>"] or foreign
    if not own:
        return None
    # code of ours, or of a library, may have called it in between
    own = [place for place in own if is_of_plugin(place)] or own
    # a project's folder often has the libraries that it uses below it
    return [place for place in own if is_below(place.file, own[0].file)][-1]


def code_called_by_engine(frame: FrameType) -> tuple[FrameType, list[CodePlace]] | None:
    """What plugin code is at work on the stack that ends here, in an event loop.

    The outermost frame of the loop's step, and the plugin's line with the calls inside it. None where it is
    at work in nothing of a plugin: in our own code, a library of ours, an import, a debugger.
    """
    step, inner = frame, list[FrameType]()
    at: FrameType | None = frame
    while at is not None and not at.f_code.co_filename.endswith(_LOOPS):
        inner.append(at)
        step, at = at, at.f_back
    ours = next((n for n, each in enumerate(inner) if is_in_package(each.f_code.co_filename)), len(inner))
    calls = [
        CodePlace(each.f_code.co_filename, each.f_lineno, each.f_code.co_name) for each in inner[:ours][::-1]
    ]
    if at is None or any(call.file.startswith("<frozen importlib") for call in calls):
        return None
    if any(Path(call.file).name in _DEBUGGERS for call in calls):
        return None
    caller = inner[ours].f_code.co_filename if ours < len(inner) else ""
    first = next((n for n, call in enumerate(calls) if is_foreign(call.file)), None)
    if first is None or (_libs(calls[first].file) and not caller.endswith(_CALLERS)):
        return None
    own = own_line(calls)
    return (step, calls[calls.index(own) :]) if own else None


def is_in_package(file: str) -> bool:
    """Whether a file is one of fms_dgt's own."""
    return file.startswith(f"{_PACKAGE}{os.sep}")


def place_of_function(function: Callable[..., Any]) -> CodePlace | None:
    """Where a function, or the class of a callable object, begins."""
    inner = inspect.unwrap(function)
    code = getattr(inner, "__code__", None) or getattr(type(inner).__call__, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    return CodePlace(code.co_filename, code.co_firstlineno, code.co_name)


def _root(file: str) -> str:
    """The package of an installed file; the folder of any other."""
    libs = _libs(file)
    if libs:
        return f"{libs}{file[len(libs) :].partition(os.sep)[0]}{os.sep}"
    return f"{Path(file).parent}{os.sep}"


def _libs(file: str) -> str:
    """The folder of installed packages that a file is in; empty for any other."""
    for folder in ("site-packages", "dist-packages"):
        before, found, _ = file.partition(f"{os.sep}{folder}{os.sep}")
        if found:
            return f"{before}{found}"
    return ""


def is_foreign(file: str) -> bool:
    """Whether a file is neither Python's own nor ours."""
    if file.startswith(("<frozen ", *_OURS)):
        return False
    return not file.startswith(_STDLIB) or "site-packages" in file or "dist-packages" in file
