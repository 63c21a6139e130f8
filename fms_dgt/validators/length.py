"""The length of a text: bounds in words, characters or estimated tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from fms_dgt.core.typed import option
from fms_dgt.core.validator import ValidatorOptions
from fms_dgt.validators.text import UNSPACED, spaced
from fms_dgt.validators.text_check import Finding, TextCheck


@dataclass(frozen=True, kw_only=True)
class LengthOptions(ValidatorOptions):
    """How long a text may be. Without any of these, only an empty text is too short."""

    unit: Literal["words", "characters", "tokens"] = option("words", help="what is counted")
    low: int = option(1, low=0, help="the fewest that go on")
    high: int | None = option(None, low=0, help="the most that go on")

    def __post_init__(self) -> None:
        if self.high is not None and self.high < self.low:
            raise ValueError(f"'high' is {self.high}, and 'low' is {self.low}: no text is kept; swap them")


class Length(TextCheck[LengthOptions]):
    """Counts the words, characters or tokens of a column; the score is their number.

    Words stand between white space; in scripts without spaces each character is one. White space around
    a text does not count. Tokens are estimated, since each model has its own: one for four ASCII
    characters, for two others, and for each character of a script without spaces.

    In a config file:

        databuilders:
          skills_sdg:
            postprocessors:
              - {name: length, on: response, low: 5, high: 600}
    """

    Options = LengthOptions

    def look(self, text: str) -> Finding:
        options = self.options
        count = _COUNTS[options.unit](text.strip())
        if count < options.low:
            return Finding(count, "too short", {options.unit: count, "low": options.low})
        if options.high is not None and count > options.high:
            return Finding(count, "too long", {options.unit: count, "high": options.high})
        return Finding(count)


def _tokens(text: str) -> int:
    plain = len(text.encode("ascii", "ignore"))
    unspaced = 0 if plain == len(text) else len(UNSPACED.findall(text))
    return math.ceil(plain / 4 + (len(text) - plain - unspaced) / 2 + unspaced)


def _words(text: str) -> int:
    return len(spaced(text).split())


_COUNTS = {"words": _words, "characters": len, "tokens": _tokens}
