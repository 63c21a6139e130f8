"""One way to write a JSON value as bytes, and what is derived from it: digests and random streams."""

from __future__ import annotations

import random
from hashlib import blake2b
from typing import Any

from fms_dgt.core.json_encoder import encoder

_encode = encoder(sort_keys=True)


def canonical(value: Any) -> bytes:
    """The same bytes for equal values, in any process."""
    return _encode(value).encode("utf-8", "surrogatepass")


def digest(value: Any) -> bytes:
    """16 bytes that stand for `value`."""
    return blake2b(canonical(value), digest_size=16).digest()


def hexdigest(value: Any) -> str:
    """`digest` as 32 characters."""
    return digest(value).hex()


def derived_int(*parts: Any, bits: int = 63) -> int:
    """A whole number below 2**bits that depends on nothing but `parts`."""
    return int.from_bytes(digest(parts)[:8], "big") >> (64 - bits)


def derived_random(*parts: Any) -> random.Random:
    """A stream of random numbers that depends on nothing but `parts`."""
    return random.Random(derived_int(*parts))  # noqa: S311 (not for secrets)
