"""A toy generator that holds the first unit's answer back until others are through."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fms_dgt import Completion, Generator, GeneratorOptions, Request, option


@dataclass(frozen=True, kw_only=True)
class HeldOptions(GeneratorOptions):
    until: int = option(0, shapes=False)


class HeldGenerator(Generator[HeldOptions]):
    Options = HeldOptions

    def __init__(self, options: HeldOptions) -> None:
        super().__init__(options)
        self._answered = 0
        self._enough = asyncio.Event()

    async def generate(self, request: Request) -> Completion:
        if "number 0." in request.messages[0]["content"]:
            await self._enough.wait()
        await asyncio.sleep(0.001)
        self._answered += 1
        if self._answered >= self.options.until:
            self._enough.set()
        return Completion(f"grain {request.seed}")
