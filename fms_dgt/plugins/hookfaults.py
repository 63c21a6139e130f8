"""What keeps an object from being a hook plugin: pluggy lets most of it pass in silence."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pluggy

from fms_dgt.errors import did_you_mean
from fms_dgt.plugins.hookspecs import HOOK_NAMES


def hook_fault(manager: pluggy.PluginManager, plugin: object) -> str:
    """Why `plugin` cannot listen; empty where it can."""
    options = {name: manager.parse_hookimpl_opts(plugin, name) for name in dir(plugin)}
    marked = {name: found for name, found in options.items() if found is not None}
    bare = [name for name in HOOK_NAMES if name not in marked and _is_method(plugin, name)]
    if bare:
        return f"{bare[0]}() is not marked; put @fms_dgt.hookimpl above it"
    if not marked:
        return f"it implements no hook; hooks: {', '.join(HOOK_NAMES)}"
    for name, found in marked.items():
        hook = found.get("specname") or name
        fault = _fault(hook, getattr(plugin, name)) if hook in HOOK_NAMES else _unknown(hook)
        if fault and (hook in HOOK_NAMES or not found.get("optionalhook")):
            return fault
    return ""


def taking_event(function: Callable[..., object]) -> Callable[[Any], object]:
    """The implementation as a function of the event, also where it asks for no argument."""
    return function if inspect.signature(function).parameters else lambda _: function()


def _is_method(plugin: object, name: str) -> bool:
    return inspect.isroutine(inspect.getattr_static(plugin, name, None))


def _unknown(hook: str) -> str:
    return f"{hook}() is not a hook; {did_you_mean(hook, HOOK_NAMES, noun='hooks')}"


def _fault(hook: str, function: Callable[..., object]) -> str:
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return f"{hook}() is async, but nobody awaits a hook; write a plain 'def' that returns at once"
    if inspect.isgeneratorfunction(function):
        return f"{hook}() has a 'yield', but hooks wrap nothing; write a plain 'def'"
    parameters = inspect.signature(function).parameters.values()
    fits = [p.name == "event" and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters]
    if not all(fits):
        return f"{hook}{inspect.signature(function)}: a hook takes one argument, 'event', or none"
    return ""
