"""Ordered checks, decided: which of a finished unit's rows stay, given the records before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from fms_dgt.core.validator import Match
from fms_dgt.runner.memories import FAULT, KNOWN, Memories
from fms_dgt.runner.outcome import CODE_ERROR, Judged, Leaf, Mark, Path, UnitOutcome

Known: TypeAlias = dict[tuple[str, Path], Match | None]

# Ends the path under which the fault of remembering a value is noted, beside that of comparing it.
_ADDING = -1


@dataclass(slots=True)
class Decision:
    """What a unit adds to the dataset, in order: records and rejections.

    `paths` are those of the records. `cut` is set where the number wanted was reached before the unit
    was through; `matches` are the refusals by ordered checks, which need not be found again when the
    dataset is rebuilt. `judged` is what judges said of the rows that were decided.
    """

    records: list[Mapping[str, Any]] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    rejections: list[Mapping[str, Any]] = field(default_factory=list)
    matches: list[tuple[str, Path, Match]] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    cut: bool = False
    failed: bool = False

    @property
    def faulty(self) -> bool:
        """Whether an ordered check's own code failed."""
        return bool(self.matches) and any(match.record == FAULT for _, _, match in self.matches)

    @property
    def only_failed(self) -> bool:
        """Whether the unit gave nothing since calls, or code, failed."""
        return self.failed and not self.records

    def to_json(self) -> Any:
        """The refusals as a JSON value, and whether they are all there would be."""
        return [self.cut, [[stage, path, m.score, m.record, m.text] for stage, path, m in self.matches]]


def known_matches(data: Any, *, cut: bool = False) -> Known | None:
    """The refusals that `Decision.to_json` wrote; None where the unit was cut, unless `cut` is allowed.

    A unit that was cut is decided anew when more records are wanted.
    """
    was_cut, matches = data or (True, [])
    if was_cut and not cut:
        return None
    return {(stage, tuple(path)): Match(score, record, text) for stage, path, score, record, text in matches}


class Judgement:
    """Decides one task's ordered checks, and remembers what stays.

    Without memories it can only repeat what is known.
    """

    def __init__(self, memories: Memories | None = None) -> None:
        self._memories = memories

    def decide(
        self, outcome: UnitOutcome, kept: int, target: int | None, known: Known | None = None
    ) -> Decision:
        """What stays of a unit when `kept` records are there already.

        A row's value is remembered once a record has come of it, so rows that are dropped later on
        shut nobody out, and the children of one row do not compete on what they inherited.
        """
        case = _Case(self._memories, outcome, kept, known)
        taken = len(outcome.leaves)
        for at, leaf in enumerate(outcome.leaves):
            if target is not None and case.next_record > target:
                case.decision.cut = True
                taken = at
                break
            case.take(leaf)
        decision = case.decision
        if outcome.judged:
            decision.judged = case.judged_of(outcome.leaves[:taken])
        decision.failed = decision.faulty or any(case.counts(trail) for trail in outcome.failures)
        return decision


class _Case:
    """One unit while it is decided."""

    def __init__(
        self, memories: Memories | None, outcome: UnitOutcome, kept: int, known: Known | None
    ) -> None:
        self.decision = Decision()
        self._memories = memories
        self._outcome = outcome
        self._kept = kept
        self._known = known
        self._verdicts: Known = {}
        self._remembered: Known = {}

    @property
    def next_record(self) -> int:
        """The number of the next record, from 1."""
        return self._kept + len(self.decision.records) + 1

    def take(self, leaf: Leaf) -> None:
        """Add what became of a row, unless an ordered check refuses it."""
        trail = leaf.trail
        if trail and any(self._refused(mark) for mark in trail):
            return
        if leaf.rejection is not None:
            self._reject(leaf.path, leaf.rejection)
        elif leaf.record is not None and not (trail and any(self._lost(mark, leaf) for mark in trail)):
            self.decision.records.append(leaf.record)
            self.decision.paths.append(leaf.path)

    def counts(self, trail: tuple[Mark, ...]) -> bool:
        """Whether a failure counts: no ordered check before it refuses its row."""
        return all(self._verdicts.get(_at(mark)) is None for mark in trail)

    def judged_of(self, leaves: Sequence[Leaf]) -> list[Judged]:
        """What judges said of these rows and those that they came from, as if no refused row had gone on."""
        judged = self._outcome.judged
        if self.decision.cut:
            there = {leaf.path[:depth] for leaf in leaves for depth in range(len(leaf.path) + 1)}
            judged = [one for one in judged if one.path in there]
        return [one for one in judged if self.counts(one.trail)]

    def _refused(self, mark: Mark) -> bool:
        at = _at(mark)
        if at not in self._verdicts:
            match = self._verdicts[at] = self._match(mark)
            if match is not None:
                self.decision.matches.append((*at, match))
                self._reject(mark.path, _refusal(mark, match))
        return self._verdicts[at] is not None

    def _match(self, mark: Mark) -> Match | None:
        if self._known is not None:
            return self._known.get(_at(mark))
        return self._memories.find(mark) if self._memories else None

    def _lost(self, mark: Mark, leaf: Leaf) -> bool:
        """Remember a value; where its check cannot, the row is lost."""
        stage, path = _at(mark)
        at = (stage, (*path, _ADDING))
        if at not in self._remembered:
            fault = self._known.get(at) if self._known is not None else None
            if fault is None and self._memories is not None:
                fault = self._memories.add(mark, self.next_record)
            self._remembered[at] = fault
        match = self._remembered[at]
        if match is not None:
            self.decision.matches.append((*at, match))
            self._reject(leaf.path, _refusal(mark, match))
        return match is not None

    def _reject(self, path: Path, rejection: Mapping[str, Any]) -> None:
        self.decision.rejections.append(_line(self._outcome, path, rejection))


def _at(mark: Mark) -> tuple[str, Path]:
    return mark.stage, mark.path


def _refusal(mark: Mark, match: Match) -> Mapping[str, Any]:
    """The rejection that an ordered check causes: a match, or the fault of its own code."""
    evidence: dict[str, Any]
    if match.record == FAULT:
        error, _, place = match.text.rpartition("\n")
        reason, evidence = CODE_ERROR, {"error": error, "at": place}
    else:
        known = match.record == KNOWN
        reason = "like a known text" if known else "like an earlier record"
        record: dict[str, Any] = {} if known else {"record": match.record}
        text = {"text": match.text} if match.text else {}
        evidence = {"score": round(match.score, 4), **record, **text}
    return {"stage": mark.stage, "reason": reason, "evidence": evidence, "values": {mark.on: mark.value}}


def _line(outcome: UnitOutcome, path: Path, rejection: Mapping[str, Any]) -> Mapping[str, Any]:
    row = f"{outcome.key}/{'.'.join(map(str, path))}" if path else outcome.key
    return {"unit": outcome.number, "row": row, **rejection}
