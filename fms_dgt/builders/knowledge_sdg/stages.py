"""Stages that this builder has beside those of every flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from fms_dgt.core.composed import one_row
from fms_dgt.core.kit import Kit
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check, Generate, Outcome, Stage
from fms_dgt.core.validator import equal
from fms_dgt.errors import CallFailed, Rejected

SHOWN = 5
UNSUPPORTED = "a claim is not supported by the document"


@dataclass(frozen=True)
class AsMany(Generate):
    """Asks for as many items as there are, and takes `count` of them at the most."""

    async def run(self, row: Row, kit: Kit) -> Outcome:
        reply = await kit.ask(self.role, self.template, params=self.params)
        return [row.with_(**self._named(value)) for value in reply.value[: self.count]]

    def _named(self, value: Any) -> dict[str, Any]:
        if isinstance(self.into, str):
            return {self.into: value}
        return dict(zip(self.into, value.values(), strict=True))


@dataclass(frozen=True)
class All(Generate):
    """Asks for all items there are, as one list; one that was cut off, or has over `count`, is none."""

    async def run(self, row: Row, kit: Kit) -> Outcome:
        reply = await kit.ask(self.role, self.template, params=self.params)
        if reply.cut:
            raise Rejected("the list was cut off", {"read": reply.value})
        if len(reply.value) > self.count:
            raise Rejected(f"the list has more than {self.count} entries", {"read": reply.value[:SHOWN]})
        return row.with_(**{str(self.into): reply.value})


@dataclass(frozen=True)
class Summary(Generate):
    """Asks for a text, `count` times. One that cannot be read is left to `Texts` to reject, with the reason.

    The atomic facts of a long table may never fit into a reply; its other texts are asked about all the same.
    """

    async def run(self, row: Row, kit: Kit) -> Outcome:
        if self.count == 1:
            return row.with_(**await self._one(kit))
        made = await kit.together(*(self._one(kit) for _ in range(self.count)))
        return row.with_(**{name: [one[name] for one in made] for name in self.into})

    async def _one(self, kit: Kit) -> dict[str, Any]:
        try:
            reply = await kit.ask(self.role, self.template, params=self.params)
        except CallFailed:
            # no word on the text: the row is to be taken up again
            raise
        except Rejected as error:
            return {name: {"reason": error.reason, "evidence": error.evidence} for name in self.into}
        return self._columns(reply.value)


@dataclass(frozen=True)
class Texts(Stage):
    """One row a text, where `column` holds several; the columns they came from are emptied.

    What is emptied would otherwise stand in every row that comes of this one.
    """

    column: str
    emptied: Sequence[str]
    count: int = 1

    def needs(self) -> frozenset[str]:
        return frozenset([self.column])

    def multiplies(self) -> int:
        return self.count

    async def run(self, row: Row, kit: Kit) -> Outcome:
        value = row[self.column]
        empty = {name: "" for name in self.emptied if name != self.column}
        texts = value if isinstance(value, list) else [value]
        return [
            Rejected(text["reason"], text["evidence"])
            if isinstance(text, Mapping)
            else row.with_(**empty, **{self.column: text})
            for text in texts
        ]


@dataclass(frozen=True)
class Steps(Stage):
    """Several stages as one, so that a config switches them off together."""

    stages: Sequence[Stage]

    def inner(self) -> tuple[Stage, ...]:
        return tuple(self.stages)

    def with_inner(self, inner: Sequence[Stage]) -> Self:
        return replace(self, stages=tuple(inner))

    def makes(self) -> frozenset[str]:
        return frozenset().union(*(stage.makes() for stage in self.stages))

    async def run(self, row: Row, kit: Kit) -> Outcome:
        for stage in self.stages:
            row = one_row(await kit.step(stage, row), stage)
        return row


@dataclass(frozen=True)
class ClaimCheck(Check):
    """A judge's check of one claim; the rejection's evidence names the claim."""

    shown: ClassVar[str] = "claim"

    async def run(self, row: Row, kit: Kit) -> Outcome:
        verdict = await kit.measure(self, row)
        if not (self.keep or equal(1))(verdict.score):
            evidence = {self.shown: row[self.shown], "score": verdict.score, "reason": verdict.reason}
            raise Rejected(UNSUPPORTED, evidence)
        return row


@dataclass(frozen=True)
class ClaimsCheck(ClaimCheck):
    """A judge's check of all claims in one call; the rejection's evidence has them, and what it says."""

    shown: ClassVar[str] = "claims"


def examples_of(seeds: Sequence[Mapping[str, Any]], shown: int) -> Iterator[dict[str, Any]]:
    """What prompts may show as the example: a context with `shown` of its pairs, or as many plain pairs.

    Each pair begins one of them, so that all are shown as often.
    """
    groups = [seed for seed in seeds if seed["context"]]
    plain = [pair for seed in seeds if not seed["context"] for pair in seed["pairs"]]
    for group in [*groups, *([{"context": "", "pairs": plain}] if plain else [])]:
        pairs = group["pairs"]
        turns = len(pairs) if len(pairs) > shown else 1
        for turn in range(turns):
            turned = [*pairs[turn:], *pairs[:turn]]
            yield {"context": group["context"], "pairs": turned[:shown]}
