"""A letter short."""

from __future__ import annotations

from typing import Any

from fms_dgt import hookimpl


class Diary:
    """Would be told nothing at all."""

    @hookimpl
    def record_kep(self, event: Any) -> None:
        raise AssertionError("nobody calls this")
