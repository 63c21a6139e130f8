"""What is printed shows, and does nothing: control and direction characters are written as escapes.

Names, keys, replies and error messages come from strangers' files and servers. A terminal would obey what is
in them: move the cursor, change the title, show text in another order than it has.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

# for annotations only: every `--help` imports this module, and `typing` takes time
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# All control characters but tab and line break; the marks, overrides and isolates of writing direction, and
# the separators that some programs take for line breaks. None of them counts as printable.
_OBEYED = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"


def harmless(text: str) -> str:
    r"""Text as it is, but for what a terminal would obey: that becomes an escape, as `\x1b` or `\u202e`.

    JSON stays the same JSON: it has the characters below a blank as escapes already.
    """
    if text.replace("\n", "").isprintable():
        return text
    return re.sub(_OBEYED, _escape, text.replace("\r\n", "\n"))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x20 else f"\\u{code:04x}"


class HarmlessStream:
    """A text stream whose `write` makes text harmless; in all else it is the stream itself.

    What rich draws goes to the stream below, since rich looks for `rich_proxied_file`. A carriage return goes
    through where it begins a line, or one that a carriage return has begun: so libraries draw progress bars.
    """

    def __init__(self, stream: Any) -> None:
        self.rich_proxied_file = stream
        self._line_may_return = True

    def write(self, text: str) -> int:
        """Write text, harmless."""
        returns = self._line_may_return and text.startswith("\r")
        last = text.rfind("\n")
        if last >= 0:
            self._line_may_return = last == len(text) - 1
        elif text:
            self._line_may_return = returns
        self.rich_proxied_file.write("\r" + harmless(text[1:]) if returns else harmless(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


def raw(stream: Any) -> Any:
    """The stream below, for what moves the cursor itself; what others wrote has to be `harmless` there."""
    return stream.rich_proxied_file if isinstance(stream, HarmlessStream) else stream


@contextmanager
def harmless_output() -> Iterator[None]:
    """Everything that is printed meanwhile, on stdout and stderr, is harmless."""
    before = sys.stdout, sys.stderr
    # None where a program has no terminal at all
    sys.stdout, sys.stderr = (stream and HarmlessStream(raw(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
