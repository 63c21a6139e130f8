"""Whether a stage's code works at all: one that fails on every row stops the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fms_dgt.errors import StageCrashed
from fms_dgt.runner.decide import Decision
from fms_dgt.runner.outcome import CODE_ERROR, NOT_JSON, RECORD

# A stage whose code fails on so many rows, and on every one, is broken.
CRASHES_THAT_STOP = 10


class Soundness:
    """Judged at commit, so that timing decides nothing; what happens in passing only raises a doubt.

    `stages` are in the order of the flow, the record in the end.
    """

    def __init__(self, stages: Sequence[str]) -> None:
        self._order = {name: at for at, name in enumerate(stages)}
        # the code of the first so many has worked on some row
        self._sound = 0
        self._committed: Counter[str] = Counter()
        self._errors: dict[str, str] = {}
        self._passing: Counter[str] = Counter()

    def crashed(self, stage: str) -> None:
        """A stage's code failed on a row that is not committed yet."""
        self._passing[stage] += 1

    def doubtful(self, entered: Mapping[str, int]) -> bool:
        """Whether any stage failed on all rows that entered it, and on many."""
        for stage, crashes in self._passing.items():
            # rows enter the record class once they are through the flow
            rows = entered.get(stage, 0) + (entered.get("", 0) if stage == RECORD else 0)
            if not self._is_sound(stage) and crashes >= max(CRASHES_THAT_STOP, rows):
                return True
        return False

    def committed(self, decision: Decision) -> None:
        """A unit was committed: where its rows ended."""
        if decision.records:
            self._sound = len(self._order)
        if self._sound == len(self._order):
            return
        for line in decision.rejections:
            stage, at = line["stage"], self._order.get(line["stage"], len(self._order) - 1)
            if line["reason"] not in (CODE_ERROR, NOT_JSON):
                at += 1
            elif not self._is_sound(stage):
                self._committed[stage] += 1
                self._errors.setdefault(stage, _said(line["evidence"]))
            self._sound = max(self._sound, at)

    def check(self, task: str) -> None:
        """Raises StageCrashed where a stage has failed on every row so far."""
        for stage, crashes in self._committed.items():
            if crashes >= CRASHES_THAT_STOP and not self._is_sound(stage):
                text = f"the stage '{stage}' of {task} fails on every row: {self._errors[stage]}"
                raise StageCrashed(text)

    def _is_sound(self, stage: str) -> bool:
        return self._order.get(stage, 0) < self._sound


def _said(evidence: Mapping[str, Any]) -> str:
    """An error and the line that it is about."""
    at = evidence.get("at")
    return f"{evidence['error']} ({at})" if at else str(evidence["error"])
