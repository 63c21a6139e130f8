"""Generators asked as the engine asks them: the block's sampling options are in every request."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from fms_dgt.core.generator import Completion, Generator, Request

G = TypeVar("G", bound=Generator)


def as_engine(generator: G) -> G:
    """The same generator; what a request says itself goes before its options."""
    ask = generator.generate

    async def generate(request: Request) -> Completion:
        params = {**generator.options.sampling(), **request.params}
        return await ask(dataclasses.replace(request, params=params))

    generator.generate = generate
    return generator
