"""What runs in a worker process: one function, job after job, each within its limits.

Started by `worker.py` as `python -P -m fms_dgt.safety.work MODULE:FUNCTION`. Requests are marshalled by the
parent, which keeps tuples tuples; answers are JSON, since the parent must trust nothing that comes from here.
"""

from __future__ import annotations

import importlib
import json
import marshal
import os
import resource
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from fms_dgt.errors import UserError

HEADER = 4
_MESSAGE_CHARS = 2_000


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # what a library prints must not be read as an answer
    os.dup2(2, 1)
    module, _, name = sys.argv[1].partition(":")
    function = getattr(importlib.import_module(module), name)
    _send(answers, b"{}")
    while len(header := requests.read(HEADER)) == HEADER:
        request = marshal.loads(requests.read(int.from_bytes(header, "big")))  # noqa: S302 (the parent's)
        _send(answers, _answer(function, *request))


def _send(answers: BinaryIO, data: bytes) -> None:
    answers.write(len(data).to_bytes(HEADER, "big") + data)
    answers.flush()


def _answer(
    function: Callable[..., Any], seconds: float, memory: int, output: int, arguments: tuple[Any, ...]
) -> bytes:
    try:
        _limit(seconds, memory)
        result = _encoded({"value": function(*arguments)})
        if len(result) <= output:
            return result
        failure: dict[str, Any] = {"over": "output"}
    except MemoryError:
        failure = {"over": "memory"}
    except BaseException as error:  # noqa: BLE001 (a library may do anything, exit included)
        failure = {
            "error": str(error)[:_MESSAGE_CHARS],
            "kind": type(error).__name__,
            "for_user": isinstance(error, UserError),
        }
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, _hard(resource.RLIMIT_DATA)))
    return _encoded(failure)


def _encoded(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _limit(seconds: float, memory: int) -> None:
    """Bound this job. The parent ends it in time; the limit on the processor is for a parent that died."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(used.ru_utime + used.ru_stime + (seconds + 1) * (os.cpu_count() or 1)) + 1
    for kind, most in ((resource.RLIMIT_CPU, allowed), (resource.RLIMIT_DATA, memory)):
        hard = _hard(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _hard(kind: int) -> int:
    return resource.getrlimit(kind)[1]


if __name__ == "__main__":
    main()
