"""What comes out of a skills task."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt.core.record import Record


@dataclass(frozen=True, kw_only=True)
class SkillsRecord(Record):
    """One sample, and what the judges said: questions 0 or 1, pairs 1 to 3.

    Samples made in one call (`simple: true`) have no judgement of the question by itself.
    """

    task_name: str
    taxonomy_path: str
    task_description: str
    instruction: str
    response: str
    context: str = ""
    question_score: float | None = None
    question_reason: str = ""
    pair_score: float
    pair_reason: str
