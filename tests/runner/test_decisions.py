"""What stays of a finished unit: order, target, refusals by ordered checks, failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.core.validator import Match
from fms_dgt.runner.decide import Decision, Judgement, known_matches
from fms_dgt.runner.outcome import Judged, Leaf, Mark, Path, UnitOutcome


class Remembered:
    """Memories that refuse an equal value; `broken` values cannot be remembered."""

    def __init__(self, broken: str = "") -> None:
        self.values: dict[Any, int] = {}
        self.broken = broken

    def find(self, mark: Mark) -> Match | None:
        record = self.values.get(mark.value)
        return None if record is None else Match(1.0, record, str(mark.value))

    def add(self, mark: Mark, record: int) -> Match | None:
        if mark.value == self.broken:
            return Match(0.0, -1, "ValueError: broken\nstages.py:3")
        self.values[mark.value] = record
        return None


def mark(value: str, *path: int) -> Mark:
    return Mark("dedup", path, "text", value)


def leaf(path: Path, *trail: Mark, **fields: Any) -> Leaf:
    return Leaf(path, trail, fields or None)


def unit(*leaves: Leaf, **fields: Any) -> UnitOutcome:
    return UnitOutcome(3, "3", list(leaves), **fields)


def decide(memories: Any, outcome: UnitOutcome, kept: int = 0, target: int | None = None) -> Decision:
    return Judgement(memories).decide(outcome, kept, target)


def rows(decision: Decision) -> list[Mapping[str, Any]]:
    return decision.records


def test_records_come_in_the_order_of_the_leaves() -> None:
    outcome = unit(leaf((1,), n=2), leaf((0, 5), n=1), leaf((10,), n=3))
    outcome.sort()
    decision = decide(None, outcome)
    assert rows(decision) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert decision.paths == [(0, 5), (1,), (10,)]


def test_no_more_than_the_target_is_taken() -> None:
    outcome = unit(*(leaf((n,), n=n) for n in range(4)))
    decision = decide(None, outcome, kept=8, target=10)
    assert rows(decision) == [{"n": 0}, {"n": 1}]
    assert decision.cut
    assert not decide(None, outcome, kept=6, target=10).cut


def test_the_first_of_two_equal_values_stays_and_the_other_names_its_record() -> None:
    outcome = unit(leaf((0,), mark("a", 0), n=0), leaf((1,), mark("a", 1), n=1))
    decision = decide(Remembered(), outcome, kept=6)
    assert rows(decision) == [{"n": 0}]
    (rejection,) = decision.rejections
    assert rejection["reason"] == "like an earlier record"
    assert rejection["evidence"]["record"] == 7
    assert rejection["row"] == "3/1"


def test_children_of_one_row_do_not_compete() -> None:
    shared = mark("a", 0)
    outcome = unit(leaf((0, 0), shared, n=0), leaf((0, 1), shared, n=1))
    assert len(rows(decide(Remembered(), outcome))) == 2


def test_a_refused_row_is_rejected_once_for_all_its_children() -> None:
    memories = Remembered()
    memories.values["a"] = 1
    outcome = unit(leaf((0, 0), mark("a", 0), n=0), leaf((0, 1), mark("a", 0), n=1))
    decision = decide(memories, outcome)
    assert (len(decision.records), len(decision.rejections), len(decision.matches)) == (0, 1, 1)


def test_a_row_that_was_rejected_later_is_not_remembered() -> None:
    memories = Remembered()
    rejected = Leaf((0,), (mark("a", 0),), rejection={"stage": "rate", "reason": "under 2"})
    decision = decide(memories, unit(rejected, leaf((1,), mark("a", 1), n=1)))
    assert rows(decision) == [{"n": 1}]
    assert memories.values == {"a": 1}


def test_a_value_that_cannot_be_remembered_costs_its_row() -> None:
    decision = decide(Remembered(broken="a"), unit(leaf((0,), mark("a", 0), n=0), leaf((1,), n=1)))
    assert rows(decision) == [{"n": 1}]
    assert decision.rejections[0]["reason"] == "error in the stage's code"
    assert decision.rejections[0]["evidence"] == {"error": "ValueError: broken", "at": "stages.py:3"}
    assert decision.failed


def test_a_failure_counts_only_where_no_check_refused_its_row() -> None:
    memories = Remembered()
    memories.values["a"] = 1
    refused, passed = mark("a", 0), mark("b", 1)
    outcome = unit(leaf((0,), refused, n=0), leaf((1,), passed, n=1), failures=[(refused,)])
    assert not decide(memories, outcome).failed
    outcome = unit(leaf((0,), passed, n=0), failures=[(passed,)])
    assert decide(Remembered(), outcome).failed
    assert decide(Remembered(), unit(failures=[()])).only_failed


def test_scores_of_rows_that_were_cut_do_not_count() -> None:
    judged = [Judged("rate", (n,), (), n, "good") for n in range(3)]
    outcome = unit(*(leaf((n,), n=n) for n in range(3)), judged=judged)
    assert decide(None, outcome, target=2).judged == judged[:2]
    assert decide(None, outcome).judged == judged


def test_a_decision_is_repeated_from_the_journal_without_memories() -> None:
    memories = Remembered()
    outcome = unit(leaf((0,), mark("a", 0), n=0), leaf((1,), mark("a", 1), n=1))
    decided = decide(memories, outcome)
    known = known_matches(decided.to_json())
    again = Judgement().decide(outcome, 0, None, known)
    assert again == decided


def test_a_unit_that_was_cut_is_decided_anew() -> None:
    cut = decide(None, unit(leaf((0,), n=0), leaf((1,), n=1)), target=1)
    assert known_matches(cut.to_json()) is None
    assert known_matches(cut.to_json(), cut=True) == {}


def test_an_outcome_is_read_back_from_the_journal() -> None:
    shared = mark("a", 0)
    outcome = unit(
        leaf((0, 0), shared, n=0),
        Leaf((0, 1), (shared,), rejection={"reason": "short"}),
        failures=[(shared,), ()],
        judged=[Judged("rate", (0,), (shared,), 3, "good")],
    )
    assert UnitOutcome.from_json(3, "3", outcome.to_json(), failed=True) == outcome
