"""How much of a text was taken from another, by the runs of words that both have."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TypeAlias

from fms_dgt.core.plain_words import WHOLE, weight

# Words in a row that two texts share by copying rather than by chance. Characters of scripts without spaces
# count as parts of a word.
RUN = 4

Run: TypeAlias = tuple[str, ...]


def runs(words: Sequence[str]) -> Iterator[Run]:
    """From each word on, the fewest words that are `RUN` long together; the last few words begin none."""
    weights = [weight(word) for word in words]
    if all(each == WHOLE for each in weights):
        yield from zip(*(words[start:] for start in range(RUN)), strict=False)
        return
    end = total = 0
    for start, own in enumerate(weights):
        while total < RUN * WHOLE and end < len(words):
            total += weights[end]
            end += 1
        if total < RUN * WHOLE:
            return
        yield tuple(words[start:end])
        total -= own


def runs_of(texts: Iterable[Sequence[str]]) -> frozenset[Run]:
    """The runs of several texts, none of them across two."""
    return frozenset(run for words in texts for run in runs(words))


def covered(words: Sequence[str], known: Container[Run]) -> bytearray:
    """For each word, 1 where it stands in a run that is known."""
    marks = bytearray(len(words))
    for start, run in enumerate(runs(words)):
        if run in known:
            marks[start : start + len(run)] = b"\x01" * len(run)
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
