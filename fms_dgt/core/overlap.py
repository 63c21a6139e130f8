"""How much of a text was taken from another, by the runs of words that both have."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TypeAlias

# Words in a row that two texts share by copying rather than by chance.
RUN = 4

Run: TypeAlias = tuple[str, ...]


def runs(words: Sequence[str]) -> Iterator[Run]:
    """Each `RUN` words in a row; a shorter text has none."""
    return zip(*(words[start:] for start in range(RUN)), strict=False)


def runs_of(texts: Iterable[Sequence[str]]) -> frozenset[Run]:
    """The runs of several texts, none of them across two."""
    return frozenset(run for words in texts for run in runs(words))


def covered(words: Sequence[str], known: Container[Run]) -> bytearray:
    """For each word, 1 where it stands in a run that is known."""
    marks = bytearray(len(words))
    for start, run in enumerate(runs(words)):
        if run in known:
            marks[start : start + RUN] = b"\x01" * RUN
    return marks


def share(copied: bytearray, own: bytearray | None = None) -> float:
    """The share of the words that are copied, those in `own` apart."""
    if not copied:
        return 0.0
    taken = (
        sum(copied)
        if own is None
        else sum(1 for mark, mine in zip(copied, own, strict=True) if mark and not mine)
    )
    return taken / len(copied)
