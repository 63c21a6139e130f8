"""A hook that writes down what it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fms_dgt import hookimpl

from acme_dgt.marker import mark

mark(__name__)

FILE = "acme_diary.jsonl"


class Diary:
    """Appends to `<output folder>/acme_diary.jsonl`."""

    def __init__(self) -> None:
        self._path = Path(FILE)

    @hookimpl
    def run_started(self, event: Any) -> None:
        self._path = event.folder / FILE
        self._write("run_started", list(event.tasks))

    @hookimpl
    def record_kept(self, event: Any) -> None:
        self._write("record_kept", event.record)

    @hookimpl
    def row_rejected(self, event: Any) -> None:
        self._write("row_rejected", [event.stage, event.reason])

    @hookimpl
    def run_finished(self, event: Any) -> None:
        self._write("run_finished", event.calls)

    def _write(self, hook: str, told: object) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([hook, told]) + "\n")
