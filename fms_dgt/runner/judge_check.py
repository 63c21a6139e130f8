"""Judges are shown rows of known quality: whether they tell good from bad, before a run relies on them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, TypeVar

from fms_dgt.binding.bound import BoundTask
from fms_dgt.binding.judges import Judge, answering, calibration_rows, judges_of, seed_rows, seeds_of
from fms_dgt.binding.prices import model_of
from fms_dgt.core.judge_rows import MOST_EXAMPLES, Example, JudgeRow, JudgeRows, examples_of
from fms_dgt.core.row import Row, Unit
from fms_dgt.errors import CallFailed, FmsDgtError, Rejected
from fms_dgt.journal import Journal
from fms_dgt.plugins import full_text, must_pass
from fms_dgt.runner.calls import Calls
from fms_dgt.runner.judge_examples import rows_before_judges
from fms_dgt.runner.kit import StageKit
from fms_dgt.runner.memories import Memories
from fms_dgt.runner.stop import Abandoned, Stop
from fms_dgt.runner.walk import Surroundings, Walk

A = TypeVar("A")

# Answers stand in the journal as those of a unit of this name; units of a run have a number or a digest.
UNIT = "judge check"
# From fewer pairs, or of fewer examples, nothing is concluded.
FEWEST_PAIRS, FEWEST_EXAMPLES = 4, 2

Origin: TypeAlias = Literal["seeds", "calibrate"]
Conclusion: TypeAlias = Literal["sees", "blind", "too few rows", "not checked", "unanswered"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A row of known quality and its score; None where there is no score, and `error` why.

    It has `failed` where that is no word of the judge's: the call failed, or the run stopped.
    """

    kind: str
    score: float | None
    kept: bool = False
    error: str = ""
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class JudgeResult:
    """What one judge made of rows from one origin: seed examples, or the task's `calibrate`.

    Of `pairs`, each a better and a worse row, `told_apart` had the higher score on the better one. `why` is
    why there are no rows, or too few.
    """

    task: str
    judge: str
    role: str
    model: str
    origin: Origin
    keep: str
    bound: float
    rows: Sequence[Scored] = ()
    examples: int = 0
    pairs: int = 0
    told_apart: int = 0
    why: str = ""

    @property
    def share(self) -> float:
        """The share of the pairs that it told apart."""
        return self.told_apart / self.pairs if self.pairs else 0.0

    @property
    def conclusion(self) -> Conclusion:
        """Whether it can be trusted, as far as so few rows tell."""
        if not self.rows:
            return "not checked"
        if any(row.failed for row in self.rows) or all(row.score is None for row in self.rows):
            return "unanswered"
        if self.pairs < FEWEST_PAIRS or self.examples < FEWEST_EXAMPLES:
            return "too few rows"
        return "sees" if self.share >= self.bound else "blind"

    @property
    def unreadable(self) -> bool:
        """Whether it answered, and none of its replies has a score that can be read."""
        asked = len(self.rows) >= FEWEST_PAIRS and not any(row.failed for row in self.rows)
        return asked and self.conclusion == "unanswered"

    @property
    def trusted(self) -> bool:
        """Whether nothing speaks against a run that relies on it."""
        return self.conclusion != "blind" and not self.unreadable

    def __str__(self) -> str:
        judge = f"{self.task}: the judge '{self.judge}' ({self.role}, {self.model})"
        if self.unreadable:
            return (
                f"{judge} gave no score that can be read to any of {len(self.rows)} rows ({self.origin}), "
                f"{self.rows[0].error}: fms_dgt try shows its replies"
            )
        told = f"told {self.told_apart} of {self.pairs} pairs of a good and a bad row apart"
        return (
            f"{judge} {told} ({self.origin}); "
            f"{100 * self.bound:g} % are wanted: fms_dgt check-teachers --judge shows its scores"
        )

    def to_json(self) -> dict[str, Any]:
        """For `run.json` and `--json`."""
        scores: dict[str, list[float | None]] = {}
        for row in self.rows:
            scores.setdefault(row.kind, []).append(row.score)
        return {
            "judge": self.judge,
            "role": self.role,
            "model": self.model,
            "origin": self.origin,
            "conclusion": self.conclusion,
            "pairs": self.pairs,
            "told_apart": self.told_apart,
            "bound": self.bound,
            "scores": scores,
            "errors": sorted({row.error for row in self.rows if row.error}),
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class _Trial:
    """Rows that one judge is shown. `number` is part of their calls' keys, whatever else is shown."""

    judge: Judge
    origin: Origin
    number: int
    made: JudgeRows
    why: str = ""


class JudgeCheck:
    """Asks the judges of one task. Answers that the journal has are not asked for again."""

    def __init__(
        self,
        task: BoundTask,
        task_id: int,
        calls: Calls,
        journal: Journal,
        *,
        stop: Stop,
        fatal: Callable[[FmsDgtError], None],
    ) -> None:
        self._task = task
        # for who waits: rows that are judged, of all there are
        self.judged = self.rows = 0
        around = Surroundings(
            task, task_id, calls, stop, Memories.of(task), lambda _s, _o: None, lambda _s: None, fatal
        )
        self._walk = Walk(around, Unit(0, UNIT, {}), journal.answers(task_id, UNIT), (0, 0))

    @property
    def name(self) -> str:
        """The task's name."""
        return self._task.name

    async def results(self) -> list[JudgeResult]:
        """What each judge made of rows made from seed examples, and of the task's own ones."""
        task = self._task
        judges = judges_of(task.flow, task.templates, task.validators)
        given = [calibration_rows(task, judge) for judge in judges]
        examples, fault = self._examples()
        if not examples and not fault and not all(own.rows for own in given):
            examples = await rows_before_judges(self._walk, [judge.check.name for judge in judges])
        examples = await self._answered(examples)
        trials: list[_Trial] = []
        for number, (judge, own) in enumerate(zip(judges, given, strict=True)):
            rows, why = seed_rows(task, judge, examples) if not fault else (JudgeRows(), fault)
            if rows.rows or not own.rows:
                trials.append(_Trial(judge, "seeds", number, rows, why))
            trials.extend([_Trial(judge, "calibrate", len(judges) + number, own)] if own.rows else [])
        self.rows = sum(len(trial.made.rows) for trial in trials)
        return await _all(map(self._result, trials))

    def _examples(self) -> tuple[list[Example], str]:
        """The task's examples; none, and why, where a plugin's code for its rows fails."""
        try:
            return examples_of(seeds_of(self._task)), ""
        except BaseException as error:
            if must_pass(error):
                raise
            return [], f"its rows cannot be read: {full_text(error)}"

    async def _answered(self, examples: list[Example]) -> list[Example]:
        """The examples; where none has an answer, the flow's own model answers the first questions."""
        by = answering(self._task)
        if by is None or any(example.answer for example in examples):
            return examples
        role, template, names = by
        first = examples[:MOST_EXAMPLES]

        async def answer(at: int, example: Example) -> Example:
            row = Row(UNIT, dict.fromkeys(names, example.question), (at,))
            kit = StageKit(self._walk, row, UNIT, self._task.generators)
            try:
                reply = await kit.ask(role, template)
            except (Rejected, Abandoned, FmsDgtError):
                return example
            return example if reply.cut else replace(example, answer=str(reply.value))

        return await _all(answer(at, example) for at, example in enumerate(first))

    async def _result(self, trial: _Trial) -> JudgeResult:
        judge, made = trial.judge, trial.made
        scored: list[Scored] = await _all(
            self._scored(judge, row, (trial.number, at)) for at, row in enumerate(made.rows)
        )
        scores = [row.score for row in scored]
        told_apart = sum(
            low is not None and high is not None and low < high
            for low, high in ((scores[low], scores[high]) for low, high in made.pairs)
        )
        generators = judge.validator.generators.values()
        return JudgeResult(
            task=self._task.name,
            judge=judge.check.name,
            role=judge.check.validator,
            model=", ".join(dict.fromkeys(map(model_of, generators))),
            origin=trial.origin,
            keep=str(judge.check.keep) if judge.check.keep else "",
            bound=self._task.settings.judge_bound,
            rows=scored,
            examples=made.examples,
            pairs=len(made.pairs),
            told_apart=told_apart,
            why=trial.why,
        )

    async def _scored(self, judge: Judge, row: JudgeRow, path: tuple[int, int]) -> Scored:
        try:
            return await self._score(judge, row, path)
        finally:
            self.judged += 1

    async def _score(self, judge: Judge, row: JudgeRow, path: tuple[int, int]) -> Scored:
        check = judge.check
        shown = Row(UNIT, row.values, path)
        kit = StageKit(self._walk, shown, UNIT, self._task.generators)
        try:
            verdict = await kit.measure(check, shown)
        except CallFailed as error:
            text = dict(error.evidence or {}).get("error", error.reason)
            return Scored(row.kind, None, error=str(text), failed=True)
        except Rejected as error:
            return Scored(row.kind, None, error=_why(error))
        except Abandoned:
            return Scored(row.kind, None, error="the run stopped", failed=True)
        except BaseException as error:
            if must_pass(error) or isinstance(error, asyncio.CancelledError):
                raise
            return Scored(row.kind, None, error=full_text(error), failed=True)
        kept = check.keep(verdict.score) if check.keep else verdict.passed
        return Scored(row.kind, float(verdict.score), kept)


def _why(error: Rejected) -> str:
    """Why a judge's reply has no score."""
    evidence = error.evidence if isinstance(error.evidence, Mapping) else {}
    missing, tokens = evidence.get("missing"), evidence.get("cut_off_at")
    cut = f" It was cut off at {tokens} tokens; raise max_tokens." if tokens else ""
    return f"{error.reason}: {missing}{cut}" if missing else error.reason


async def _all(steps: Iterable[Coroutine[Any, Any, A]]) -> list[A]:
    """What several steps give, in their order; they go on at once."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(step) for step in steps]
    return [task.result() for task in tasks]
