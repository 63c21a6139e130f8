"""What the journal holds, as Python sees it, and how bodies are packed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple, Self

# Below this a body is not worth compressing; above, prompts shrink to a third or less.
COMPRESS_FROM = 512
DECIMAL_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Call:
    """One answered request. `digest` is its key; `body` is what was asked and what came back.

    `cost` is what was paid for it, 0 where no price is known; `seconds` is how long the backend took.
    """

    task: int
    unit: str
    digest: bytes
    row: str
    stage: str
    body: Mapping[str, Any]
    input_tokens: int = 0
    output_tokens: int = 0
    role: str = ""
    model: str = ""
    cost: float = 0.0
    seconds: float = 0.0

    @property
    def payer(self) -> Payer:
        """What it was asked for, and of whom."""
        return Payer(self.task, self.stage, self.role, self.model)


class Payer(NamedTuple):
    """Who asks, and whom: a stage of a task (by its edition's id), the role and what played it."""

    task: int
    stage: str
    role: str
    model: str


@dataclass(slots=True)
class Tally:
    """Calls and what they took: tokens, money, seconds of the backend."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0

    def add(self, call: Call) -> None:
        """Count a call."""
        self.plus(Tally(1, call.input_tokens, call.output_tokens, call.cost, call.seconds))

    def plus(self, other: Tally) -> Self:
        """Take another tally in."""
        self.calls += other.calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost += other.cost
        self.seconds += other.seconds
        return self


@dataclass(frozen=True, slots=True)
class OutcomeEntry:
    """What became of a unit, as it is read back; `decided` is set once it is committed."""

    number: int
    key: str
    body: Any
    decided: Any | None
    failed: bool


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """One edition of a task in this folder. A restart begins a new edition."""

    id: int
    name: str
    edition: int
    fingerprint: Mapping[str, str]
    ended: Mapping[str, Any]


@dataclass(slots=True)
class Totals:
    """What was paid for in this folder, over all runs and editions."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.input_tokens + self.output_tokens


def to_text(body: Any) -> str:
    """A JSON value as compact text. Raises TypeError or ValueError where it is none."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def pack(text: str) -> bytes:
    """JSON text as bytes: one letter for the form, then the text, compressed where that pays."""
    data = text.encode("utf-8", "surrogatepass")
    return b"z" + zlib.compress(data, 1) if len(data) >= COMPRESS_FROM else b"r" + data


def unpack(data: bytes) -> Any:
    """The value of packed bytes."""
    text = zlib.decompress(data[1:]) if data[:1] == b"z" else data[1:]
    return json.loads(text.decode("utf-8", "surrogatepass"))


def unit_number(key: str) -> int:
    """The number by which a unit's calls are indexed; two keys may share one, their digests differ.

    A draw's key is its number, so that draws enter the index in order.
    """
    if len(key) < DECIMAL_DIGITS and key.isdecimal():
        return int(key)
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1
