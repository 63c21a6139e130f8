"""Self-Instruct: a pool of instructions grows from seeds; or queries are written about texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.builders.self_instruct.draws import from_pool
from fms_dgt.builders.self_instruct.filters import BEYOND_TEXT, told_apart, usable
from fms_dgt.builders.self_instruct.record import SelfInstructRecord
from fms_dgt.builders.self_instruct.task import SelfInstructSeed, SelfInstructTask
from fms_dgt.core.builder import BuilderOptions, DataBuilder
from fms_dgt.core.composed import Branch, Flow
from fms_dgt.core.kit import Kit
from fms_dgt.core.row import Row
from fms_dgt.core.source import Endless, Source
from fms_dgt.core.stages import Check, Generate, Map, Outcome, Stage
from fms_dgt.core.typed import option
from fms_dgt.errors import Problem, Rejected


@dataclass(frozen=True, kw_only=True)
class SelfInstructOptions(BuilderOptions):
    """What prompts show and ask for, and which instructions are kept."""

    num_prompt_instructions: int = option(8, low=2, help="instructions shown in a prompt")
    num_accepted: int = option(2, low=0, help="of these, accepted ones at most; the others are seeds")
    num_instructions: int = option(5, low=1, high=50, help="instructions asked for in a prompt")
    lag: int = option(16, low=1, help="a prompt shows what was accepted so many prompts before it")
    answers: bool = option(True, help="write inputs and outputs, too")
    instances: int = option(1, low=1, help="inputs and outputs for an instruction")
    class_instances: int = option(2, low=1, help="the same where the output is one of a few labels")
    min_words: int = option(3, low=1, help="an instruction's words at the least")
    max_words: int = option(150, low=1, help="an instruction's words at the most")
    unwanted_words: list[str] = option(
        default_factory=lambda: list(BEYOND_TEXT), help="words of instructions that text cannot serve"
    )

    def __post_init__(self) -> None:
        if self.min_words > self.max_words:
            raise ValueError(f"min_words is {self.min_words}, more than max_words ({self.max_words})")


class SelfInstructBuilder(DataBuilder[SelfInstructTask]):
    """Self-Instruct: instructions with inputs and outputs in the manner of a few seeds (Wang et al. 2022).

    What is accepted is shown in later prompts. A task with texts in place of seeds gets instructions
    about each of them.
    """

    Options = SelfInstructOptions
    record = SelfInstructRecord
    options: SelfInstructOptions

    def source(self, task: SelfInstructTask) -> Source:
        options = self.options
        if task.is_about_texts:
            return task.texts()
        draw = from_pool(task.seed_examples, options.num_prompt_instructions, options.num_accepted)
        # without accepted instructions in prompts, units need not wait for each other
        return Endless(draw, options.lag if options.num_accepted else 0)

    def flow(self, task: SelfInstructTask) -> Flow:
        number = self.options.num_instructions
        if task.is_about_texts:
            answer = [Generate("answer", into=("output",))] if self.options.answers else []
            queries = Generate("queries", into="instruction", count=number)
            own_answer = [Check("answer_copies", on="output")] if answer else []
            return Flow(HAS_TEXT, queries, *self._new([]), *answer, *own_answer)
        seeds = list(dict.fromkeys(seed.instruction.strip() for seed in task.seed_examples))
        written = Generate("new_instructions", into="instruction", count=number)
        return Flow(written, *self._new(seeds), *self._instances(task.seed_examples))

    def columns(self, task: SelfInstructTask) -> Mapping[str, Any]:
        about = {"application_description": task.application_description, "criteria": task.criteria}
        return {**super().columns(task), **(about if task.is_about_texts else {})}

    def check(self, task: SelfInstructTask) -> list[Problem]:
        return task.problems()

    def _new(self, known: list[str]) -> list[Stage]:
        options = self.options
        fit = usable((options.min_words, options.max_words), options.unwanted_words)
        return [
            Map(fit, needs=["instruction"], name="usable"),
            Check("copies", on="instruction", name="instruction_copies", known=known),
            Check("dedup", on="instruction", name="dedup_instruction", known=known),
        ]

    def _instances(self, seeds: Sequence[SelfInstructSeed]) -> list[Stage]:
        options = self.options
        if not options.answers:
            return []
        # labels first: asked for inputs first, models write nearly all of them for one label
        by_kind = {
            True: Flow(Instances("output_first", ("output", "input"), count=options.class_instances)),
            False: Flow(Instances("input_first", ("input", "output"), count=options.instances)),
        }
        inputs = [seed.input.strip() for seed in seeds if seed.input.strip()]
        outputs = [seed.output.strip() for seed in seeds if seed.output.strip()]
        return [
            Generate("classification", into="asked_kind"),
            KIND,
            Branch("is_classification", to=by_kind),
            Check("answer_copies", on="input", name="input_copies", known=inputs),
            Check("answer_copies", on="output", name="output_copies", known=outputs),
        ]


class Instances(Generate):
    """Inputs and outputs for an instruction, a row each; those that teach nothing end here."""

    async def run(self, row: Row, kit: Kit) -> Outcome:
        made = await super().run(row, kit)
        rows = made if isinstance(made, list) else [made]
        return told_apart([one for one in rows if isinstance(one, Row)])


def has_text(row: Row) -> Mapping[str, str]:
    """Rejects rows of a table that have nothing to ask about."""
    text = row.get("input")
    if not isinstance(text, str) or not text.strip():
        raise Rejected("no text in the column 'input'", text)
    return {"input": text.strip()}


def kind_of(row: Row) -> Mapping[str, bool]:
    """What was said of the instruction, as a column that a branch can go by."""
    return {"is_classification": row["asked_kind"]["score"] == 1}


HAS_TEXT = Map(has_text, needs=["input"], makes=["input"])
KIND = Map(kind_of, needs=["asked_kind"], makes=["is_classification"], name="kind")
