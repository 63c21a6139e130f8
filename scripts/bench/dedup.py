"""How ROUGE de-duplication grows with the records: instructions that are looked up and remembered.

The instructions are made: words as unevenly common as in English, one instruction in ten a slight change
of an earlier one. The second table is the harder case, in which all of them share half of their words.
The third has the same decisions made with the package rouge-score, comparing each text with all that were
kept before; that takes a quarter of an hour.
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
BESIDE = "rouge-score"
BESIDE_SIZES = (5_000, 300)
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


def beside_rouge_score(count: int) -> Iterator[tuple[object, ...]]:
    """The package's time and ours for the same decisions, and in how many they differ.

    Of the package's own, only what scores two lists of words is timed per pair: its texts are split once.
    """
    texts = list(islice(instructions([]), count))
    started = time.process_time()
    theirs = list(decisions_of_rouge_score(texts))
    between = time.process_time()
    memory = RougeMemory(below(THRESHOLD))
    ours = []
    for at, text in enumerate(texts):
        match = memory.find(text)
        ours.append(None if match is None else match.record)
        if match is None:
            memory.add(text, at)
    package, own = between - started, time.process_time() - between
    different = sum(one != other for one, other in zip(theirs, ours, strict=True))
    yield f"{count:,}", package, own, package / own, different


def decisions_of_rouge_score(texts: list[str]) -> Iterator[int | None]:
    """For each text the earliest kept one that it is too much like, if there is one."""
    from rouge_score.rouge_scorer import _score_lcs  # noqa: PLC0415 (only for this table)
    from rouge_score.tokenizers import DefaultTokenizer  # noqa: PLC0415

    kept: list[tuple[int, list[str]]] = []
    split = DefaultTokenizer(use_stemmer=False).tokenize
    for at, text in enumerate(texts):
        words = split(text)
        alike = (number for number, other in kept if _score_lcs(other, words).fmeasure >= THRESHOLD)
        first = next(alike, None)
        yield first
        if first is None:
            kept.append((at, words))


def show_beside(*flags: str) -> None:
    """The table of the package, measured in a process of its own."""
    rows = in_own_process("dedup.py", "--one", BESIDE, *flags)
    table(("texts", "CPU s of rouge-score", "CPU s", "ratio", "decisions that differ"), rows)


def show(name: str, *flags: str) -> None:
    """One table, measured in a process of its own."""
    rows = in_own_process("dedup.py", "--one", name, *flags)
    table((name, "CPU s in all", "µs each, since the row above", "refused", "bytes a record"), rows)
    (fewest, least, *_), (most, longest, *_) = rows[0], rows[-1]
    print(f"{most} rather than {fewest} take {longest / least:,.0f} times as long\n")


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--one", choices=[*SIZES, BESIDE], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one == BESIDE:
        print(json.dumps(list(beside_rouge_score(BESIDE_SIZES[options.small]))))
        return
    if options.one:
        sizes = SIZES[options.one][options.small]
        source = instructions(SKELETON if options.one == "half in common" else [])
        print(json.dumps(list(grown(sizes, source))))
        return
    headline(f"dedup: rouge, threshold {THRESHOLD}")
    flags = ["--small"] if options.small else []
    for name in SIZES:
        show(name, *flags)
    show_beside(*flags)


if __name__ == "__main__":
    main()
