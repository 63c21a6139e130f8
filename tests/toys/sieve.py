"""A toy builder whose yield is set: of each hundred units, so many give a record."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fms_dgt import (
    BuilderOptions,
    Completion,
    DataBuilder,
    Endless,
    Flow,
    Generate,
    Generator,
    GeneratorOptions,
    Map,
    Record,
    Rejected,
    Request,
    Task,
    option,
)


@dataclass(frozen=True, kw_only=True)
class SieveOptions(BuilderOptions):
    percent: int = option(100, low=0, high=100)


@dataclass(frozen=True)
class SieveTask(Task):
    seed_examples: list[str]


@dataclass(frozen=True)
class Grain(Record):
    number: int
    text: str


class SieveBuilder(DataBuilder[SieveTask]):
    Options = SieveOptions
    record = Grain

    def source(self, task: SieveTask) -> Endless:
        return Endless(lambda index, random, accepted: {"number": index, "luck": random.randrange(100)})

    def flow(self, task: SieveTask) -> Flow:
        def sieve(row):
            if row["luck"] >= self.options.percent:
                raise Rejected("bad luck", {"luck": row["luck"]})
            return {}

        return Flow(
            Generate("grain", into="first", name="first"),
            Map(sieve),
            Generate("grain", into="text", name="second"),
        )


@dataclass(frozen=True, kw_only=True)
class EchoOptions(GeneratorOptions):
    delay: float = option(0.0, shapes=False)


class EchoGenerator(Generator[EchoOptions]):
    """Answers with the seed it was given."""

    Options = EchoOptions

    async def generate(self, request: Request) -> Completion:
        await asyncio.sleep(self.options.delay)
        return Completion(f"grain {request.seed}", input_tokens=7, output_tokens=3)
