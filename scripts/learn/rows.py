"""Training rows as tokens: which of them are learned follows from the row's kind."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True)
class Tokens:
    """Token ids, and for each of them whether it is learned."""

    ids: list[int]
    learned: list[bool]

    def __len__(self) -> int:
        return len(self.ids)

    def cut(self, length: int) -> Tokens:
        return Tokens(self.ids[:length], self.learned[:length])


def text_tokens(tokenizer: Any, text: str, length: int) -> list[Tokens]:
    """A document, in pieces of equal size where it is longer than `length`; all is learned."""
    end = tokenizer.convert_tokens_to_ids(END_OF_TEXT)
    ids = [*tokenizer.encode(text, add_special_tokens=False), end]
    pieces = -(-len(ids) // length)
    size = -(-len(ids) // pieces)
    return [
        Tokens(part, [True] * len(part)) for part in (ids[at : at + size] for at in range(0, len(ids), size))
    ]


def chat_tokens(tokenizer: Any, messages: Sequence[dict[str, str]], *, unmask: bool) -> Tokens:
    """A conversation by the model's chat template.

    The assistant's turns are learned, and with `unmask` the user's as well.
    """
    ids: list[int] = []
    learned: list[bool] = []
    before = ""
    for count, message in enumerate(messages, start=1):
        whole = tokenizer.apply_chat_template(list(messages[:count]), tokenize=False)
        head, body = _split(whole[len(before) :], message)
        taught = message["role"] == "assistant" or (unmask and message["role"] == "user")
        for text, wanted in ((head, False), (body, taught)):
            part = tokenizer.encode(text, add_special_tokens=False)
            ids += part
            learned += [wanted] * len(part)
        before = whole
    return Tokens(ids, learned)


def _split(turn: str, message: dict[str, str]) -> tuple[str, str]:
    """A rendered turn, parted where its content begins."""
    at = turn.rindex(message["content"])
    return turn[:at], turn[at:]


def endless(groups: Sequence[Sequence[Tokens]], seed: int) -> Iterator[Tokens]:
    """Rows of several groups, an equal number of tokens from each.

    A group is shuffled anew each time through.
    """
    streams = [_shuffled(group, random.Random(f"{seed}/{number}")) for number, group in enumerate(groups)]
    given = [0] * len(streams)
    while True:
        least = given.index(min(given))
        row = next(streams[least])
        given[least] += len(row)
        yield row


def _shuffled(group: Sequence[Tokens], draw: random.Random) -> Iterator[Tokens]:
    while True:
        yield from draw.sample(list(group), len(group))


def packs(rows: Iterator[Tokens], budget: int, size: int, longest: int) -> Iterator[list[Tokens]]:
    """Whole rows for one step each, `size` tokens or one longer row, until `budget` tokens were given."""
    spent = 0
    pack: list[Tokens] = []
    while spent < budget:
        row = next(rows).cut(longest).cut(budget - spent)
        if pack and sum(map(len, pack)) + len(row) > size:
            yield pack
            pack = []
        pack.append(row)
        spent += len(row)
    if pack:
        yield pack
