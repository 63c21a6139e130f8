"""What a knowledge task says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fms_dgt.builders.knowledge_sdg.places import Named, Places, Repository
from fms_dgt.core.task import Task
from fms_dgt.core.typed import option

PAIRS_A_CONTEXT = 3
FORMATS = ("md", "txt", "jsonl", "parquet")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A question and its answer."""

    question: str = option(nonempty=True, help="add 'question: ...', what a user asks")
    answer: str = option(nonempty=True, help="add 'answer: ...', what the model should reply")


@dataclass(frozen=True, kw_only=True)
class KnowledgeSeed:
    """An example of what to ask: a context with pairs about it, or one pair."""

    context: str = option("", help="the text that the pairs are about")
    questions_and_answers: list[Pair] = option(
        default_factory=list, help="the pairs about the context, three or more"
    )
    question: str = ""
    answer: str = ""

    def __post_init__(self) -> None:
        number, alone = len(self.questions_and_answers), self.question.strip() or self.answer.strip()
        if alone and number:
            raise ValueError("has questions_and_answers and a question of its own; keep one of the two")
        if number and not self.context.strip():
            raise ValueError(
                "has questions_and_answers without the context that they are about; add 'context: |'"
            )
        if 0 < number < PAIRS_A_CONTEXT:
            raise ValueError(f"has {number} of questions_and_answers; write {PAIRS_A_CONTEXT} or more")
        if not number and not (self.question.strip() and self.answer.strip()):
            raise ValueError(
                "is no example; write 'context:' with 'questions_and_answers:', or 'question:' and 'answer:'"
            )

    @property
    def pairs(self) -> list[dict[str, str]]:
        """Its pairs in the words of templates."""
        given = self.questions_and_answers or [Pair(question=self.question, answer=self.answer)]
        return [{"question": pair.question.strip(), "answer": pair.answer.strip()} for pair in given]


@dataclass(frozen=True, kw_only=True)
class KnowledgeDatastore:
    """Documents in files, in the words of fms-dgt."""

    type: str = "default_knowledge_datastore"
    store_name: str = option("", help="a name; it changes nothing")
    data_path: Places = option(help="add 'data_path: ...', a file, a folder or a pattern")
    data_format: str = option("", help="md, txt, jsonl or parquet; by default what the file's name says")
    fields_to_extract: list[str] = field(default_factory=list)
    content_key: str = option("", help="the column that holds the text")

    def __post_init__(self) -> None:
        if self.type not in ("default_knowledge_datastore", "default"):
            raise ValueError(
                f"the store '{self.type}' needs a private service, which is not there; "
                "export its documents to files, name them by 'data_path', "
                "and write 'type: default_knowledge_datastore'"
            )
        if self.data_format and self.data_format not in FORMATS:
            raise ValueError(f"data_format: cannot be '{self.data_format}'; it may be: {', '.join(FORMATS)}")
        if len(self.data_path.said) != 1:
            raise ValueError("data_path: names several places; name one file, folder or pattern")
        if not self.format:
            raise ValueError(f"the data_format is missing; add one of: {', '.join(FORMATS)}")
        columns = self.content_key or self.fields_to_extract
        if columns and not self.is_table:
            raise ValueError(f"{self.format} files have no columns; remove content_key and fields_to_extract")

    @property
    def format(self) -> str:
        """The format, said or by the file's name; "" where neither tells."""
        suffix = self.data_path.said[0].rsplit(".", 1)[-1].lower() if self.data_path.said else ""
        return self.data_format or (suffix if suffix in FORMATS else "")

    @property
    def is_table(self) -> bool:
        """Whether each row of the file is a document."""
        return self.format in ("jsonl", "parquet")

    @property
    def content_column(self) -> str:
        """The column that holds the text: the one named, the only one extracted, else `content`."""
        return self.content_key or (
            self.fields_to_extract[0] if len(self.fields_to_extract) == 1 else "content"
        )


@dataclass(frozen=True, kw_only=True)
class KnowledgeTask(Task):
    """Documents, and a few examples of what to ask about such texts."""

    task_description: str = option("", help="one sentence on what the model shall know")
    domain: str = option("", help="the subject, in a word or two")
    document_outline: str = option("", help="one sentence on what the documents are")
    seed_examples: list[KnowledgeSeed] = option(
        nonempty=True, help="add 'seed_examples:' with a context and its questions_and_answers each"
    )
    document: Repository | None = option(None, shapes=False, help="documents in a git repository")
    # what stands there shapes the data and is the source's fingerprint; where it stands does not
    documents: Named = option(default_factory=Named, shapes=False, help="names and paths of files")
    knowledge_datastore: KnowledgeDatastore | None = option(
        None, help="documents in files, as fms-dgt has it"
    )
    chunk_size: int | None = option(
        None, low=1, help="words in a chunk at the most; 600 where nothing is said"
    )
    chunk_tokens: int | None = option(None, low=1, help="tokens in a chunk at the most, in place of words")

    def __post_init__(self) -> None:
        if self.chunk_size is not None and self.chunk_tokens is not None:
            raise ValueError("says chunk_size and chunk_tokens; keep one of the two")

    @property
    def examples(self) -> list[dict[str, Any]]:
        """The seeds in the words of templates."""
        return [{"context": seed.context.strip(), "pairs": seed.pairs} for seed in self.seed_examples]
