"""A model backend, seen from the engine: a request goes in, a completion comes out."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Generic, Self, TypeAlias, TypeVar

from fms_dgt.core.node import Node
from fms_dgt.core.reply import ReplyContract, TextReply
from fms_dgt.core.typed import decode, encode, option, secret_problems
from fms_dgt.errors import Problem, did_you_mean

Message: TypeAlias = Mapping[str, str]

# what every backend takes; the rest of them, in `GeneratorOptions`, only some do
USUAL_SAMPLING: Final = ("temperature", "top_p", "max_tokens", "stop")
EVERY_SAMPLING: Final = (
    *USUAL_SAMPLING,
    *("top_k", "min_p", "repetition_penalty", "frequency_penalty", "presence_penalty", "dry_multiplier"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: `messages`, or a `prompt`. `reply` is what the answer must look like: no part of
    the call's key.

    A `prompt` is sent as it is, without a chat template, and may stand in the middle of a turn;
    `messages` is empty then, and only a generator that `completes` takes it. `params` are all sampling
    options, the block's among them, by their OpenAI names: a backend adds none. `schema` is set where the
    backend enforces one. Backends must raise GeneratorError for whatever goes wrong, nothing else.
    """

    messages: tuple[Message, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    reply: ReplyContract = TextReply()
    count: int | None = None
    schema: Mapping[str, Any] | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back. `finish` is "length" where the answer was cut off, else usually "stop"."""

    text: str
    finish: str = "stop"
    input_tokens: int = 0
    output_tokens: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GeneratorOptions:
    """Options that every generator has. A backend's own subclass adds what it needs.

    The sampling options shape the answers; those marked `shapes=False` do not. `SAMPLING` names the
    sampling options that the backend honours: any other is refused before a run.
    """

    model_id_or_path: str = option("", aliases=("model", "model_id"), help="the model's name")
    temperature: float | None = option(None, low=0, high=2)
    top_p: float | None = option(None, low=0, high=1)
    max_tokens: int | None = option(None, low=1, aliases=("max_new_tokens",))
    stop: list[str] | None = option(None, aliases=("stop_sequences",))
    top_k: int | None = option(None, low=0, help="only so many of the likeliest tokens; 0 for all")
    min_p: float | None = option(
        None, low=0, high=1, help="only tokens with this share of the likeliest one's probability"
    )
    repetition_penalty: float | None = option(
        None, low=0.01, high=10, aliases=("repeat_penalty",), help="a factor; 1 for none"
    )
    frequency_penalty: float | None = option(None, low=-2, high=2, help="for each time a token occurred")
    presence_penalty: float | None = option(None, low=-2, high=2, help="for a token that occurred")
    dry_multiplier: float | None = option(
        None, low=0, high=100, help="for going on with a repeated sequence (DRY); 0 for none"
    )
    max_concurrency: int = option(
        64, low=1, high=4096, shapes=False, aliases=("call_limit",), help="calls in flight at the most"
    )
    requests_per_minute: float | None = option(None, low=0.001, shapes=False, help="a limit to keep to")
    tokens_per_minute: float | None = option(None, low=0.001, shapes=False, help="a limit to keep to")
    timeout: float = option(600.0, low=0.001, shapes=False, help="seconds one call may take")
    input_price: float | None = option(None, low=0, shapes=False, help="price of a million tokens asked")
    output_price: float | None = option(None, low=0, shapes=False, help="price of a million tokens answered")

    SAMPLING: ClassVar[tuple[str, ...]] = USUAL_SAMPLING

    def sampling(self) -> dict[str, Any]:
        """The sampling options that were given; a template's own params go before them."""
        values = {name: getattr(self, name) for name in self.SAMPLING}
        return {name: value for name, value in values.items() if value is not None}

    def price_of(self, input_tokens: int, output_tokens: int) -> float | None:
        """What so many tokens cost, in the currency of the prices; None where there are none."""
        if self.input_price is None or self.output_price is None:
            return None
        return (input_tokens * self.input_price + output_tokens * self.output_price) / 1e6


class SamplingParams(dict[str, Any]):
    """Sampling options that a template or a stage sets, by their OpenAI names; empty where it sets none.

    None switches off what the block says: the model then has its own way.
    """

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """Read them with the names, types and ranges that they have in a block."""
        if not node.is_mapping:
            mend = "write 'temperature: 0.7' below it, say"
            problems.append(node.problem(f"must be a mapping, not {node.kind()}", mend))
            return None
        for key in node.value.keys() - _SAMPLING_NAMES:
            mend = did_you_mean(key, _SAMPLING_NAMES, noun="sampling options")
            problems.append(node.value[key].problem(f"unknown key '{key}'", mend))
        known = {key: child for key, child in node.items() if key in _SAMPLING_NAMES}
        options = decode(GeneratorOptions, Node(known, node.place), problems)
        if options is None:
            return None
        given = {_SAMPLING_NAMES[key] for key in known}
        return cls({name: getattr(options, name) for name in EVERY_SAMPLING if name in given})


_SAMPLING_NAMES = {
    name: spec.name
    for spec in dataclasses.fields(GeneratorOptions)
    if spec.name in EVERY_SAMPLING
    for name in (spec.name, *spec.metadata["aliases"])
}


O = TypeVar("O", bound=GeneratorOptions)  # noqa: E741 (options)


class Generator(ABC, Generic[O]):
    """A model backend. One instance serves a whole run, from one event loop.

    Subclasses set `Options` and write `generate`; `open` and `close` frame the run. Retries, limits
    and the journal are the runner's: a backend makes one try and translates what goes wrong. One that
    holds the model to `Request.schema` says so with `enforces_schema`, on the class or on itself; one
    that speaks plain completion, and so takes a `Request.prompt`, with `completes`; one whose answers
    are good for nothing but trying things out, with `for_training = False`. `variables` are the names of
    those in the environment that it uses, which `--check` shows. `against_loops` are sampling options, all
    of which it is sure to take, for asking again where an answer looped.
    """

    Options: ClassVar[type[GeneratorOptions]] = GeneratorOptions
    enforces_schema: bool = False
    completes: bool = False
    for_training: ClassVar[bool] = True
    variables: Sequence[str] = ()
    against_loops: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, options: O) -> None:
        self.options = options

    @abstractmethod
    async def generate(self, request: Request) -> Completion:
        """One try at one request. Raises GeneratorError."""

    async def generate_in_pieces(self, request: Request, heard: Callable[[str], None]) -> Completion:
        """The same try, for somebody who reads along: `heard` gets the text as it comes.

        A backend that gets its answers in pieces overrides this; all others hand on nothing before the end.
        """
        completion = await self.generate(request)
        heard(completion.text)
        return completion

    async def open(self) -> None:
        """Called once, before the first call of a run that makes one."""

    async def ping(self) -> None:
        """Return once there is a sign of life that costs nothing; raise Unreachable where there is none.

        Asked for before the first call of a run, so that a server that hangs is told from one that works on
        a long answer. The default, for backends that have no such sign, returns at once.
        """

    async def close(self) -> None:
        """Called once, after the last call."""

    def check(self) -> list[Problem]:
        """What would keep every call from working (a missing key, say), found without a call."""
        return []

    def takes(self, *, plain: bool) -> Collection[str]:
        """The sampling options that it honours, in chats or in `plain` prompts.

        One that a subclass of the options declares anew counts as honoured.
        """
        usual = {spec.name: spec for spec in dataclasses.fields(GeneratorOptions)}
        own = {spec.name for spec in dataclasses.fields(self.options) if usual.get(spec.name) is not spec}
        return {*self.options.SAMPLING, *own.intersection(EVERY_SAMPLING)}

    @property
    def at_most(self) -> int | None:
        """How many calls it can use at once, whatever a config allows; None where only the config says."""
        return None

    @property
    def chat_template(self) -> str:
        """The model's chat template in Jinja, where it can be read without a load or a call; else ""."""
        return ""

    @property
    def endpoint(self) -> str:
        """Generators with the same endpoint share its limits."""
        return f"{type(self).__module__}.{type(self).__qualname__}"


@dataclass(frozen=True, slots=True)
class GeneratorSpec:
    """A generator as a config names it (`lm_config`, a block): a type and its options, not yet made."""

    type: str
    options: Node

    keeps_nodes: ClassVar[bool] = True

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """Read `{type: ..., ...options}`; `type: name` alone may be given as text."""
        if isinstance(node.value, str):
            problems.extend(secret_problems(node))
            return cls(str(node.value), Node({}, node.place))
        kind = node.get("type")
        if kind is None or not isinstance(kind.value, str):
            mend = "add 'type: watsonx', say"
            problems.append(node.problem("must be a mapping with a 'type'", mend))
            return None
        return cls(kind.value, node.without("type", "name"))


def shaping(generator: Generator[Any]) -> dict[str, Any]:
    """The part of a generator's options that shapes its answers."""
    return encode(generator.options, shaping_only=True)
