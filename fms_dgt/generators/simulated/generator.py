"""A stand-in for a model that needs none: for trying things out, for tests and benchmarks.

It answers in the form of the request's reply contract, from the request alone: the same request has
the same answer in any process. What it writes reads like sentences and means nothing.
"""

from __future__ import annotations

import asyncio
import functools
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from fms_dgt.core.canonical import derived_random
from fms_dgt.core.generator import EVERY_SAMPLING, Completion, Generator, GeneratorOptions, Request
from fms_dgt.core.json_schema.example import example
from fms_dgt.core.json_schema.plain import is_plain
from fms_dgt.core.reply import FieldsReply, JsonReply, ListReply, ReplyContract, ScoreReply, TextReply
from fms_dgt.core.typed import option
from fms_dgt.errors import ConnectionFailed, RequestRefused
from fms_dgt.generators.simulated import plain, prose
from fms_dgt.generators.simulated.marks import reply_in_marks

CHARACTERS_A_TOKEN = 4
GOOD_SHARE = 0.75  # of scores: in the upper half of the scale
SOME = 3  # items, where the request does not say how many
RETRY_AFTER = 0.02


@dataclass(frozen=True, kw_only=True)
class SimulatedOptions(GeneratorOptions):
    """How slow, how unreliable, how bad and how repetitive it is."""

    latency: float | str = option(
        0.0, low=0, shapes=False, help="seconds an answer takes, or 'lognormal': drawn anew for each request"
    )
    latency_median: float = option(0.05, low=0, shapes=False, help="seconds, with 'latency: lognormal'")
    latency_sigma: float = option(0.6, low=0, shapes=False, help="the spread, with 'latency: lognormal'")
    error_rate: float = option(0.0, low=0, high=1, shapes=False, help="share of tries that fail, retryably")
    malformed_rate: float = option(
        0.0, low=0, high=1, help="share of requests whose answer cannot be read, or only in part"
    )
    dull: float = option(
        0.0, low=0, high=1, help="share of items and texts that repeat one phrase of the prompt"
    )

    # it stands in for every backend
    SAMPLING = EVERY_SAMPLING

    def __post_init__(self) -> None:
        if isinstance(self.latency, str) and self.latency != "lognormal":
            raise ValueError(f"'latency' must be a number of seconds or 'lognormal', not '{self.latency}'")


class SimulatedGenerator(Generator[SimulatedOptions]):
    """A stand-in for a model, which needs none: made-up answers, for trying things out and for tests.

    In a config file:

        databuilders:
          "*":
            blocks:
              - name: generator
                type: simulated
                latency: 0.2
    """

    Options = SimulatedOptions
    completes = True
    for_training: ClassVar[bool] = False

    def __init__(self, options: SimulatedOptions) -> None:
        super().__init__(options)
        # errors change no data, so their stream may depend on the order of calls: a retry can succeed
        self._errors = Random(0)  # noqa: S311 (not for secrets)

    @property
    def endpoint(self) -> str:
        return "simulated"

    async def generate(self, request: Request) -> Completion:
        try:
            random = derived_random(_sent(request), dict(request.params), request.seed)
        except (TypeError, ValueError) as error:
            raise RequestRefused(f"the request is no JSON value: {error}") from error
        # drawn first and always, so that no option changes what another one decides
        wave, chance = random.gauss(0.0, 1.0), random.random()
        self._fail_sometimes()
        await self._wait(wave)
        writer = _Writer(random, _material(request, random), self.options.dull)
        text, finish = writer.reply(request), "stop"
        if chance < self.options.malformed_rate:
            text, finish = _spoiled(text, request.reply, random)
        return _completion(request, text, finish)

    def _fail_sometimes(self) -> None:
        rate = self.options.error_rate
        if rate and self._errors.random() < rate:
            raise ConnectionFailed("a simulated failure", retry_after=RETRY_AFTER)

    async def _wait(self, wave: float) -> None:
        options = self.options
        if isinstance(options.latency, str):
            await asyncio.sleep(options.latency_median * math.exp(options.latency_sigma * wave))
        elif options.latency:
            await asyncio.sleep(options.latency)


def _sent(request: Request) -> Any:
    return request.messages if request.prompt is None else request.prompt


def _material(request: Request, random: Random) -> prose.Material:
    if request.prompt is not None:
        return prose.material_of(plain.subject_of(request.prompt, random), "")
    return prose.material_of(_said(request), request.reply.instructions(request.count, as_json=False))


def _said(request: Request) -> str:
    said = (message for message in request.messages if message.get("role") != "assistant")
    return "\n".join(message.get("content", "") for message in said)


