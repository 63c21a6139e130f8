"""How far a download is, on stderr: in place on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time

from fms_dgt.generators.llama_cpp.hub_blob import size_text

SECONDS_A_LINE = 5.0
SECONDS_ON_A_TERMINAL = 0.2


class ByteCounter:
    """Shows bytes of `total`."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._in_place = sys.stderr.isatty()
        self._pause = SECONDS_ON_A_TERMINAL if self._in_place else SECONDS_A_LINE
        self._shown_at = time.monotonic()
        self._is_open = False

    def show(self, done: int) -> None:
        """Show that so many have come."""
        if time.monotonic() - self._shown_at < self._pause:
            return
        self._shown_at = time.monotonic()
        self._is_open = self._in_place
        text = f"  {size_text(done)} of {size_text(self._total)}"
        print(f"\r{text:40}" if self._in_place else text, end="" if self._in_place else "\n", file=sys.stderr)
        sys.stderr.flush()

    def end(self) -> None:
        """End the line that is shown in place."""
        if self._is_open:
            print(file=sys.stderr)
            self._is_open = False
