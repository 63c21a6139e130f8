"""JSON as the standard has it: without NaN and the infinities, also not as a number too large for a float."""

from __future__ import annotations

import json
import math
from typing import Any


def loads(text: str | bytes) -> Any:
    """The value that a text is. Raises ValueError, and RecursionError where it is nested too deep."""
    return json.loads(text, parse_constant=_refused, parse_float=finite)


def finite(text: str) -> float:
    """A number written as digits. Raises ValueError where no float can hold it."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
