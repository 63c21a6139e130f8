"""Runs of toy builders in this process, through the public API."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fms_dgt
from fms_dgt.core.events import CallFinished
from fms_dgt.plugins import Plugins

TOYS = Path(__file__).parents[1] / "toys"
SIEVE = {
    "task_name": "sieve",
    "task_description": "Grains.",
    "created_by": "the tests",
    "data_builder": "sieve",
    "seed_examples": ["a", "b"],
}


def sieve(folder: Path, percent: int = 100, delay: float = 0.0, **settings: Any) -> fms_dgt.Outcome:
    """Run the sieve builder."""
    blocks = [{"name": "generator", "delay": delay}]
    config = {"databuilders": {"sieve": {"percent": percent, "blocks": blocks}}}
    settings.setdefault("num_outputs_to_generate", 20)
    settings.setdefault("max_stalled_requests", 10_000)
    return fms_dgt.run(SIEVE, config=config, include=[TOYS / "sieve.py"], output_dir=folder, **settings)


def shape(folder: Path, builder: str, items: list[dict], **settings: Any) -> fms_dgt.Outcome:
    """Run one of the builders of toys/shapes.py over items."""
    said = {
        "task_name": "shape",
        "task_description": settings.pop("description", "Shapes."),
        "created_by": "the tests",
        "data_builder": builder,
        "seed_examples": items,
    }
    include = [TOYS / "shapes.py", TOYS / "sieve.py"]
    return fms_dgt.run(said, include=include, output_dir=folder, **settings)


class AfterCalls:
    """A hook that does something once, when so many calls have been answered."""

    def __init__(self, count: int, act: Callable[[], Any]) -> None:
        self.left = count
        self.act = act

    @fms_dgt.hookimpl
    def call_finished(self, event: CallFinished) -> None:
        self.left -= 1
        if self.left == 0:
            self.act()


@contextlib.contextmanager
def listening(hook: object | None) -> Iterator[None]:
    """Let a hook listen to the runs of this process, as an installed plugin would."""
    hooks = Plugins.hooks

    def with_hook(self: Plugins) -> Any:
        made = hooks(self)
        if hook is not None:
            made.add(hook, name="listening")
        return made

    Plugins.hooks = with_hook  # type: ignore[method-assign]
    try:
        yield
    finally:
        Plugins.hooks = hooks  # type: ignore[method-assign]
