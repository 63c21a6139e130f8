"""The view for a notebook's cell: a line that is written over, and below it what stays."""

from __future__ import annotations

from collections.abc import Iterable

from fms_dgt.hooks.plain import PlainView


class NotebookView(PlainView):
    """As the plain view, with one line of progress in the place of many."""

    every = 1.0
    _wide = 0

    def _progress(self, line: str) -> None:
        # notebooks know the carriage return, and none of a terminal's other signs
        self._put(f"\r{line:<{self._wide}}")
        self._wide = len(line)

    def _write(self, lines: Iterable[str]) -> None:
        if self._wide:
            self._put(f"\r{'':{self._wide}}\r")
            self._wide = 0
        super()._write(lines)
