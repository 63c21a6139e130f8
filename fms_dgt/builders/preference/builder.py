"""Preferences: rows with prompts in, a chosen and a rejected answer to each out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fms_dgt.builders.preference.choice import by_comparisons, by_scores, pairs_of
from fms_dgt.builders.preference.stages import Answers
from fms_dgt.builders.preference.task import PreferenceTask
from fms_dgt.core.builder import BuilderOptions, DataBuilder
from fms_dgt.core.composed import Flow, ForEach
from fms_dgt.core.record import Columns
from fms_dgt.core.row import Row
from fms_dgt.core.source import Source
from fms_dgt.core.stages import Check, Map, Stage
from fms_dgt.core.table_source import Table, rows_of
from fms_dgt.core.template import names_in, render
from fms_dgt.core.typed import option
from fms_dgt.core.validator import at_least
from fms_dgt.errors import InputError, Problem, Rejected

OUTPUT = ("prompt", "chosen", "rejected", "chosen_role", "rejected_role", "chosen_score", "rejected_score")


@dataclass(frozen=True, kw_only=True)
class PreferenceOptions(BuilderOptions):
    """Who answers how often, and how the answers are judged."""

    answers: int = option(2, low=1, high=100, help="answers to each prompt from each of the roles")
    roles: list[str] = option(
        default_factory=lambda: ["generator"], nonempty=True, help="the blocks that answer"
    )
    temperatures: list[float] = option(
        default_factory=list, help="one for each answer of a role, in turn; by default the block's"
    )
    judge: Literal["scores", "pairwise"] = option(
        "scores", help="each answer by itself, or each two side by side in both orders"
    )
    min_margin: float = option(
        1.0, low=0, help="by how much the chosen answer must lead: points, or comparisons won"
    )

    def __post_init__(self) -> None:
        if self.answers * len(self.roles) < 2:
            raise ValueError("one answer to a prompt leaves nothing to compare; set 'answers' to 2 or more")
        if len(set(self.roles)) < len(self.roles):
            raise ValueError("roles: names one of them twice; raise 'answers' in place of it")
        if any(not 0 <= temperature <= 2 for temperature in self.temperatures):
            raise ValueError("temperatures: each must be from 0 to 2")


class PreferenceBuilder(DataBuilder[PreferenceTask]):
    """Preferences: several answers to each prompt, the best and the worst of them kept as a pair."""

    Options = PreferenceOptions
    record = Columns
    options: PreferenceOptions

    def source(self, task: PreferenceTask) -> Source:
        return rows_of(task.input)

    def check(self, task: PreferenceTask) -> list[Problem]:
        try:
            names_in(task.prompt)
        except InputError as error:
            return list(error.problems)
        return task.input.problems() if isinstance(task.input, Table) else []

    def output(self, task: PreferenceTask) -> tuple[str, ...]:
        return OUTPUT

    def flow(self, task: PreferenceTask) -> Flow:
        options = self.options
        answers = Answers(tuple(options.roles), options.answers, tuple(options.temperatures))
        judge = self._scored() if options.judge == "scores" else self._compared()
        return Flow(filled(task.prompt, self.columns(task)), answers, *judge)

    def _scored(self) -> list[Stage]:
        score = Check("validator", template="score_answer", keep=at_least(1), into="answer")
        return [
            ForEach(
                "answers",
                "answer",
                score,
                gather={"answers": "answer", "scores": "answer_score"},
                otherwise="item",
                name="each_answer",
            ),
            chosen(by_scores, ["answers", "scores"], self.options.min_margin),
        ]

    def _compared(self) -> list[Stage]:
        compare = Check("validator", template="compare_answers", keep=at_least(1), into="pair")
        return [
            Map(pairs_of, needs=["answers"], makes=["pairs"]),
            ForEach("pairs", "pair", compare, gather={"verdicts": "pair_score"}, name="each_pair"),
            chosen(by_comparisons, ["answers", "pairs", "verdicts"], self.options.min_margin),
        ]


def filled(template: str, columns: Mapping[str, Any]) -> Map:
    """The prompt of a row: what is answered, and what stands in the record."""
    used = sorted(names_in(template) - columns.keys())

    def prompt(row: Row) -> Mapping[str, Any]:
        for name in used:
            if row.get(name) is None:
                raise Rejected(f"no value in the column '{name}'")
        text = render(template, {**columns, **row}).strip()
        if not text:
            raise Rejected("nothing to ask about")
        return {"prompt": text}

    return Map(prompt, needs=used, makes=["prompt"])


def chosen(choose: Any, needs: list[str], margin: float) -> Map:
    """The best and the worst of the answers. Rejects rows where neither leads by `margin`."""

    def choose_pair(row: Row) -> Mapping[str, Any]:
        best, worst = choose(row)
        lead = best.score - worst.score
        if lead <= 0 or lead < margin:
            scores = {"best": best.score, "worst": worst.score, "wanted": margin}
            raise Rejected("no clear preference", scores)
        return {
            "chosen": best.text,
            "rejected": worst.text,
            "chosen_role": best.role,
            "rejected_role": worst.role,
            "chosen_score": best.score,
            "rejected_score": worst.score,
        }

    return Map(choose_pair, needs=needs, makes=list(OUTPUT[1:]))
