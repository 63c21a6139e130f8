"""Ready answers and service times for the stand-in server, made of nothing but the request."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from random import Random
from statistics import NormalDist
from typing import Any

from fms_dgt.core.canonical import derived_int, derived_random
from fms_dgt.core.json_schema.example import example
from fms_dgt.core.json_schema.plain import is_plain
from fms_dgt.testing.wire import prompt_of

_TAG = re.compile(r"between <(\w+)> and </\1>|<(\w+)>(?:\.\.\.|N)</\2>")
_COUNT = re.compile(r"exactly (\d+)|, (\d+) times,")
_SCALE = re.compile(r"whole number from (\d+) to (\d+)|one of (\d+), (?:\d+, )*(\d+)")
_JSON_LINE = re.compile(r"JSON schema, and nothing else:\n(.+)$", re.MULTILINE)
_WORD = re.compile(r"[^\W_]{3,}")

SEVERAL = 3  # items in a list, where the prompt does not say how many


def echo_answers(body: Mapping[str, Any]) -> str:
    """A reply in the form that the prompt asks for, in words of the prompt.

    It follows the instructions that our reply contracts write, or the JSON schema that came with the
    request. The same prompt and seed get the same reply.
    """
    prompt = prompt_of(body)
    chance = derived_random("answer", prompt, body.get("seed"))
    words = _WORD.findall(prompt) or ["nothing"]
    schema = _schema_of(body, prompt)
    if schema is not None:
        return json.dumps(_value(schema, chance, words), ensure_ascii=False)
    tags = dict.fromkeys(said or shown for said, shown in _TAG.findall(prompt))
    if not tags:
        return _sentence(chance, words)
    low, high = _numbers(_SCALE, prompt) or (0, 1)
    asked = _numbers(_COUNT, prompt)
    many = asked[0] if asked else SEVERAL if "Write each" in prompt else 1
    return "\n".join(
        f"<{tag}>{_score(chance, low, high) if tag == 'score' else _sentence(chance, words)}</{tag}>"
        for _ in range(many)
        for tag in tags
    )


def _numbers(pattern: re.Pattern[str], prompt: str) -> list[int]:
    """The numbers that a pattern finds in a prompt, in whichever of its forms."""
    found = pattern.search(prompt)
    return [int(number) for number in found.groups() if number is not None] if found else []


def lognormal(
    median: float, sigma: float, *, slow_share: float = 0.0, slow_times: float = 25.0
) -> Callable[[str], float]:
    """Service times in seconds that depend on the prompt alone; a share of them takes times as long."""
    normal = NormalDist(math.log(median), sigma) if sigma else None

    def seconds(prompt: str) -> float:
        slow = slow_share and derived_int("slow", prompt, bits=53) < slow_share * 2**53
        times = slow_times if slow else 1.0
        if normal is None:
            return median * times
        share = (derived_int("service", prompt, bits=53) + 0.5) / 2**53
        return math.exp(normal.inv_cdf(share)) * times

    return seconds


def _schema_of(body: Mapping[str, Any], prompt: str) -> Mapping[str, Any] | None:
    given = body.get("response_format") or {}
    if given.get("type") == "json_schema":
        schema: Mapping[str, Any] = given["json_schema"]["schema"]
        return schema
    written = _JSON_LINE.search(prompt)
    return json.loads(written[1]) if written else None


def _sentence(chance: Random, words: list[str]) -> str:
    return " ".join(chance.choices(words, k=chance.randint(6, 14))).capitalize() + "."


def _score(chance: Random, low: int, high: int) -> int:
    # the better of two draws: most pass a judge, some do not
    return max(chance.randint(low, high), chance.randint(low, high))


def _value(schema: Mapping[str, Any], chance: Random, words: list[str]) -> Any:
    if not is_plain(schema):
        return example(schema, chance, lambda _: _sentence(chance, words))
    if "enum" in schema:
        return chance.choice(list(schema["enum"]))
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        entries = schema.get("properties", {})
        return {name: _value(inner, chance, words) for name, inner in entries.items()}
    if kind == "array":
        many = schema.get("maxItems", max(SEVERAL, schema.get("minItems", 0)))
        return [_value(schema.get("items", {}), chance, words) for _ in range(many)]
    if kind in ("integer", "number"):
        low = math.ceil(schema.get("minimum", 0))
        return chance.randint(low, int(schema.get("maximum", low + 10)))
    if kind == "string":
        text = _sentence(chance, words).ljust(schema.get("minLength", 0), ".")
        return text[: schema.get("maxLength")]
    return {"boolean": chance.random() < 0.5, "null": None}[kind]
