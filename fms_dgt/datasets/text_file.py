"""Texts in a temporary file, so that memory holds only their places."""

from __future__ import annotations

import os
import tempfile
from array import array


class TextFile:
    """Texts by number, from 0. The file goes away with `close`."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)
        self._places = array("Q", [0])

    def add(self, text: str) -> int:
        """Add a text, and return its number."""
        data = text.encode("utf-8", "surrogatepass")
        self._file.write(data)
        self._places.append(self._places[-1] + len(data))
        return len(self._places) - 2

    def flush(self) -> None:
        """Make the texts that were added readable."""
        self._file.flush()

    def text(self, number: int) -> str:
        """The text with that number."""
        start, end = self._places[number], self._places[number + 1]
        return os.pread(self._file.fileno(), end - start, start).decode("utf-8", "surrogatepass")

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
