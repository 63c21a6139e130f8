"""Knowledge: documents and a few seed questions in, checked questions and answers out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fms_dgt.builders.knowledge_sdg.chunks import Chunks
from fms_dgt.builders.knowledge_sdg.options import KnowledgeOptions
from fms_dgt.builders.knowledge_sdg.origins import collections_of, problems_of
from fms_dgt.builders.knowledge_sdg.record import KnowledgeRecord
from fms_dgt.builders.knowledge_sdg.stages import (
    All,
    AsMany,
    ClaimCheck,
    ClaimsCheck,
    Steps,
    Summary,
    Texts,
    examples_of,
)
from fms_dgt.builders.knowledge_sdg.task import KnowledgeTask
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.composed import Flow, ForEach, Together, Unfold
from fms_dgt.core.kit import Kit
from fms_dgt.core.row import Row
from fms_dgt.core.source import Source
from fms_dgt.core.stages import Check, FunctionStage, Generate, Judge, Map, Stage, stage
from fms_dgt.core.validator import equal
from fms_dgt.documents import ChunkSize
from fms_dgt.errors import Problem, Rejected

CHUNK_WORDS = 600
# what the prompts have a teacher write where there is nothing to ask
NOTHING = "NONE"
# what teachers put around a word
_DECORATION = " .*_`\"'()[]<>-"
KEY_FACT = "key_fact"
# an answer that claims more is no answer, or its list went round in circles
MOST_CLAIMS = 50


class KnowledgeBuilder(DataBuilder[KnowledgeTask]):
    """Knowledge: questions that documents answer, and answers that they support.

    Each chunk is asked about as it stands and by its summaries, or fact by fact; simply, once.
    """

    Options = KnowledgeOptions
    record = KnowledgeRecord
    options: KnowledgeOptions

    def source(self, task: KnowledgeTask) -> Source:
        self._collections = collections_of(task, self.options.converters)
        return Chunks(self._collections, self._chunk_size(task))

    def notes(self, task: KnowledgeTask) -> list[str]:
        said = [note for collection in self._collections for note in collection.notes()]
        if self.options.num_docs_per_iteration is not None:
            said.append("num_docs_per_iteration has no effect: chunks go on one by one, as calls have room")
        return said

    def columns(self, task: KnowledgeTask) -> Mapping[str, Any]:
        return {
            **super().columns(task),
            "domain": task.domain,
            "document_outline": task.document_outline,
            "examples": self._examples(task),
            "max_pairs": self.options.max_pairs,
            "max_key_facts": self.options.max_key_facts,
        }

    def check(self, task: KnowledgeTask) -> list[Problem]:
        if not (task.document or task.documents.places or task.knowledge_datastore):
            what = "the task names no documents"
            mend = "add 'document:' with repo, commit and patterns, or 'include: {documents: {NAME: PATH}}'"
            return [Problem(what, mend)]
        if self.options.chunk_tokenizer and task.chunk_tokens is None:
            what = "chunk_tokenizer is set, and the task counts its chunks in words"
            return [Problem(what, "add 'chunk_tokens: 500' to the task, or leave chunk_tokenizer out")]
        return problems_of(task, self.options.converters)

    def flow(self, task: KnowledgeTask) -> Flow:
        return Flow(*self._asking(task), *self._checks(task))

    def template_files(self) -> Mapping[str, Path]:
        return self.options.templates_path.files

    def _examples(self, task: KnowledgeTask) -> list[dict[str, Any]]:
        return list(examples_of(task.examples, self.options.num_prompt_instructions))

    def _chunk_size(self, task: KnowledgeTask) -> ChunkSize:
        if task.chunk_tokens is not None:
            return ChunkSize(tokens=task.chunk_tokens, tokenizer=self.options.chunk_tokenizer)
        return ChunkSize(words=task.chunk_size or CHUNK_WORDS)

    def _asking(self, task: KnowledgeTask) -> list[Stage]:
        """From a chunk to pairs, one row each."""
        options = self.options
        draw = drawn(len(self._examples(task)), options.question_kinds.shares)
        pair = ("question", "response")
        if options.mode == "key_facts" and not options.simple:
            return [
                AsMany("key_facts", into=KEY_FACT, count=options.max_key_facts),
                something(KEY_FACT, KEY_FACT, name="nothing_to_learn"),
                Check("copies", on=KEY_FACT, name="key_fact_copies"),
                key_fact_shown,
                draw,
                Generate("key_fact_pairs", into=pair, count=options.pairs_per_fact),
            ]
        return [
            *self._variants(),
            draw,
            AsMany("question_answer_pairs", into=pair, count=options.max_pairs),
            something("question", "response", name="nothing_to_ask"),
        ]

    def _variants(self) -> list[Stage]:
        wanted, count = self.options.asked_about, self.options.summaries_per_chunk
        names = [name for name in wanted if name != "document"]
        summaries = [Summary(name, into=(name,), count=count, spread=False) for name in names]
        return [
            *([Together(*summaries, name="summaries")] if summaries else []),
            Unfold(wanted, into="document", label="dataset_type", name="variants"),
            Texts("document", emptied=names, count=count, name="each_variant"),
            *([Check("copies", on="document", name="summary_copies")] if summaries else []),
        ]

    def _checks(self, task: KnowledgeTask) -> list[Stage]:
        """The cheap ones first: nothing, then a short prompt, then the document with each claim."""
        seeds = [pair for example in task.examples for pair in example["pairs"]]
        questions, answers = ([pair[part] for pair in seeds] for part in ("question", "answer"))
        new: list[Stage] = [
            Check("copies", on="question", name="not_a_seed", known=questions),
            Check("answer_copies", on="response", known=answers),
            Check("dedup", on="question", within="document_name", name="dedup_question"),
        ]
        if self.options.simple:
            return new
        return [
            *new,
            Judge("judge_question", keep=equal(1), into="question"),
            Judge("judge_relevancy", keep=equal(2), into="relevancy"),
            FAITHFULNESS[self.options.faithfulness],
        ]


CLAIMS = All("extract_claims", into="claims", count=MOST_CLAIMS, spread=False)
FAITHFULNESS: Mapping[str, Stage] = {
    "claims": Steps(
        (CLAIMS, ClaimsCheck("validator", template="judge_claims", keep=equal(1))), name="faithfulness"
    ),
    "each_claim": Steps(
        (
            CLAIMS,
            ForEach(
                "claims",
                "claim",
                ClaimCheck("validator", template="judge_claim", keep=equal(1)),
                gather={"claims": "claim"},
                name="each_claim",
            ),
        ),
        name="faithfulness",
    ),
    "one_call": Judge("judge_faithfulness", keep=equal(1), into="faithfulness", name="faithfulness"),
}


def drawn(examples: int, shares: Mapping[str, float]) -> FunctionStage:
    """Which example a prompt shows, and which kind of question it asks for; drawn for each text anew."""

    @stage(makes={"example", "question_kind"})
    async def draw(row: Row, kit: Kit) -> Row:
        (kind,) = kit.random("kind").choices(list(shares), list(shares.values()))
        return row.with_(example=kit.random("example").randrange(examples), question_kind=kind)

    return draw


def something(column: str, why: str, *, name: str) -> Map:
    """Rejects the row where the teacher found nothing; `why` is the column that says why."""

    def is_something(row: Row) -> Mapping[str, Any]:
        if row[column].partition(":")[0].strip(_DECORATION).upper() == NOTHING:
            raise Rejected("nothing to ask about in this text", row[why])
        return {}

    return Map(is_something, needs=[column, why], name=name)


def show_key_fact(row: Row) -> Mapping[str, Any]:
    """The fact in place of the chunk."""
    return {"document": row[KEY_FACT], "dataset_type": KEY_FACT}


key_fact_shown = Map(
    show_key_fact, needs=[KEY_FACT], makes=["document", "dataset_type"], name="key_fact_shown"
)
