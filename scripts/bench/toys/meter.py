"""A hook that measures the process it runs in: memory and CPU time, at each tenth of a task's units."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path

from fms_dgt import hookimpl
from fms_dgt.core.events import RunFinished, RunStarted, TaskStarted, UnitFinished

PAGES = Path("/proc/self/statm")
FILE = "meter.jsonl"


class Meter:
    """Appends to `<folder>/meter.jsonl`: units, resident MB, seconds of CPU (all threads) and of time."""

    def __init__(self) -> None:
        self._folder = Path()
        self._every = 1
        self._units = 0

    @hookimpl
    def run_started(self, event: RunStarted) -> None:
        self._folder = event.folder

    @hookimpl
    def task_started(self, event: TaskStarted) -> None:
        self._every = max(1, (event.target or event.units or 10) // 10)
        self._write()

    @hookimpl
    def unit_finished(self, event: UnitFinished) -> None:
        self._units += 1
        if self._units % self._every == 0:
            self._write()

    @hookimpl
    def run_finished(self, event: RunFinished) -> None:
        self._write()

    def _write(self) -> None:
        measured = {
            "units": self._units,
            "mb": resident_mb(),
            "cpu": time.process_time(),
            "clock": time.perf_counter(),
        }
        with (self._folder / FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(measured) + "\n")


def resident_mb() -> float:
    """What the process holds in memory now; 0 where the system does not say."""
    if not PAGES.exists():
        return 0.0
    return int(PAGES.read_text(encoding="utf-8").split()[1]) * resource.getpagesize() / 1e6
