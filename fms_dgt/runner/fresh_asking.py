"""Asking again after an answer that was cut off or went round in circles: the same, with other sampling.

Shown its own loop as the last turn, a model goes on with it. One that was cut off while it thought gets more
tokens.
"""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any, Final

from fms_dgt.core.generator import Completion, Generator, Request
from fms_dgt.core.reply.thinking import without_thinking

# what is looked at: the end of an answer, where a loop would be
TAIL: Final = 2_000
SHORTEST: Final = 400
# zlib makes prose about half as long, JSON a quarter, and a loop a twentieth or less
LOOP: Final = 8
# in place of none, with which the same answer would come again
WARM: Final = 0.7
# tokens for thoughts, on top of a limit that was meant for the answer alone
FOR_THOUGHTS: Final = 4_096


def ended_early(completion: Completion) -> bool:
    """Whether an answer was cut off, or repeats itself at its end."""
    return completion.finish == "length" or loops(completion.text)


def loops(text: str) -> bool:
    """Whether the end of a text says the same again and again."""
    tail = text[-TAIL:].encode("utf-8", "replace")
    return len(tail) >= SHORTEST and len(zlib.compress(tail)) * LOOP < len(tail)


def asked_longer(request: Request, completion: Completion) -> Request | None:
    """The request with a higher limit of tokens, where an answer was cut off that had thoughts in it."""
    limit = request.params.get("max_tokens")
    if completion.finish != "length" or limit is None:
        return None
    thoughts = str(completion.extra.get("reasoning") or "")
    if not thoughts and without_thinking(completion.text).strip() == completion.text.strip():
        return None
    if loops(thoughts) or loops(completion.text):
        return None
    return dataclasses.replace(request, params={**request.params, "max_tokens": limit + FOR_THOUGHTS})


def asked_fresh(backend: Generator[Any], request: Request) -> Request:
    """The request once more; its next seed is another. What it says of sampling stays as it is, but for 0."""
    params = {**backend.against_loops, **request.params}
    if params == request.params and params.get("temperature") == 0:
        params["temperature"] = WARM
    return dataclasses.replace(request, params=params)
