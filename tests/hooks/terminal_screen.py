"""A program on a terminal of a given size, and what its screen shows while it runs."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence

_PIECE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+")


class Screen:
    """What a terminal shows of the text that was written to it, with what has scrolled away above it."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._lines: list[str] = [""]
        self._row = self._column = 0
        self._rest = ""

    def write(self, text: str) -> None:
        text = self._rest + text
        # a sequence may arrive in two parts
        cut = text.rfind("\x1b") if re.search(r"\x1b(\[[?0-9;]*)?$", text) else len(text)
        text, self._rest = text[:cut], text[cut:]
        for piece in _PIECE.finditer(text):
            if piece[0] == "\r":
                self._column = 0
            elif piece[0] == "\n":
                self._down()
            elif piece[2] == "A":
                top = max(0, len(self._lines) - self.height)
                self._row = max(top, self._row - int(piece[1] or 1))
            elif piece[2] == "K":
                self._lines[self._row] = ""
            elif not piece[2]:
                self._print(piece[0])

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._lines):
            self._lines.append("")

    def _print(self, text: str) -> None:
        for character in text:
            if self._column == self.width:
                self._column = 0
                self._down()
            line = self._lines[self._row].ljust(self._column)
            self._lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
            self._column += 1

    @property
    def shown(self) -> list[str]:
        """The lines on the screen."""
        return [line.rstrip() for line in self._lines[-self.height :]]

    @property
    def all(self) -> list[str]:
        """All lines, those that have scrolled away included."""
        return [line.rstrip() for line in self._lines]


def on_terminal(
    argv: Sequence[str],
    watch: Callable[[list[str]], None],
    *,
    width: int = 80,
    height: int = 24,
    environ: Mapping[str, str] | None = None,
) -> Screen:
    """Run a program on a terminal; `watch` gets the screen now and then. Its screen at the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    usual = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
    env = {**usual, "TERM": "xterm-256color", "PYTHONUTF8": "1", **(environ or {})}
    process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    screen = Screen(width, height)
    try:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while _read(ours, screen, decoder):
            watch(screen.shown)
        process.wait()
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return screen


def _read(terminal: int, screen: Screen, decoder: codecs.IncrementalDecoder) -> bool:
    """Take what was written; False once nobody has the terminal open any more."""
    ready, _, _ = select.select([terminal], [], [], 60.0)
    try:
        data = os.read(terminal, 1 << 16) if ready else b""
    except OSError:
        # so Linux says that the other end is closed
        return False
    screen.write(decoder.decode(data))
    return bool(data)
