"""What a worker is made to do in these tests."""

from __future__ import annotations

import os
import sys
from typing import Any


def work(kind: str, *given: Any) -> Any:
    if kind == "spin":
        while True:
            pass
    if kind == "power":
        return len(str(10 ** (10**9)))
    if kind == "memory":
        return len("a" * given[0])
    if kind == "text":
        return "a" * given[0]
    if kind == "exit":
        sys.exit(0)
    if kind == "die":
        os._exit(3)
    if kind == "raise":
        raise KeyError("a key")
    if kind == "print":
        print("x" * 100_000)
    if kind == "environment":
        return sorted(os.environ)
    if kind == "kinds":
        return [type(value).__name__ for value in given]
    return list(given)
