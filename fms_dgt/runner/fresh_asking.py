"""Asking again after an answer that was cut off or went round in circles: the same, with other sampling.

Shown its own loop as the last turn, a model goes on with it.
"""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any, Final

from fms_dgt.core.generator import Completion, Generator, Request

# what is looked at: the end of an answer, where a loop would be
TAIL: Final = 2_000
SHORTEST: Final = 400
# zlib makes prose about half as long, JSON a quarter, and a loop a twentieth or less
LOOP: Final = 8
# in place of none, with which the same answer would come again
WARM: Final = 0.7


def ended_early(completion: Completion) -> bool:
    """Whether an answer was cut off, or repeats itself at its end."""
    return completion.finish == "length" or loops(completion.text)


def loops(text: str) -> bool:
    """Whether the end of a text says the same again and again."""
    tail = text[-TAIL:].encode("utf-8", "replace")
    return len(tail) >= SHORTEST and len(zlib.compress(tail)) * LOOP < len(tail)


def asked_fresh(backend: Generator[Any], request: Request) -> Request:
    """The request once more; its next seed is another. What it says of sampling stays as it is, but for 0."""
    params = {**backend.against_loops, **request.params}
    if params == request.params and params.get("temperature") == 0:
        params["temperature"] = WARM
    return dataclasses.replace(request, params=params)
