"""Several answers to one prompt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.kit import Kit
from fms_dgt.core.plain_words import normal
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Outcome, Stage
from fms_dgt.errors import CallFailed, Rejected

TEMPLATE = "answer"


@dataclass(frozen=True)
class Answers(Stage):
    """Puts the answers of each role into the column `answers`, each with its `role` and `text`.

    An answer that cannot be read, breaks off, or repeats another or the prompt is left out; two at least must
    be there.
    """

    roles: tuple[str, ...]
    each: int
    temperatures: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or "answers")

    def needs(self) -> frozenset[str]:
        return frozenset(["prompt"])

    def makes(self) -> frozenset[str]:
        return frozenset(["answers"])

    def asks(self) -> Iterator[tuple[str, str]]:
        for role in self.roles:
            yield role, TEMPLATE

    async def run(self, row: Row, kit: Kit) -> Outcome:
        asked = [(role, number) for role in self.roles for number in range(self.each)]
        given = await kit.together(*(self._answer(role, number, kit) for role, number in asked))
        answers: dict[str, dict[str, str]] = {}
        asked_for = normal(row["prompt"])
        for answer in given:
            if answer is not None and normal(answer["text"]) != asked_for:
                answers.setdefault(normal(answer["text"]), answer)
        if len(answers) < 2:
            left = {"asked": len(asked), "answers": [answer["text"] for answer in answers.values()]}
            raise Rejected("fewer than two different answers", left)
        return row.with_(answers=list(answers.values()))

    async def _answer(self, role: str, number: int, kit: Kit) -> dict[str, str] | None:
        params: dict[str, Any] = {}
        if self.temperatures:
            params["temperature"] = self.temperatures[number % len(self.temperatures)]
        try:
            reply = await kit.ask(role, TEMPLATE, params=params)
        except CallFailed:
            # no judgement on the answer: the row is to be taken up again
            raise
        except Rejected:
            return None
        return None if reply.cut else {"role": role, "text": reply.value}
