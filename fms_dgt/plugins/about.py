"""What a plugin says of itself: its docstring, in parts."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass

EXAMPLE = "In a config file:"
LONGEST = 200
_SENTENCE = re.compile(r"(?<=[.!?])\s(?=[A-Z`])")


@dataclass(frozen=True)
class About:
    """`short` is the first sentence; `text` is all but the `example`, a block of YAML below `EXAMPLE`."""

    short: str = ""
    text: str = ""
    example: str = ""

    @classmethod
    def of(cls, thing: object) -> About:
        """Of a plugin's class or module: its own docstring, and not that of a class it derives from."""
        own = getattr(thing, "__dict__", {}).get("__doc__")
        lines = inspect.cleandoc(own).splitlines() if isinstance(own, str) else []
        at = lines.index(EXAMPLE) if EXAMPLE in lines else len(lines)
        after = range(at + 1, len(lines))
        end = next((n for n in after if lines[n].strip() and not lines[n].startswith(" ")), len(lines))
        text = "\n".join([*lines[:at], *lines[end:]]).strip()
        return cls(_first_sentence(text), text, textwrap.dedent("\n".join(lines[at + 1 : end])).strip())


def _first_sentence(text: str) -> str:
    first = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    short = _SENTENCE.split(first)[0].rstrip(".")
    return short if len(short) <= LONGEST else f"{short[: LONGEST - 3].rstrip()}..."
