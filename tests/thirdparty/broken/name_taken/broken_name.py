"""Nothing wrong with the classes; two of their names belong to others."""

from __future__ import annotations

from typing import Any

from fms_dgt import Completion, Generator, GeneratorOptions, Validator, ValidatorOptions, Verdict


class Mute(Generator[GeneratorOptions]):
    """Says nothing."""

    async def generate(self, request: Any) -> Completion:
        return Completion("")


class AlwaysFine(Validator[ValidatorOptions]):
    """Likes everything."""

    async def validate(self, row: Any, kit: Any) -> Verdict:
        return Verdict(1.0)
