"""What servers and libraries say, made fit for messages and for files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

SHOWN = 300
# shorter ones are no secrets ('EMPTY', 'prod'), and parts of words
SHORTEST_SECRET = 6
# more than any answer has, and fewer than a database's whole number holds
MOST_TOKENS = 10**12


def excerpt(said: Any, secrets: Iterable[str] = ()) -> str:
    """A piece of what was said, on one line and without any of the `secrets`."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    for secret in secrets:
        text = text.replace(secret, "***")
    text = " ".join(text[: 10 * SHOWN].split())
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def known_secrets(secrets: Iterable[str]) -> tuple[str, ...]:
    """Those that can be told from words, the longest first: one may have another in it."""
    found = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
    return tuple(sorted(found, key=lambda secret: (-len(secret), secret)))


def storable(value: Any) -> Any:
    """A JSON value that every file can hold.

    JSON allows lone surrogates, which UTF-8 does not; Python's reader allows NaN, which JSON does not.
    """
    if isinstance(value, str):
        return (
            value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, dict):
        return {storable(name): storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [storable(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def counted(value: Any) -> int:
    """A number of tokens as servers give it; 0 where it is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value < MOST_TOKENS else 0


def in_parts(said: list[Any]) -> tuple[str, str]:
    """The text and the thoughts of a content that comes in parts. Raises TypeError and KeyError."""
    text, thoughts = [], []
    for part in said:
        if part["type"] == "thinking":
            inner = part["thinking"]
            thoughts.append(inner if isinstance(inner, str) else in_parts(inner)[0])
        elif part["type"] in ("text", "output_text"):
            text.append(part["text"])
    return "".join(text), "".join(thoughts)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a mapping: an answer that was paid for is not given up for its counts."""
    return value if isinstance(value, dict) else {}
