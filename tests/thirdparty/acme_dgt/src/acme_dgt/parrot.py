"""A generator that says the last line of its prompt again."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt import Completion, Generator, GeneratorOptions, Request, option

from acme_dgt.marker import mark

mark(__name__)


@dataclass(frozen=True, kw_only=True)
class ParrotOptions(GeneratorOptions):
    """`says` stands in front of what is repeated."""

    says: str = option("", help="what the parrot says first")


class ParrotGenerator(Generator[ParrotOptions]):
    """Repeats."""

    Options = ParrotOptions

    async def generate(self, request: Request) -> Completion:
        last = request.messages[-1]["content"].splitlines()[-1]
        return Completion(f"{self.options.says} {last}".strip(), input_tokens=5, output_tokens=5)
