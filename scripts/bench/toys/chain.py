"""A builder of three calls in a chain, and a generator that returns a constant: nothing but the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fms_dgt import (
    BuilderOptions,
    Check,
    Completion,
    DataBuilder,
    EachOf,
    Endless,
    Flow,
    Generate,
    Generator,
    GeneratorOptions,
    Record,
    Request,
    Source,
    Task,
    option,
)

PROSE = "the claim stands as long as nobody shows what speaks against it and why that weighs more"


@dataclass(frozen=True, kw_only=True)
class ChainOptions(BuilderOptions):
    """`context_chars` is how long a text every prompt carries; `dedup` compares drafts in mid-flow."""

    context_chars: int = option(0, low=0)
    dedup: bool = False


@dataclass(frozen=True, kw_only=True)
class ChainTask(Task):
    """Without `items` the source is endless; with it, it is that JSONL file."""

    items: str = option("")


@dataclass(frozen=True)
class Link(Record):
    """What comes out."""

    number: int
    draft: str
    review: str
    text: str


class ChainBuilder(DataBuilder[ChainTask]):
    """Each unit is asked for a draft, a review of it, and a final text."""

    Options = ChainOptions
    options: ChainOptions
    record = Link

    @cached_property
    def context(self) -> str:
        """Words that differ enough to compress like prose."""
        chars, words = self.options.context_chars, PROSE.split()
        text = " ".join(f"{words[n * 7 % len(words)]} {n % 97}" for n in range(chars // 4))
        return text[:chars]

    def source(self, task: ChainTask) -> Source:
        if task.items:
            return EachOf(Path(task.items))
        return Endless(lambda index, _random, _accepted: {"number": index})

    def flow(self, task: ChainTask) -> Flow:
        compared = [Check("exact", on="draft")] if self.options.dedup else []
        return Flow(
            Generate("draft", into="draft"),
            *compared,
            Generate("review", into="review"),
            Generate("final", into="text"),
        )

    def columns(self, task: ChainTask) -> Mapping[str, Any]:
        return {**super().columns(task), "context": self.context}


ANSWER = Completion("A short answer that is always the same.", input_tokens=40, output_tokens=8)


class ConstantGenerator(Generator[GeneratorOptions]):
    """Always the same answer, at once."""

    async def generate(self, request: Request) -> Completion:
        return ANSWER
