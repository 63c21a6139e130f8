"""The stage that takes a row through its generations."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, TypeAlias, TypeVar

from fms_dgt.builders.evol_instruct.elimination import check_answer, check_instruction, check_response
from fms_dgt.core.composed import one_row
from fms_dgt.core.kit import Kit
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check, Generate, Map, Outcome, Stage
from fms_dgt.errors import InputError, Problem, Rejected

Kept: TypeAlias = Literal["all", "last"]
Column: TypeAlias = Literal["instruction", "response"]


def columns_of(column: Column) -> tuple[str, ...]:
    """What is noted of each generation: what it was evolved from, what its row began with, and how."""
    return f"parent_{column}", f"original_{column}", "generation", "mutation"


def begin(column: Column) -> Map:
    """Notes a row as generation 0; rejects one that has nothing to evolve."""
    needed = sorted({"instruction", column})

    def begun(row: Row) -> Mapping[str, Any]:
        for name in needed:
            if not isinstance(row.get(name), str) or not row[name].strip():
                raise Rejected(f"no text in the column '{name}'", row.get(name))
        return dict(zip(columns_of(column), ("", row[column], 0, ""), strict=True))

    return Map(begun, needs=needed, makes=columns_of(column), name="begin")


@dataclass(frozen=True)
class Evolve(Stage):
    """Changes a column of the row, generation after generation, by a mutation drawn for each.

    What fails is a rejection of that generation, and its parent goes on to the next. The generations
    that came through become rows: all of them, or the last one. `answer` writes the response to each
    evolved instruction; `judge` must find a gain over the parent.
    """

    # one mutation is drawn for each generation
    in_turn: ClassVar[bool] = False

    column: Column
    generations: int
    mutations: Sequence[Generate]
    judge: Check | None = None
    answer: Generate | None = None
    kept: Kept = "all"
    with_original: bool = False
    prompt_words: Sequence[str] = ()
    refusal_words: Sequence[str] = ()
    copies: Check | None = None
    answer_copies: Check | None = None

    def needs(self) -> frozenset[str]:
        return frozenset({"instruction", self.column, *columns_of(self.column)})

    def makes(self) -> frozenset[str]:
        return frozenset({"response"} if self.answer else ())

    def inner(self) -> tuple[Stage, ...]:
        stages = (*self.mutations, self.copies, self.judge, self.answer, self.answer_copies)
        return tuple(stage for stage in stages if stage is not None)

    def with_inner(self, inner: Sequence[Stage]) -> Self:
        given = {stage.name: stage for stage in inner}
        changed = [given.get(stage.name) for stage in self.mutations]
        mutations = tuple(stage for stage in changed if isinstance(stage, Generate))
        if not mutations:
            mend = "leave one of the stages of mutations enabled"
            raise InputError([Problem(f"the stage '{self.name}' has no mutation left", mend)])
        return dataclasses.replace(
            self,
            mutations=mutations,
            judge=_still(self.judge, given, Check),
            answer=_still(self.answer, given, Generate),
            copies=_still(self.copies, given, Check),
            answer_copies=_still(self.answer_copies, given, Check),
        )

    def multiplies(self) -> int:
        return (self.generations if self.kept == "all" else 1) + self.with_original

    async def run(self, row: Row, kit: Kit) -> Outcome:
        ends: list[Row | Rejected] = [await self._first(row, kit)] if self.with_original else []
        parent, earlier = row, [row[self.column]]
        for generation in range(1, self.generations + 1):
            mutation = kit.random(f"generation {generation}").choice(self.mutations)
            about = {"generation": generation, "mutation": mutation.name}
            child = await self._next(parent, earlier, mutation, about, kit)
            ends.append(child)
            if isinstance(child, Row):
                parent = child
                earlier.append(child[self.column])
        return ends if self.kept == "all" else self._without_superseded(ends, parent)

    def _without_superseded(self, ends: Sequence[Row | Rejected], last: Row) -> list[Row | Rejected]:
        stays = (0, last["generation"])
        return [end for end in ends if isinstance(end, Rejected) or end["generation"] in stays]

    async def _first(self, row: Row, kit: Kit) -> Row | Rejected:
        """What the row began with, answered if it is not yet."""
        said = row.get("response")
        if not self.answer or (isinstance(said, str) and said.strip()):
            return row
        try:
            return await self._answered(row, kit)
        except Rejected as rejected:
            return _told(rejected, {"generation": 0})

    async def _next(
        self, parent: Row, earlier: Sequence[str], mutation: Generate, about: Mapping[str, Any], kit: Kit
    ) -> Row | Rejected:
        """The next generation, or why there is none. A call that failed for good is such a reason, too."""
        try:
            evolved = one_row(await kit.step(mutation, parent), mutation)
            text = str(evolved[self.column]).strip()
            self._check(text, parent[self.column], earlier)
            changed = {self.column: text, f"parent_{self.column}": parent[self.column], **about}
            if self.column == "instruction" and "response" in parent:
                # it answered the parent
                changed["response"] = ""
            child = parent.with_(**changed)
            if self.copies is not None:
                await kit.step(self.copies, child)
            await self._judged(child, kit)
            return await self._answered(child, kit)
        except Rejected as rejected:
            return _told(rejected, about)

    def _check(self, text: str, parent: str, earlier: Sequence[str]) -> None:
        if self.column == "instruction":
            check_instruction(text, parent, self.prompt_words, earlier)
        else:
            check_response(text, parent, self.prompt_words, self.refusal_words, earlier)

    async def _judged(self, child: Row, kit: Kit) -> None:
        judge = self.judge
        if judge is None:
            return
        try:
            await kit.step(judge, child)
        except Rejected as rejected:
            if judge.keep is not None and rejected.reason == judge.keep.missed:
                evidence = {"judge": rejected.evidence, "text": child[self.column]}
                raise Rejected("no gain over its parent", evidence) from rejected
            raise

    async def _answered(self, row: Row, kit: Kit) -> Row:
        if self.answer is None:
            return row
        answered = one_row(await kit.step(self.answer, row), self.answer)
        check_answer(str(answered["response"]), self.refusal_words)
        if self.answer_copies is not None:
            await kit.step(self.answer_copies, answered)
        return row.with_(response=answered["response"])


S = TypeVar("S", bound=Stage)


def _still(stage: Stage | None, given: Mapping[str, Stage], kind: type[S]) -> S | None:
    """What a stage has become; None where it was switched off."""
    found = given.get(stage.name) if stage is not None else None
    return found if isinstance(found, kind) else None


def _told(rejected: Rejected, about: Mapping[str, Any]) -> Rejected:
    """The rejection with the generation that it ended."""
    evidence = rejected.evidence
    said = evidence if isinstance(evidence, Mapping) else {"text": evidence}
    return Rejected(rejected.reason, {**about, **{k: v for k, v in said.items() if v is not None}})
