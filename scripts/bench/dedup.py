"""How ROUGE de-duplication grows with the records: instructions that are looked up and remembered.

The instructions are made: words as unevenly common as in English, one instruction in ten a slight change
of an earlier one. The second table is the harder case, in which all of them share half of their words.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from itertools import accumulate, islice

from machine import arguments, headline, in_own_process, resident_mb, table

from fms_dgt import below
from fms_dgt.validators.rouge import RougeMemory

VOCABULARY = 20_000
SHORTEST, LONGEST = 10, 26
ALIKE = 0.1
THRESHOLD = 0.7
# for each kind of text, how many: by default, and with --small
SIZES = {
    "any": ((1_000, 3_000, 10_000, 30_000, 100_000), (300, 1_000, 3_000)),
    "half in common": ((1_000, 3_000, 10_000, 30_000), (300, 1_000, 3_000)),
}
SKELETON = ["write", "a", "short", "text", "for", "readers", "who", "like", "it", "when"]


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


def show(name: str, *flags: str) -> None:
    """One table, measured in a process of its own."""
    rows = in_own_process("dedup.py", "--one", name, *flags)
    table((name, "CPU s in all", "µs each, since the row above", "refused", "bytes a record"), rows)
    (fewest, least, *_), (most, longest, *_) = rows[0], rows[-1]
    print(f"{most} rather than {fewest} take {longest / least:,.0f} times as long\n")


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--one", choices=SIZES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        sizes = SIZES[options.one][options.small]
        source = instructions(SKELETON if options.one == "half in common" else [])
        print(json.dumps(list(grown(sizes, source))))
        return
    headline(f"dedup: rouge, threshold {THRESHOLD}")
    for name in SIZES:
        show(name, *(["--small"] if options.small else []))


if __name__ == "__main__":
    main()
