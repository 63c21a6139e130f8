"""What a plugin's function gave and must not give."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any


class WrongResult(TypeError):
    """A function of a plugin gave what cannot be used; `function` is the one to correct."""

    def __init__(self, message: str, function: Callable[..., Any] | None = None) -> None:
        super().__init__(message)
        self.function = function


class UndeclaredColumns(WrongResult):
    """A stage made columns that it does not declare: a slip that rows need not be lost to."""


def refuse_unawaited(values: Mapping[str, Any], function: Callable[..., Any]) -> None:
    """Raises WrongResult where a column holds a coroutine: what was called and not awaited."""
    unawaited = [
        (name, close(item))
        for name, value in values.items()
        for item in ((value, *value) if isinstance(value, list | tuple) else (value,))
        if inspect.iscoroutine(item)
    ]
    if unawaited:
        name, called = unawaited[0]
        message = f"the column '{name}' holds a coroutine: 'await' is missing before {called}"
        raise WrongResult(message, function)


def close(coroutine: Any) -> str:
    """Close a coroutine that nobody will await, so that Python does not warn of it; its function's name."""
    coroutine.close()
    return f"{coroutine.__qualname__.rpartition('.')[2]}(...)"


def kind_of(value: Any) -> str:
    """The type of a value, for messages; of a coroutine, what to do about it."""
    if inspect.iscoroutine(value):
        return f"a coroutine: 'await' is missing before {close(value)}"
    return "NoneType; is a 'return' missing?" if value is None else type(value).__name__


def columns_of(given: Any, argument: str) -> tuple[str, ...]:
    """The columns that an argument names. Raises TypeError for a single text, which is not a list of them."""
    if isinstance(given, str):
        raise TypeError(f"{argument} takes several columns, not text; write {argument}=[{given!r}]")
    return tuple(given)


def check_takes(function: Any, *arguments: str) -> None:
    """Raises TypeError for what cannot be called with these arguments."""
    if inspect.isfunction(function):
        code = function.__code__
        if (code.co_argcount, code.co_kwonlyargcount) == (len(arguments), 0):
            # nearly always, and without the work of a signature
            return
    if not callable(function):
        raise TypeError(f"{function!r} is not a function")
    try:
        inspect.signature(function).bind(*arguments)
    except ValueError:
        # written in C: nobody can tell
        return
    except TypeError as error:
        name = getattr(function, "__name__", "it")
        raise TypeError(f"{name}() is called with {', '.join(arguments)}: {error}") from None


def sync_fault(function: Any) -> str:
    """Why a function cannot be awaited; empty where it can, or where only a call shows it."""
    inner = inspect.unwrap(function) if callable(function) else function
    name = getattr(inner, "__name__", "it")
    if inspect.isasyncgenfunction(inner):
        return f"{name}() has a 'yield'; collect the values in a list and return that"
    if inspect.isfunction(inner) and not inspect.iscoroutinefunction(inner):
        return f"{name}() is not async; write 'async def {name}'"
    return ""
