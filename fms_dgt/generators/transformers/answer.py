"""An answer as it grows, token by token: when it ends, and what of it is text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fms_dgt.core.generator import Completion
from fms_dgt.generators.transformers.batch import Row
from fms_dgt.generators.transformers.model import LoadedModel

# what half a character is decoded to, where an answer is cut off in the middle of one
HALF = "\N{REPLACEMENT CHARACTER}"
# tokens that may stand around a stop text and hold none of it
SLACK = 8


@dataclass(eq=False)
class WrittenRow(Row):
    """A row that knows when it is finished: "stop" at the model's own end or a stop text, or "length"."""

    finish: str = ""

    def write(self, token: int, loaded: LoadedModel) -> bool:
        """Take a token; true where the answer is finished."""
        self.output.append(token)
        if token in loaded.ends or self._stopped(loaded):
            self.finish = "stop"
        elif len(self.output) >= self.room:
            self.finish = "length"
        return bool(self.finish)

    def _stopped(self, loaded: LoadedModel) -> bool:
        stops = self.sampling.stops
        if not stops:
            return False
        # a token is a byte at the least, so a stop text that was just completed lies in so many
        longest = max(len(stop.encode("utf-8", "replace")) for stop in stops)
        tail = loaded.decode(self.output[-longest - SLACK :])
        return any(stop in tail for stop in stops) and _first(loaded.decode(self.output), stops) >= 0


def completion_of(row: WrittenRow, loaded: LoadedModel) -> Completion:
    """The finished row's answer; its stop text is no part of it."""
    ended = row.output[-1] in loaded.ends
    text = loaded.decode(row.output[:-1] if ended else row.output)
    if row.finish == "length":
        text = text.rstrip(HALF)
    elif not ended:
        text = text[: _first(text, row.sampling.stops)]
    return Completion(
        text=text,
        finish=row.finish,
        input_tokens=len(row.prompt),
        output_tokens=len(row.output),
    )


def _first(text: str, stops: Sequence[str]) -> int:
    """Where the first of the stop texts begins; -1 where there is none."""
    return min((at for stop in stops if (at := text.find(stop)) >= 0), default=-1)
