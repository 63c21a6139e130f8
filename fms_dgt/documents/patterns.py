"""Names of files against patterns, without touching a file."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

_WILD = re.compile(r"[*?\[]")


def is_wild(pattern: str) -> bool:
    """Whether a pattern has wildcards."""
    return bool(_WILD.search(pattern))


def cleaned(pattern: str) -> str:
    """A pattern as a path below the root. Raises ValueError for one that leads out of it, or is none."""
    parts = [part for part in pattern.strip().split("/") if part not in ("", ".")]
    if not parts:
        raise ValueError("is empty")
    if ".." in parts:
        raise ValueError("leads out of its folder")
    if any(ord(char) < 32 or ord(char) == 127 for char in pattern):
        raise ValueError("has a control character")
    return unicodedata.normalize("NFC", "/".join(parts))


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """The names that a cleaned pattern means: itself, what is in the folder of that name, or a glob.

    As in a shell, `*` stops at "/", `**` does not, and neither means a name that begins with a dot.
    Upper and lower case count, unless nothing matches otherwise. Unicode's two ways to write an
    accent, and a Korean syllable, count as one.
    """
    listed = [(name, unicodedata.normalize("NFC", name)) for name in names]
    for fold in (str, str.lower):
        wanted = fold(pattern)
        for fits in (_is(wanted), _inside(wanted), _glob(wanted)):
            found = [name for name, plain in listed if fits(fold(plain))]
            if found:
                return found
    return []


def _is(wanted: str) -> Callable[[str], bool]:
    return lambda name: name == wanted


def _inside(wanted: str) -> Callable[[str], bool]:
    def inside(name: str) -> bool:
        rest = name.removeprefix(f"{wanted}/")
        return rest != name and not any(part.startswith(".") for part in rest.split("/"))

    return inside


def _glob(wanted: str) -> Callable[[str], bool]:
    parts = wanted.split("/")
    return lambda name: _matches(parts, name.split("/"))


def _matches(parts: Sequence[str], names: Sequence[str]) -> bool:
    """Part by part, without going back: `reached` are the parts that may come next."""
    reached = _past_stars({0}, parts)
    for name in names:
        after = set()
        for at in reached:
            if at == len(parts):
                continue
            if parts[at] == "**":
                if not name.startswith("."):
                    after.add(at)
            elif _fits(parts[at], name):
                after.add(at + 1)
        reached = _past_stars(after, parts)
    return len(parts) in reached


def _past_stars(reached: set[int], parts: Sequence[str]) -> set[int]:
    result = set()
    for start in reached:
        at = start
        result.add(at)
        while at < len(parts) and parts[at] == "**":
            at += 1
            result.add(at)
    return result


def _fits(part: str, name: str) -> bool:
    if name.startswith(".") and not part.startswith("."):
        return False
    return bool(_compiled(part).match(name))


@lru_cache(maxsize=256)
def _compiled(part: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(part))