def _completion(request: Request, text: str, finish: str) -> Completion:
    limit = request.params.get("max_tokens")
    if isinstance(limit, int) and len(text) > limit * CHARACTERS_A_TOKEN:
        text, finish = text[: limit * CHARACTERS_A_TOKEN], "length"
    return Completion(text, finish, _tokens(request), len(text) // CHARACTERS_A_TOKEN + bool(text))


def _tokens(request: Request) -> int:
    said = sum(len(message.get("content", "")) for message in request.messages)
    return (said + len(request.prompt or "")) // CHARACTERS_A_TOKEN + 1


Write = Callable[[Random, prose.Material], str]

# which words in the name of an item or field say what it is; the first that fits counts
_KINDS: tuple[tuple[str, Write], ...] = (
    ("question query instruction prompt problem request riddle", prose.question),
    ("context document passage article story text summary background scene", prose.passage),
    ("answer response solution output reply essay", prose.answer),
    ("title name topic keyword subject tag word category label domain", prose.phrase),
)
_WORD = re.compile(r"[a-z]+")


@functools.lru_cache(maxsize=256)
def _writer_of(name: str) -> Write:
    words = {word.removesuffix("s") for word in _WORD.findall(name.lower())}
    return next((write for known, write in _KINDS if words & set(known.split())), prose.sentence)


class _Writer:
    """Writes one reply, in the form that its contract asks for."""

    def __init__(self, random: Random, material: prose.Material, dull: float) -> None:
        self._random = random
        self._material = material
        self._dull = dull

    def reply(self, request: Request) -> str:
        contract, count = request.reply, request.count
        if isinstance(contract, ListReply):
            return "\n".join(_tag(contract.item, self._text(contract.item)) for _ in range(count or SOME))
        if isinstance(contract, FieldsReply):
            sets = (count or SOME) if contract.repeated else 1
            return "\n".join(_tag(name, self._text(name)) for _ in range(sets) for name in contract.names)
        if isinstance(contract, ScoreReply):
            return self._judgement(contract)
        if isinstance(contract, TextReply) and request.prompt is None:
            marked = reply_in_marks(_said(request), self._random, self._text)
            if marked:
                return marked
        schema = None if isinstance(contract, TextReply) else contract.schema(count)
        if schema is None:
            asks = request.prompt is not None and plain.is_users_turn(request.prompt)
            return self._text("question" if asks else "answer")
        if is_plain(schema):
            value = self._value(schema, "answer", count)
        else:
            value = example(schema, self._random, self._text, count)
        return json.dumps(value, ensure_ascii=False)

    def _text(self, name: str) -> str:
        write = _writer_of(name)
        if self._random.random() < self._dull:
            # the same words from any request whose prompt begins alike
            theme = prose.Material((self._material.theme,), ("what goes with it",), (), self._material.theme)
            return write(derived_random(name, self._material.theme), theme)
        return write(self._random, self._material)

    def _judgement(self, contract: ScoreReply) -> str:
        good = self._random.random() < GOOD_SHARE
        scale = range(contract.low, contract.high + 1)
        middle = (contract.low + contract.high) / 2
        fitting = [score for score in scale if (score >= middle) == good] or list(scale)
        score = fitting[int(self._random.random() * len(fitting))]
        reason = prose.reason(self._random, self._material, good=score >= middle)
        return f"{_tag('reason', reason)}\n{_tag('score', str(score))}"

    def _value(self, schema: Mapping[str, Any], name: str, count: int | None) -> Any:
        """A JSON value that fits the schema."""
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if not isinstance(kind, str):
            kind = kind[0]
        if kind == "object":
            return {
                key: self._value(inner, key, count) for key, inner in schema.get("properties", {}).items()
            }
        if kind == "array":
            size = min(max(count or SOME, schema.get("minItems", 0)), schema.get("maxItems", 1_000))
            return [self._value(schema.get("items", {}), name, None) for _ in range(size)]
        return self._scalar(kind, schema, name)

    def _scalar(self, kind: str, schema: Mapping[str, Any], name: str) -> Any:
        if kind in ("integer", "number"):
            low = math.ceil(schema.get("minimum", min(0, schema.get("maximum", 0))))
            return self._random.randint(low, max(low, math.floor(schema.get("maximum", low + 9))))
        if kind == "boolean":
            return self._random.random() < GOOD_SHARE
        if kind == "null":
            return None
        text = self._text(name)
        return text.ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength")]


def _tag(name: str, text: str) -> str:
    return f"<{name}>{text}</{name}>"


def _spoiled(text: str, contract: ReplyContract, random: Random) -> tuple[str, str]:
    """A bad answer in place of a good one, and how it ended."""
    bad: list[tuple[str, str]] = [("", "stop"), (f"<think>{text}", "length")]
    if not isinstance(contract, TextReply):
        bad.append(("Certainly! Here is what you asked for:", "stop"))
        bad.append((text[: int(len(text) * (0.3 + 0.6 * random.random()))], "length"))
        bad.append((text.replace("<", "(").replace(">", ")").replace("{", "("), "stop"))
    if isinstance(contract, ScoreReply):
        score = contract.high + 1 + int(random.random() * 9)
        bad.append((_tag("score", str(score)), "stop"))
        bad.append((f"{_tag('score', str(contract.low))} {_tag('score', str(contract.high + 1))}", "stop"))
    if isinstance(contract, JsonReply):
        bad.append(('{"unexpected": true}', "stop"))
    return bad[int(random.random() * len(bad))]
