"""Seed examples that nobody has filled in yet: the `...` of an example task that was copied."""

from __future__ import annotations

from collections.abc import Iterator

from fms_dgt.core.node import Node
from fms_dgt.errors import Problem

_PLACEHOLDERS = frozenset({"...", "\N{HORIZONTAL ELLIPSIS}"})


def placeholder_problems(task: Node) -> Iterator[Problem]:
    """The seed examples' texts that are only a placeholder: a model would imitate them."""
    seeds = task.get("seed_examples")
    for leaf in seeds.leaves() if seeds else ():
        if isinstance(leaf.value, str) and leaf.value.strip() in _PLACEHOLDERS:
            yield leaf.problem(f"'{leaf.value.strip()}' is a placeholder", "write the text of the example")
