"""How ROUGE de-duplication grows with the records: instructions that are looked up and remembered.

The instructions are made: words as unevenly common as in English, one instruction in ten a slight change
of an earlier one. The second table is the harder case, in which all of them share half of their words.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import accumulate, islice

from fms_dgt import below
from fms_dgt.validators.rouge import RougeMemory
from machine import arguments, headline, resident_mb, table

VOCABULARY = 20_000
SHORTEST, LONGEST = 10, 26
ALIKE = 0.1
THRESHOLD = 0.7
SKELETON = "write a short text for readers who like it when".split()


def instructions(skeleton: list[str]) -> Iterator[str]:
    """Without end, always the same. A skeleton stands in each, a word of its own after each of its words."""
    dice = random.Random(0)
    words = [f"w{number}" for number in range(VOCABULARY)]
    # Zipf: the n-th word is n times rarer than the first
    weights = list(accumulate(1 / (rank + 2) for rank in range(VOCABULARY)))
    earlier: list[list[str]] = []
    while True:
        if earlier and dice.random() < ALIKE:
            text = list(dice.choice(earlier))
            text[dice.randrange(len(text))] = dice.choice(words)
        else:
            count = len(skeleton) or dice.randint(SHORTEST, LONGEST)
            own = dice.choices(words, cum_weights=weights, k=count)
            text = [word for pair in zip(skeleton, own, strict=True) for word in pair] if skeleton else own
            earlier.append(text)
        yield " ".join(text)


def grown(sizes: tuple[int, ...], source: Iterator[str]) -> Iterator[tuple[object, ...]]:
    """At each size: seconds so far, microseconds a look-up since the size before, what was refused."""
    memory = RougeMemory(below(THRESHOLD))
    texts = list(islice(source, sizes[-1]))
    seconds, seen, refused, held = 0.0, 0, 0, resident_mb()
    for size in sizes:
        before, looked = seconds, seen
        started = time.process_time()
        for text in texts[seen:size]:
            if memory.find(text) is None:
                memory.add(text, seen)
            else:
                refused += 1
        seconds += time.process_time() - started
        seen = size
        each = 1e6 * (seconds - before) / (seen - looked)
        yield f"{size:,}", seconds, each, refused, (resident_mb() - held) * 1e6 / len(memory)


def show(what: str, sizes: tuple[int, ...], source: Iterator[str]) -> None:
    """One table."""
    rows = list(grown(sizes, source))
    table((what, "CPU s in all", "µs each, since the row above", "refused", "bytes a record"), rows)
    first, last = (float(str(rows[at][1])) for at in (0, -1))
    print(f"{sizes[-1] // sizes[0]} times the instructions take {last / first:,.0f} times as long\n")


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    sizes = (300, 1_000, 3_000, 10_000) if options.small else (1_000, 3_000, 10_000, 30_000, 100_000)
    headline(f"dedup: rouge, threshold {THRESHOLD}")
    show("instructions", sizes, instructions([]))
    show("half in common", sizes[:-2] if not options.small else sizes[:-1], instructions(SKELETON))


if __name__ == "__main__":
    main()
