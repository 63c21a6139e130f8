"""Skills: seed examples in, judged instruction and response pairs out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from fms_dgt.builders.skills_sdg.record import SkillsRecord
from fms_dgt.builders.skills_sdg.task import SkillsSeed, SkillsTask
from fms_dgt.builders.skills_sdg.teacher import TeacherConfig
from fms_dgt.core.builder import BuilderOptions, DataBuilder
from fms_dgt.core.composed import Branch, Flow
from fms_dgt.core.row import Row
from fms_dgt.core.source import Accepted, Draw, Endless, Source
from fms_dgt.core.stages import Check, Generate, Judge, Map, Stage
from fms_dgt.core.typed import option
from fms_dgt.core.validator import at_least, equal


@dataclass(frozen=True, kw_only=True)
class SkillsOptions(BuilderOptions):
    """How the prompts are filled and how much one call asks for."""

    # the prompts themselves shape the data and are fingerprinted; where they stand does not
    teacher_config: TeacherConfig = option(
        default_factory=TeacherConfig, shapes=False, help="a file that names the template files"
    )
    num_prompt_instructions: int = option(3, low=1, help="seed examples in a prompt")
    request_batch_size: int = option(5, low=1, help="samples asked for in a prompt")
    contexts_per_draw: int = option(10, low=1, help="contexts asked for in a prompt (grounded)")
    questions_per_context: int = option(3, low=1, help="questions asked for about a context (grounded)")
    simple: bool = option(False, help="ask for finished pairs in one call, judge only the pair")
    join_context: bool = option(False, help="put context and question together into 'instruction'")


class SkillsBuilder(DataBuilder[SkillsTask]):
    """Skills: judged instruction and response pairs in the manner of a few seed examples.

    Each seed goes down its own flow: grounded where it has a context, free where it has none.
    """

    Options = SkillsOptions
    record = SkillsRecord
    options: SkillsOptions

    def source(self, task: SkillsTask) -> Source:
        return Endless(seeds_in_turn(task.seed_examples, self.options.num_prompt_instructions))

    def flow(self, task: SkillsTask) -> Flow:
        seeds = task.seed_examples
        flows = {"free": self._free(seeds), "grounded": self._grounded(seeds)}
        kinds = {seed.kind for seed in seeds}
        return Flow(Branch("kind", to={kind: flow for kind, flow in flows.items() if kind in kinds}))

    def template_files(self) -> Mapping[str, Path]:
        return self.options.teacher_config.files

    def _free(self, seeds: Sequence[SkillsSeed]) -> Flow:
        batch = self.options.request_batch_size
        known = _column(seeds, "instruction")
        new = (
            Check("copies", on="instruction", name="not_a_seed_question", known=known),
            Check("dedup", on="instruction", name="dedup_question", known=known),
        )
        own_answer = Check("answer_copies", on="response", known=_column(seeds, "response"))
        judge_pair = Judge("filter_qa_template", keep=at_least(2), into="pair")
        if self.options.simple:
            pairs = Generate("simple_template_freeform", into=("instruction", "response"), count=batch)
            return Flow(pairs, *new, own_answer, judge_pair)
        return Flow(
            Generate("question_template_freeform", into="instruction", count=batch),
            *new,
            Judge("filter_questions_template", keep=equal(1), into="question"),
            Generate("answer_template", into=("response",)),
            own_answer,
            judge_pair,
        )

    def _grounded(self, seeds: Sequence[SkillsSeed]) -> Flow:
        options = self.options
        known = _column(seeds, "context")
        new_context = (
            Check("copies", on="context", name="not_a_seed_context", known=known),
            Check("dedup", on="context", name="dedup_context", known=known),
        )
        # a question of a seed may be asked about another text
        new_question = (
            Check("copies", on="instruction", name="copies_grounded_question"),
            Check("dedup", on="instruction", within="context", name="dedup_grounded_question"),
        )
        own_answer = Check(
            "answer_copies", on="response", name="grounded_answer_copies", known=_column(seeds, "response")
        )
        judge_pair = Judge("filter_qa_context_template", keep=at_least(2), into="pair")
        end: tuple[Stage, ...] = (own_answer, judge_pair, *([JOIN] if options.join_context else []))
        if options.simple:
            parts = ("context", "instruction", "response")
            samples = Generate("simple_template_grounded", into=parts, count=options.request_batch_size)
            return Flow(samples, *new_context, *new_question, *end)
        return Flow(
            Generate("context_template", into="context", count=options.contexts_per_draw),
            *new_context,
            Generate("question_template_grounded", into="instruction", count=options.questions_per_context),
            *new_question,
            Judge("filter_questions_context_template", keep=equal(1), into="question"),
            Generate("answer_context_template", into=("response",)),
            *end,
        )


def seeds_in_turn(seeds: Sequence[SkillsSeed], shown: int) -> Draw:
    """Unit `index` is one seed's turn; up to `shown - 1` others of its kind stand beside it.

    So each seed shapes as many draws as any other, and each kind as many as it has seeds: also of the
    first few, for a draw gives several records.
    """
    turns = _spread(seeds)

    def draw(index: int, random: Random, _: Accepted) -> dict[str, Any]:
        seed = turns[index % len(turns)]
        others = [other for other in seeds if other is not seed and other.kind == seed.kind]
        examples = [seed, *random.sample(others, min(shown - 1, len(others)))]
        random.shuffle(examples)
        return {"kind": seed.kind, "examples": [_shown(one) for one in examples]}

    return draw


def _spread(seeds: Sequence[SkillsSeed]) -> list[SkillsSeed]:
    """The seeds with their kinds mixed evenly, each kind in its own order."""
    often = Counter(seed.kind for seed in seeds)
    met: Counter[str] = Counter()
    places = []
    for seed in seeds:
        places.append((met[seed.kind] + 0.5) / often[seed.kind])
        met[seed.kind] += 1
    return [seed for _, seed in sorted(zip(places, seeds, strict=True), key=lambda pair: pair[0])]


# the tags that the templates and their replies are written with
_OUR_TAG = re.compile(r"<(?=/?(?:example|context|instruction|response|think(?:ing)?)\b)", re.IGNORECASE)


def _shown(seed: SkillsSeed) -> dict[str, str]:
    """A seed as it stands in prompts: what looks like a tag of ours gets a space, so that it ends nothing."""
    return {name: _OUR_TAG.sub("< ", text) for name, text in seed.columns().items()}


def _column(seeds: Sequence[SkillsSeed], name: str) -> list[str]:
    return list(dict.fromkeys(text for seed in seeds if (text := seed.columns()[name])))


def join_context(row: Row) -> Mapping[str, str]:
    """Context and question in one column; an empty context keeps others from adding it again."""
    return {"instruction": f"{row['context']}\n\n{row['instruction']}", "context": ""}


JOIN = Map(join_context, needs=["context", "instruction"], makes=["context", "instruction"])
