"""What a self_instruct task says."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from fms_dgt.core.source import Source
from fms_dgt.core.table_source import Table, rows_of
from fms_dgt.core.task import Task
from fms_dgt.core.typed import option
from fms_dgt.errors import Problem

CRITERIA = (
    "Vary the verbs, the form (question, request, command) and the length.",
    "Ask for different things: to explain, compare, classify, rewrite, extract, plan, invent, ...",
    "Each stands alone: it names what it speaks of, so that it can be understood without the text.",
    "Each is one or two sentences long and can be answered well in writing.",
)


@dataclass(frozen=True, kw_only=True)
class SelfInstructSeed:
    """An instruction to begin with; or, without `instruction`, a text to write instructions about.

    `input` is what an instruction works on, `output` the answer. Seeds with both serve as examples of
    instances, too.
    """

    instruction: str = option("", aliases=("question",), help="what a user asks")
    input: str = option("", aliases=("context",), help="what the instruction is about, or the text")
    output: str = option("", aliases=("answer", "response"), help="what the model should reply")
    is_classification: bool = option(False, help="whether the output is one of a few labels")

    def __post_init__(self) -> None:
        if not self.instruction.strip() and not self.input.strip():
            raise ValueError("is empty; add 'instruction: ...', what a user asks")
        if not self.instruction.strip() and self.output.strip():
            raise ValueError("has an output and no instruction; add 'instruction: ...'")

    @property
    def is_text(self) -> bool:
        """Whether it is a text, not an instruction."""
        return not self.instruction.strip()

    def columns(self) -> dict[str, str]:
        """The seed in the words of templates."""
        parts = {"instruction": self.instruction, "input": self.input, "output": self.output}
        return {name: text.strip() for name, text in parts.items()}


@dataclass(frozen=True, kw_only=True)
class SelfInstructTask(Task):
    """Seed instructions, or texts to write instructions about."""

    seed_examples: list[SelfInstructSeed] = option(
        default_factory=list, help="seeds with an instruction each, or texts with an input each"
    )
    # what stands there shapes the data and is the source's fingerprint; where it stands does not
    input: Table | None = option(None, shapes=False, help="a table with texts in the column 'input'")
    application_description: str = option(
        "AI assistant", nonempty=True, help="who will be asked the queries about texts"
    )
    criteria: list[str] = option(
        default_factory=lambda: list(CRITERIA), nonempty=True, help="what queries about texts must be like"
    )

    @property
    def is_about_texts(self) -> bool:
        """Whether instructions are written about texts, not in the manner of seeds."""
        return self.input is not None or all(seed.is_text for seed in self.seed_examples)

    def texts(self) -> Source:
        """One unit a text."""
        table = self._table()
        return rows_of([{"input": seed.input} for seed in self.seed_examples] if table is None else table)

    def _table(self) -> Table | None:
        """The table's texts; what else its rows have stays out of the records."""
        return self.input and dataclasses.replace(self.input, columns=["input"])

    def problems(self) -> list[Problem]:
        """What its fields cannot say by themselves."""
        if self.input is not None and self.seed_examples:
            what = "has an input and seed_examples"
            return [Problem(what, "keep the seeds to grow a pool, or the input to ask about texts")]
        table = self._table()
        if table is not None:
            return table.problems()
        if not self.seed_examples:
            return [Problem("has nothing to begin with", "add 'seed_examples:' with an instruction each")]
        kinds = {seed.is_text for seed in self.seed_examples}
        if len(kinds) > 1:
            at = next(i for i, seed in enumerate(self.seed_examples) if seed.is_text)
            what = f"seed_examples[{at}] has no instruction, and others have one"
            return [Problem(what, "give each an instruction, or none of them")]
        return []
