"""Answers of stand-in judges: blind ones, and one that looks at the row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from fms_dgt.testing import prompt_of

Body = Mapping[str, Any]
SIDE = r"<answer_{0}>\s*(.*?)\s*</answer_{0}>"


def scale_of(body: Body) -> tuple[str, int, int] | None:
    """The score's key and scale in the schema that came along; None where no score is asked for."""
    form = body.get("response_format")
    properties = form["json_schema"]["schema"]["properties"] if form else {}
    for name, entry in properties.items():
        if all(isinstance(value, int) for value in entry.get("enum", "-")):
            return name, min(entry["enum"]), max(entry["enum"])
    return None


def judge(verdict: Callable[[str, int, int], int]) -> Callable[[Body], str]:
    """A model that judges by `verdict(prompt, low, high)`; whatever else it is asked, it answers at length."""

    def answer(body: Body) -> str:
        scale = scale_of(body)
        prompt = prompt_of(body)
        if scale is None:
            words = re.findall(r"[^\W_]{4,}", prompt.splitlines()[0])
            return f"About {' and '.join(words)}: think of it, then of the next thing, and then begin."
        name, low, high = scale
        return json.dumps({"reason": f"It has {len(prompt)} letters.", name: verdict(prompt, low, high)})

    return answer


always_top = judge(lambda prompt, low, high: high)
always_low = judge(lambda prompt, low, high: low)


def seeing(right: Collection[tuple[str, str]]) -> Callable[[Body], str]:
    """Gives the highest score where a question stands in the prompt with its own answer, else the lowest.

    Of two answers it prefers the one that belongs to the question.
    """

    def verdict(prompt: str, low: int, high: int) -> int:
        sides = [re.search(SIDE.format(side), prompt, re.DOTALL) for side in "ab"]
        questions = [(question, answer) for question, answer in right if question in prompt]
        if all(sides):
            answers = {answer for _, answer in questions}
            better = [side[1] in answers for side in sides if side]
            return low if better == [True, False] else high if better == [False, True] else (low + high) // 2
        return high if any(answer in prompt for _, answer in questions) else low

    return judge(verdict)
