"""The turns of a chat as the user gives them: typed on a terminal, or the lines of a file."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass

FENCE, GOES_ON, COMMAND = '"""', "\\", "/"
PROMPT, MORE = "> ", "... "
# longer lines are several
LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class UserTurn:
    """What the user gave, and whether the chat itself is meant."""

    text: str
    is_command: bool


class Turns:
    """Turn after turn; `typed` where somebody sits at a terminal."""

    def __init__(self) -> None:
        # None where the program was started without one
        self.typed = sys.stdin is not None and sys.stdin.isatty()
        if not self.typed and isinstance(sys.stdin, io.TextIOWrapper):
            # half a character could be sent to no server, and saved in no file that can be read again
            sys.stdin.reconfigure(errors="replace")
        if self.typed:
            # lines can be edited, and earlier ones called up, where Python has it
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401, PLC0415

    def next(self) -> UserTurn | None:
        """The next turn; None at the end of the input."""
        line = self._line(PROMPT)
        if line is None:
            return None
        if line.strip() == FENCE:
            return UserTurn(self._until_fence(), is_command=False)
        if line.startswith(COMMAND) and not line.startswith(COMMAND * 2):
            return UserTurn(line.rstrip(), is_command=True)
        text = line.removeprefix(COMMAND) if line.startswith(COMMAND * 2) else line
        return UserTurn(self._to_its_end(text), is_command=False)

    def _until_fence(self) -> str:
        lines = []
        while (line := self._line(MORE)) is not None and line.strip() != FENCE:
            lines.append(line)
        return "\n".join(lines)

    def _to_its_end(self, text: str) -> str:
        lines = [text]
        while lines[-1].endswith(GOES_ON):
            lines[-1] = lines[-1].removesuffix(GOES_ON)
            line = self._line(MORE)
            if line is None:
                break
            lines.append(line)
        return "\n".join(lines)

    def _line(self, prompt: str) -> str | None:
        """A line without its end; None at the end of the input."""
        if self.typed:
            try:
                return input(prompt)
            except EOFError:
                # the shell's prompt is to begin a line
                print()
                return None
        if sys.stdin is None:
            return None
        line = sys.stdin.readline(LONGEST_LINE)
        return line.removesuffix("\n").removesuffix("\r") if line else None
