"""Which new file is which old one under another name, as `git diff` judges it: by the lines they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

# As git has it: half of the larger one must be in both; beyond this many pairs only equal files are found.
_ALIKE = 0.5
_MOST_PAIRS = 100_000


def renames(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> dict[str, str]:
    """The old name of each new file that has one; the most alike first."""
    found = _equal(old, new)
    taken = set(found.values())
    left = {name: _lines(data) for name, data in old.items() if name not in taken}
    others = {name: _lines(data) for name, data in new.items() if name not in found}
    if len(left) * len(others) > _MOST_PAIRS:
        return found
    scores = [
        (score, name, before)
        for name, lines in others.items()
        for before, lines_before in left.items()
        if (score := _likeness(lines_before, lines)) >= _ALIKE
    ]
    for _, name, before in sorted(scores, key=lambda entry: (-entry[0], entry[1:])):
        if name not in found and before not in taken:
            found[name] = before
            taken.add(before)
    return found


def _equal(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> dict[str, str]:
    by_content: dict[bytes, list[str]] = {}
    for name, data in sorted(old.items(), reverse=True):
        by_content.setdefault(data, []).append(name)
    return {
        name: by_content[data].pop() for name, data in sorted(new.items()) if data and by_content.get(data)
    }


def _lines(data: bytes) -> Counter[bytes]:
    """The bytes in each different line."""
    counted: Counter[bytes] = Counter()
    for line in data.replace(b"\r\n", b"\n").splitlines(keepends=True):
        counted[line] += len(line)
    return counted


def _likeness(one: Counter[bytes], other: Counter[bytes]) -> float:
    sizes = one.total(), other.total()
    if not min(sizes) or min(sizes) < _ALIKE * max(sizes):
        return 0.0
    return (one & other).total() / max(sizes)
