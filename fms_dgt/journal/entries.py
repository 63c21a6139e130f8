"""What the journal holds, as Python sees it, and how bodies are packed.

A body is JSON text with a checksum, compressed where that pays. The checksum covers the columns beside it,
too: a row is what was written, or it is damaged. Bodies of earlier versions have none, and are read as
they are.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple, Self

from fms_dgt.core.json_encoder import encoder

# Below this a body is not worth compressing; above, prompts shrink to a third or less.
COMPRESS_FROM = 512
# Of one body, as text: answers have 64 MB at the most. A row with more is not written, and not read.
LARGEST_BODY = 96 * 1024 * 1024

# The first byte of a body: its form. A flipped bit makes none of these another.
_PLAIN, _COMPRESSED = b"\x01", b"\x02"
_OLD_PLAIN, _OLD_COMPRESSED = b"r", b"z"
_CHECK_SIZE = 8

_COMPLETION: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "finish": str,
    "input_tokens": int,
    "output_tokens": int,
    "extra": dict,
}
DECIMAL_DIGITS = 19
# What `to_text` raises where JSON cannot hold a value.
NOT_WRITABLE = (TypeError, ValueError, RecursionError)


class Payer(NamedTuple):
    """Who asks, and whom: a stage of a task (by its edition's id), the role and what played it."""

    task: int
    stage: str
    role: str
    model: str


@dataclass(slots=True)
class Tally:
    """Calls and what they took: tokens, money, seconds of the backend.

    `cost` is what was paid, 0 where no price is known.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0

    def plus(self, other: Tally) -> Self:
        """Take another tally in."""
        self.calls += other.calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost += other.cost
        self.seconds += other.seconds
        return self


class Call(NamedTuple):
    """One answered request. `digest` is its key; `body` is what was asked and what came back."""

    unit: str
    digest: bytes
    row: str
    body: Mapping[str, Any]
    payer: Payer
    tally: Tally


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


_encode = encoder()


class Damaged(ValueError):
    """A row that is not what was written."""


class TooLarge(ValueError):
    """A body with more text than the journal takes."""


def to_text(body: Any) -> str:
    """A JSON value as compact text. Raises TypeError, ValueError or RecursionError where it is none."""
    return _encode(body)


def checked_text(body: Any) -> str:
    """`to_text` of what a row can hold. Raises what `to_text` does, and TooLarge."""
    text = to_text(body)
    if len(text) > LARGEST_BODY // 4 and len(_encoded(text)) > LARGEST_BODY:
        raise TooLarge(f"has more than {LARGEST_BODY // 1024 // 1024} MB with its prompt")
    return text


def columns(*values: Any) -> bytes:
    """The columns beside a body, for its checksum; the same bytes on every Python."""
    return ascii(values).encode("ascii")


def pack(text: str, beside: bytes = b"") -> bytes:
    """JSON text as bytes: one byte for the form, a checksum, then the text."""
    data = _encoded(text)
    form = _PLAIN
    if len(data) >= COMPRESS_FROM:
        form, data = _COMPRESSED, zlib.compress(data, 1)
    return form + _check(form, data, beside) + data


def unpack(data: Any, beside: bytes | None = None, *, old: bool = True) -> Any:
    """The value of packed bytes. Raises Damaged.

    Without `beside`, the checksum is not looked at; `old` takes bodies that have none.
    """
    if not isinstance(data, bytes):
        raise Damaged("is no packed text")
    form, rest = data[:1], data[1:]
    if form in (_PLAIN, _COMPRESSED):
        check, rest = rest[:_CHECK_SIZE], rest[_CHECK_SIZE:]
        if beside is not None and check != _check(form, rest, beside):
            raise Damaged("does not have its checksum")
    elif not old or form not in (_OLD_PLAIN, _OLD_COMPRESSED):
        raise Damaged("has an unknown form")
    try:
        text = _inflated(rest) if form in (_COMPRESSED, _OLD_COMPRESSED) else rest
        return json.loads(text.decode("utf-8", "surrogatepass"))
    except (ValueError, zlib.error, RecursionError) as error:
        raise Damaged("cannot be unpacked") from error


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    text = stream.decompress(data, LARGEST_BODY)
    if not stream.eof:
        raise Damaged("is cut off, or larger than any body")
    return text


def _check(form: bytes, data: bytes, beside: bytes) -> bytes:
    return blake2b(b"".join((form, beside, data)), digest_size=_CHECK_SIZE).digest()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def completion_of(body: Any) -> Mapping[str, Any]:
    """The fields of the completion in a call's body. Raises Damaged where it has another form."""
    fields = body.get("completion") if isinstance(body, dict) else None
    if not isinstance(fields, dict) or not isinstance(fields.get("text"), str):
        raise Damaged("holds no answer")
    for name, value in fields.items():
        if not isinstance(value, _COMPLETION.get(name, ())):
            raise Damaged(f"holds no answer, by its '{name:.40}'")
    return fields


def task_digest(row: tuple[Any, ...]) -> bytes:
    """The checksum of a row of `tasks`: id, name, edition, fingerprint, ended, as they are written."""
    return blake2b(columns(*row), digest_size=_CHECK_SIZE).digest()


def unit_number(key: str) -> int:
    """The number by which a unit's calls are indexed; two keys may share one, their digests differ.

    A draw's key is its number, so that draws enter the index in order.
    """
    if len(key) < DECIMAL_DIGITS and key.isdecimal():
        return int(key)
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1
