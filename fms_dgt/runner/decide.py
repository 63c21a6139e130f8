"""Ordered checks, decided: which of a finished unit's rows stay, given the records before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from fms_dgt.core.validator import Match
from fms_dgt.runner.memories import KNOWN, Memories
from fms_dgt.runner.outcome import Mark, Path, UnitOutcome

Known: TypeAlias = dict[tuple[str, Path], Match | None]


@dataclass(slots=True)
class Decision:
    """What a unit adds to the dataset, in order: records and rejections.

    `paths` are those of the records. `cut` is set where the number wanted was reached before the unit
    was through; `matches` are the refusals by ordered checks, which need not be found again when the
    dataset is rebuilt.
    """

    records: list[Mapping[str, Any]] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    rejections: list[Mapping[str, Any]] = field(default_factory=list)
    matches: list[tuple[str, Path, Match]] = field(default_factory=list)
    cut: bool = False

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
        decision = Decision()
        verdicts: Known = {}
        remembered: set[tuple[str, Path]] = set()
        for leaf in outcome.leaves:
            if target is not None and kept + len(decision.records) >= target:
                decision.cut = True
                break
            refused = False
            for mark in leaf.trail:
                at = (mark.stage, mark.path)
                if at not in verdicts:
                    verdicts[at] = self._match(mark, known)
                    if verdicts[at] is not None:
                        self._refuse(outcome, mark, verdicts[at], decision)
                refused = refused or verdicts[at] is not None
                if refused:
                    break
            if refused:
                continue
            if leaf.rejection is not None:
                decision.rejections.append(_line(outcome, leaf.path, leaf.rejection))
            elif leaf.record is not None:
                decision.records.append(leaf.record)
                decision.paths.append(leaf.path)
                self._remember(leaf.trail, kept + len(decision.records), remembered)
        return decision

    def _match(self, mark: Mark, known: Known | None) -> Match | None:
        if known is not None:
            return known.get((mark.stage, mark.path))
        return self._memories.find(mark) if self._memories else None

    def _refuse(self, outcome: UnitOutcome, mark: Mark, match: Match | None, decision: Decision) -> None:
        if match is None:
            return
        decision.matches.append((mark.stage, mark.path, match))
        known = match.record == KNOWN
        record = {} if known else {"record": match.record}
        text = {"text": match.text} if match.text else {}
        rejection = {
            "stage": mark.stage,
            "reason": "like a known text" if known else "like an earlier record",
            "evidence": {"score": round(match.score, 4), **record, **text},
            "values": {mark.on: mark.value},
        }
        decision.rejections.append(_line(outcome, mark.path, rejection))

    def _remember(self, trail: tuple[Mark, ...], record: int, remembered: set[tuple[str, Path]]) -> None:
        for mark in trail:
            at = (mark.stage, mark.path)
            if self._memories is not None and at not in remembered:
                remembered.add(at)
                self._memories.add(mark, record)


def _line(outcome: UnitOutcome, path: Path, rejection: Mapping[str, Any]) -> Mapping[str, Any]:
    row = f"{outcome.key}/{'.'.join(map(str, path))}" if path else outcome.key
    return {"unit": outcome.number, "row": row, **rejection}
