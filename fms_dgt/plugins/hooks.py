"""The hooks of one run: told every event, each plugin on its own account."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pluggy

from fms_dgt.core.events import (
    CallFinished,
    CallRetried,
    CodeBlocked,
    CodeFailed,
    EndpointSilent,
    JudgeDoubted,
    RecordKept,
    RowMoved,
    RowRejected,
    RunFinished,
    RunStarted,
    RunStopping,
    TaskFinished,
    TaskStarted,
    UnitFinished,
)
from fms_dgt.errors import PluginError
from fms_dgt.plugins.entry import PluginInfo
from fms_dgt.plugins.faults import described, isolated, must_pass
from fms_dgt.plugins.hookfaults import hook_fault, taking_event
from fms_dgt.plugins.hookspecs import HOOK_NAMES, PROJECT, HookSpecs

_logger = logging.getLogger("fms_dgt")


@dataclass
class _Listener:
    name: str
    origin: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class _Call:
    listener: _Listener
    function: Callable[[Any], object]


def _nothing(event: object) -> None:
    """What an event costs that nobody listens to."""


class Hooks:
    """Tells a run's events to its hook plugins: `hooks.call_finished(CallFinished(...))`.

    A plugin that raises is switched off once, with an entry in `warnings` and in the log "fms_dgt";
    the others, and the run, go on. `broken` lists the plugins that could not be registered at all.
    """

    run_started: Callable[[RunStarted], None]
    task_started: Callable[[TaskStarted], None]
    row_moved: Callable[[RowMoved], None]
    call_retried: Callable[[CallRetried], None]
    endpoint_silent: Callable[[EndpointSilent], None]
    call_finished: Callable[[CallFinished], None]
    code_failed: Callable[[CodeFailed], None]
    code_blocked: Callable[[CodeBlocked], None]
    record_kept: Callable[[RecordKept], None]
    row_rejected: Callable[[RowRejected], None]
    judge_doubted: Callable[[JudgeDoubted], None]
    unit_finished: Callable[[UnitFinished], None]
    run_stopping: Callable[[RunStopping], None]
    task_finished: Callable[[TaskFinished], None]
    run_finished: Callable[[RunFinished], None]

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.broken: list[PluginInfo] = []
        self._listeners: dict[str, _Listener] = {}
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(HookSpecs)
        self._resolve()

    @classmethod
    def none(cls) -> Hooks:
        """Hooks that nobody listens to."""
        return cls()

    @property
    def notes(self) -> list[str]:
        """One sentence for each plugin that is left out."""
        return [
            f"hook plugin '{info.name}' of {info.distribution} {info.version} is left out: {info.reason}"
            for info in self.broken
        ]

    def add(self, plugin: object, *, name: str, origin: str = "this program") -> None:
        """Let an object, class or module listen. Raises PluginError with the bare reason."""
        if isinstance(plugin, type):
            with isolated(f"{plugin.__name__}() failed; hook classes are made without arguments"):
                plugin = plugin()
        with isolated("looking for its hooks failed"):
            fault = hook_fault(self._manager, plugin)
            twice = self._manager.is_registered(plugin)
        if fault or twice:
            raise PluginError(fault or "the same object listens already, under another name")
        key = f"{origin}: {name}"
        with isolated("registering it failed"):
            self._manager.register(plugin, key)
        self._listeners[key] = _Listener(name, origin)
        self._resolve()

    def _resolve(self) -> None:
        """Settle once what each event calls, so that telling it looks nothing up."""
        for name in HOOK_NAMES:
            found = getattr(self._manager.hook, name).get_hookimpls()
            # the order in which pluggy itself would call them
            calls = [_Call(self._listeners[i.plugin_name], taking_event(i.function)) for i in reversed(found)]
            setattr(self, name, self._emitter(name, calls) if calls else _nothing)

    def _emitter(self, hook: str, calls: list[_Call]) -> Callable[[Any], None]:
        def emit(event: object) -> None:
            for call in calls:
                if call.listener.on:
                    try:
                        call.function(event)
                    except BaseException as error:
                        if must_pass(error):
                            raise
                        self._switch_off(call.listener, hook, error)

        return emit

    def _switch_off(self, listener: _Listener, hook: str, error: BaseException) -> None:
        listener.on = False
        warning = (
            f"hook plugin '{listener.name}' of {listener.origin} is switched off for the rest of the run: "
            f"its {hook}() raised {described(error)}"
        )
        self.warnings.append(warning)
        _logger.warning(warning, exc_info=error if _logger.isEnabledFor(logging.DEBUG) else None)
