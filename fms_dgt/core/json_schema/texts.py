"""Values of a schema in messages and prompts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

# what is longer, no model reads and no screen shows
LONGEST = 20_000


def as_json(value: Any) -> str:
    """A value as JSON, cut off where it is very long."""
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def listed(values: Iterable[Any]) -> str:
    """Values as JSON, with commas between."""
    texts, size = [], 0
    for value in values:
        texts.append(json.dumps(value, ensure_ascii=False, default=str))
        size += len(texts[-1])
        if size > LONGEST:
            break
    return _cut(", ".join(texts))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."
