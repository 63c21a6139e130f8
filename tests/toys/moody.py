"""A toy generator that fails in one way or another."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from fms_dgt import Completion, Generator, GeneratorOptions, Request, option
from fms_dgt.errors import ConnectionFailed, EveryCallFails, Overloaded, RequestRefused


@dataclass(frozen=True, kw_only=True)
class MoodyOptions(GeneratorOptions):
    mood: str = option("well", shapes=False)


class MoodyGenerator(Generator[MoodyOptions]):
    Options = MoodyOptions

    def __init__(self, options: MoodyOptions) -> None:
        super().__init__(options)
        self._tries: Counter[str] = Counter()

    async def open(self) -> None:
        if self.options.mood == "shut":
            raise OSError("no socket")

    async def generate(self, request: Request) -> Completion:
        await asyncio.sleep(0.002)
        prompt = request.messages[0]["content"]
        mood, _, number = self.options.mood.partition("_")
        hit = not number or any(f"number {one}." in prompt for one in number.split(" or "))
        self._tries[prompt] += 1
        if mood == "refuse" and hit:
            raise RequestRefused("no")
        if mood == "bug" and hit:
            raise KeyError("oops")
        if mood == "flaky" and self._tries[prompt] < 3:
            raise Overloaded("later", retry_after=0.01)
        if mood == "never" and hit:
            raise ConnectionFailed("reset", retry_after=0.01)
        if mood == "cancel" and hit and self._tries[prompt] == 1:
            raise asyncio.CancelledError
        if mood == "locked":
            raise EveryCallFails("the key is wrong")
        if mood == "gone":
            raise ConnectionFailed("nobody there", retry_after=0.05)
        return Completion(f"grain {request.seed}")
