"""What comes out of a knowledge task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fms_dgt.core.record import Record


@dataclass(frozen=True, kw_only=True)
class KnowledgeRecord(Record):
    """One question and its answer, the text that it was asked about, and what the judges said.

    `raw_document` is the chunk, a piece of the document `document_name`: its characters `start` to
    `end`, below `headings`; `document_fields` are the other columns, where documents are rows of a
    table. `document` is what the question was asked about, and `dataset_type` what
    that is: the chunk itself ("document"), one of its summaries ("detailed_summary",
    "extractive_summary", "atomic_facts"), or one of its key facts ("key_fact").

    Scores: the question 0 or 1, relevancy 0 to 2. `claims` are those of the response, each supported by
    the chunk; with `faithfulness: one_call` there is a score of 0 or 1 in their place. What a config
    switches off has no score.
    """

    task_name: str
    taxonomy_path: str
    task_description: str
    domain: str
    document_outline: str
    question: str
    response: str
    question_kind: str
    dataset_type: str
    document: str
    raw_document: str
    document_name: str
    headings: list[str]
    start: int
    end: int
    document_fields: dict[str, Any] = field(default_factory=dict)
    question_score: float | None = None
    question_reason: str = ""
    relevancy_score: float | None = None
    relevancy_reason: str = ""
    claims: list[str] = field(default_factory=list)
    faithfulness_score: float | None = None
    faithfulness_reason: str = ""
