"""Runs of flows from Python, and what hooks are told of the code in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine import listening

import fms_dgt
from fms_dgt import Flow, hookimpl
from fms_dgt.core.events import CodeBlocked, CodeFailed

TWO = [{"x": 1}, {"x": 2}]


class Heard:
    """Keeps what hooks are told of plugins' code."""

    def __init__(self) -> None:
        self.failed: list[CodeFailed] = []
        self.blocked: list[CodeBlocked] = []

    @hookimpl
    def code_failed(self, event: CodeFailed) -> None:
        self.failed.append(event)

    @hookimpl
    def code_blocked(self, event: CodeBlocked) -> None:
        self.blocked.append(event)


def run(folder: Path, *stages: Any, rows: list[dict] = TWO, **settings: Any) -> tuple[fms_dgt.Outcome, Heard]:
    heard = Heard()
    with listening(heard):
        outcome = fms_dgt.run(Flow(*stages), data=rows, output_dir=folder, progress=False, **settings)
    return outcome, heard


def line_of(file: str, text: str) -> int:
    """The number of the one line of a file that begins with a text."""
    lines = Path(file).read_text().splitlines()
    [number] = [number for number, line in enumerate(lines, 1) if line.strip().startswith(text)]
    return number
