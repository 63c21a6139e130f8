"""A generator that does not let go: it hangs while it is closed, whoever cancels it."""

from __future__ import annotations

import asyncio

from fms_dgt import Completion, Generator, GeneratorOptions, Request


class ClingingGenerator(Generator[GeneratorOptions]):
    Options = GeneratorOptions

    async def generate(self, request: Request) -> Completion:
        return Completion("grain")

    async def close(self) -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                continue
