"""The seed examples of tasks as test rows: what a trained model can be tried on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_PAIRS = "questions_and_answers"


def seed_pairs(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a task's seeds ask, below their context where there is one, and the answers.

    `said` is a task as its file says it. What is not a seed example is passed over: runs check tasks.
    """
    examples = said.get("seed_examples")
    for example in examples if isinstance(examples, Iterable) else ():
        if not isinstance(example, Mapping):
            continue
        context = str(example.get("context") or "").strip()
        listed = example.get(_PAIRS)
        pairs = listed if isinstance(listed, list) and listed else [example]
        for pair in pairs:
            question = _first(pair, "question", "instruction")
            answer = _first(pair, "answer", "response")
            if question and answer:
                yield (f"{context}\n\n{question}" if context else question), answer


def _first(pair: Any, *names: str) -> str:
    values = (pair.get(name) for name in names) if isinstance(pair, Mapping) else ()
    return next((str(value).strip() for value in values if value), "")
