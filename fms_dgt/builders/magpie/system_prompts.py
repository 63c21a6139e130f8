"""The system prompts of a task: none, one, or several with weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Any, Self

from fms_dgt.core.node import Node
from fms_dgt.errors import Problem

_MEND = "write a text, a list of texts, or a mapping of names to texts or {text: ..., weight: 2}"


@dataclass(frozen=True)
class SystemPrompts:
    """Texts by name, each with its weight. Weights are shares of their sum, whatever that is."""

    texts: tuple[tuple[str, str], ...] = ()
    weights: tuple[float, ...] = ()

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """Read a text, a list, or a mapping of names to texts, `[text, weight]` or `{text, weight}`."""
        before = len(problems)
        if isinstance(node.value, str):
            entries = [("", node)] if node.value.strip() else []
        elif node.is_list:
            entries = [(str(at + 1), child) for at, child in enumerate(node.value)]
        elif node.is_mapping:
            entries = list(node.items())
        else:
            problems.append(node.problem(f"must say system prompts, not be {node.kind()}", _MEND))
            return None
        read = [(name, *_weighted(child, problems)) for name, child in entries]
        if entries and not sum(weight for _, _, weight in read):
            problems.append(node.problem("has no weight above 0", "give one of the prompts a weight"))
        if len(problems) > before:
            return None
        return cls(tuple((name, text) for name, text, _ in read), tuple(weight for _, _, weight in read))

    def drawn(self, random: Random) -> dict[str, str]:
        """One of them for a unit, as columns."""
        if not self.texts:
            return {"system_prompt": "", "system_prompt_name": ""}
        ((name, text),) = random.choices(self.texts, self.weights)
        return {"system_prompt": text, "system_prompt_name": name}


def _weighted(node: Node, problems: list[Problem]) -> tuple[str, float]:
    """A text and its weight, 1 where none is said."""
    said: Any = node.plain()
    if isinstance(said, str):
        said = {"text": said}
    if isinstance(said, list) and len(said) == 2:
        said = {"text": said[0], "weight": said[1]}
    known = isinstance(said, dict) and said.keys() <= {"text", "weight"}
    text, weight = (said.get("text"), said.get("weight", 1)) if known else (None, 1)
    if not isinstance(text, str) or not text.strip():
        problems.append(node.problem("is no system prompt", _MEND))
        return "", 1
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if not is_number or not math.isfinite(weight) or weight < 0:
        problems.append(node.problem(f"the weight {weight} is no share", "write a number, 0 or more"))
        return text, 1
    return text.strip(), float(weight)
