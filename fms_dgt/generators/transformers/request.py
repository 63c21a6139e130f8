"""What the thread of a model is told: which model to load, and what to make of one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode, option
from fms_dgt.errors import InputError, Problem, RequestRefused

# below it the likeliest token is as good as certain, and dividing by it would overflow
COLDEST: Final = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """What a model is loaded with. Generators with equal settings share one, and its batches."""

    name: str
    revision: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    trust_remote_code: bool = False


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the tokens of one call are chosen, by the names that requests use."""

    temperature: float = option(1.0, low=0)
    top_p: float = option(1.0, low=0, high=1)
    top_k: int = option(0, low=0)
    min_p: float = option(0.0, low=0, high=1)
    max_tokens: int = option(1024, low=1, aliases=("max_completion_tokens", "max_new_tokens"))
    stop: str | list[str] = option(default_factory=list, aliases=("stop_sequences",))
    presence_penalty: float = option(0.0)
    frequency_penalty: float = option(0.0)
    repetition_penalty: float = option(1.0, low=0.01, aliases=("repeat_penalty",))
    seed: int = option(0)
    n: int = option(1, low=1, high=1)

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is taken."""
        return self.temperature < COLDEST

    @property
    def cut(self) -> bool:
        """Whether only some of the tokens are drawn from."""
        return bool(self.top_k or self.top_p < 1.0 or self.min_p)

    @property
    def penalised(self) -> bool:
        """Whether tokens that stand there already are less likely."""
        return bool(self.presence_penalty or self.frequency_penalty or self.repetition_penalty != 1.0)

    @property
    def stops(self) -> Sequence[str]:
        """The texts that end an answer."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop
        return [text for text in given if text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call: a prompt as it stands, or messages to set in a chat template (the model's, if None).

    `context` bounds its tokens, prompt and answer together, below what the model itself can hold.
    """

    sampling: Sampling = field(kw_only=False)
    prompt: str | None = None
    messages: Sequence[dict[str, Any]] = ()
    template: str | None = None
    context: int | None = None


def sampling_of(params: Mapping[str, Any]) -> Sampling:
    """The sampling options of a request; null is as good as left out. Raises RequestRefused."""
    problems: list[Problem] = []
    given = {name: value for name, value in params.items() if value is not None}
    sampling = decode(Sampling, Node.of(given, "params"), problems)
    if sampling is None:
        raise RequestRefused(f"the transformers generator cannot use these params: {InputError(problems)}")
    return sampling
