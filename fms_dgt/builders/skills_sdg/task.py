"""What a skills task says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from fms_dgt.core.task import Task
from fms_dgt.core.typed import option

Kind: TypeAlias = Literal["free", "grounded"]


@dataclass(frozen=True, kw_only=True)
class SkillsSeed:
    """One example of the skill. With a `context`, question and answer are about that text."""

    question: str = option(
        nonempty=True, aliases=("instruction",), help="add 'question: ...', what a user asks"
    )
    answer: str = option(
        nonempty=True, aliases=("response",), help="add 'answer: ...', what the model should reply"
    )
    context: str = option("", help="the text that question and answer are about")

    @property
    def kind(self) -> Kind:
        """Which flow it goes down."""
        return "grounded" if self.context.strip() else "free"

    def columns(self) -> dict[str, str]:
        """The seed in the words of rows, templates and records."""
        return {
            "instruction": self.question.strip(),
            "response": self.answer.strip(),
            "context": self.context.strip(),
        }


@dataclass(frozen=True, kw_only=True)
class SkillsTask(Task):
    """A skill, described in a sentence and shown by examples."""

    seed_examples: list[SkillsSeed] = option(
        nonempty=True, help="add 'seed_examples:' with a question and an answer each"
    )
