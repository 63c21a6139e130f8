from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from fms_dgt.core.events import RunFinished, TaskFinished
from fms_dgt.errors import InputError


@dataclass
class Runner:
    """Stands in for the engine: keeps what it was asked for and gives what it was told to."""

    finished: RunFinished | BaseException | None = None
    report: Any = None
    asked: dict[str, Any] = field(default_factory=dict)

    async def execute(
        self, plan: Any, plugins: Any, hooks: Any, *, display: str, interrupts: Any
    ) -> RunFinished:
        self.asked = {"plan": plan, "display": display, "interrupts": interrupts}
        if plan.problems:
            raise InputError(plan.problems)
        print("a plugin that prints")
        if isinstance(self.finished, BaseException):
            raise self.finished
        assert self.finished is not None
        return self.finished

    def check(self, plan: Any, plugins: Any) -> Any:
        self.asked = {"plan": plan}
        return self.report

    def ends(self, *tasks: TaskFinished, error: str = "") -> None:
        """Let the next run end with these tasks."""
        folder = self.folder
        self.finished = RunFinished(folder, tasks, {}, 1.5, 3, 0, (), error)

    @property
    def folder(self) -> Any:
        from pathlib import Path

        return Path("output")


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """The command line with a stand-in for the engine."""
    stand_in = Runner()
    module = ModuleType("fms_dgt.runner")
    module.execute = stand_in.execute  # type: ignore[attr-defined]
    module.check = stand_in.check  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fms_dgt.runner", module)
    return stand_in


@pytest.fixture
def done() -> Callable[..., TaskFinished]:
    """How a task ended: `done("reached", 20)`."""

    def make(end: str, kept: int, target: int | None = 20, why: str = "", task: str = "t") -> TaskFinished:
        return TaskFinished(task, end, kept, target, 1, why)  # type: ignore[arg-type]

    return make
