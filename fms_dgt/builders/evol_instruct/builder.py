"""Evol-Instruct: instructions evolve, in depth and in breadth; or their answers do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from fms_dgt.builders.evol_instruct.elimination import PROMPT_WORDS
from fms_dgt.builders.evol_instruct.evolve import Column, Evolve, Kept, begin
from fms_dgt.builders.evol_instruct.task import EvolInstructTask
from fms_dgt.core.builder import BuilderOptions, DataBuilder
from fms_dgt.core.composed import Flow
from fms_dgt.core.record import Columns
from fms_dgt.core.source import Source
from fms_dgt.core.stages import Check, Generate, Judge
from fms_dgt.core.typed import option
from fms_dgt.core.validator import equal
from fms_dgt.errors import Problem

Variant: TypeAlias = Literal["instruct", "complexity", "quality"]
Mutation: TypeAlias = Literal[
    "add_constraints",
    "deepen",
    "concretize",
    "add_reasoning_steps",
    "complicate_input",
    "breadth",
    "helpfulness",
    "relevance",
    "depth",
    "creativity",
    "details",
]

IN_DEPTH: tuple[Mutation, ...] = get_args(Mutation)[:5]
OF_ANSWERS: tuple[Mutation, ...] = get_args(Mutation)[6:]
MUTATIONS: dict[Variant, tuple[Mutation, ...]] = {
    "instruct": (*IN_DEPTH, "breadth"),
    "complexity": IN_DEPTH,
    "quality": OF_ANSWERS,
}


@dataclass(frozen=True, kw_only=True)
class EvolInstructOptions(BuilderOptions):
    """What evolves, how often, and what of it is kept."""

    variant: Variant = option("instruct", help="evolve instructions, in depth alone, or answers")
    num_evolutions: int = option(4, low=1, high=100, help="generations")
    mutations: list[Mutation] = option(default_factory=list, help="those that are drawn; all by default")
    keep: Kept = option("all", help="every generation that came through becomes a record, or the last")
    include_original: bool = option(False, help="what a row began with becomes a record, too")
    answers: bool = option(True, help="write a response to each evolved instruction")
    prompt_words: list[str] = option(
        default_factory=lambda: list(PROMPT_WORDS), help="words of prompts that evolutions must not copy"
    )
    refusal_words: list[str] = option(
        default_factory=lambda: ["sorry"], help="words that make an answer of under 80 words a refusal"
    )

    def __post_init__(self) -> None:
        of_variant = MUTATIONS[self.variant]
        for name in self.mutations:
            if name not in of_variant:
                known = ", ".join(of_variant)
                raise ValueError(
                    f"mutations: '{name}' is none of the variant '{self.variant}', whose are: {known}"
                )
        if len(set(self.mutations)) < len(self.mutations):
            raise ValueError("mutations: one is there twice; name each once")

    @property
    def column(self) -> Column:
        """The column that evolves."""
        return "response" if self.variant == "quality" else "instruction"


class EvolInstructBuilder(DataBuilder[EvolInstructTask]):
    """Evol-Instruct: harder and more varied instructions out of given ones (WizardLM), or better answers.

    Each row goes through its generations by itself: what fails in one of them is a rejection with a
    reason, and the row goes on from where it was.
    """

    Options = EvolInstructOptions
    record = Columns
    options: EvolInstructOptions

    def source(self, task: EvolInstructTask) -> Source:
        return task.rows()

    def flow(self, task: EvolInstructTask) -> Flow:
        options, column = self.options, self.options.column
        mutations = options.mutations or MUTATIONS[options.variant]
        answers = options.answers and column == "instruction"
        evolve = Evolve(
            column,
            options.num_evolutions,
            # one field, read into the column that evolves
            tuple(Generate(name, into=(column,)) for name in mutations),
            Judge(f"judge_{column}", keep=equal(1)),
            Generate("answer", into=("response",)) if answers else None,
            options.keep,
            options.include_original,
            tuple(options.prompt_words),
            tuple(options.refusal_words),
            copies=Check("copies", on=column),
            answer_copies=Check("copies", on="response", name="answer_copies") if answers else None,
            name="evolve",
        )
        return Flow(begin(column), evolve)

    def check(self, task: EvolInstructTask) -> list[Problem]:
        return task.problems(tuple(sorted({"instruction", self.options.column})))
