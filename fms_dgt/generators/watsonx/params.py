"""Sampling parameters for watsonx: by its own names or OpenAI's, for its chat and its plain generation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.errors import RequestRefused

# watsonx's names for plain generation, and those of its chat, which are OpenAI's
CHAT_NAMES = {"max_new_tokens": "max_tokens", "stop_sequences": "stop", "random_seed": "seed"}
PLAIN_NAMES = {name: own for own, name in CHAT_NAMES.items()}

# what only one of them has
ONLY_CHAT = frozenset({"frequency_penalty", "presence_penalty"})
ONLY_PLAIN = frozenset({"top_k"})

SEED_MASK = 2**31 - 1


def chat_params(seed: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a chat call."""
    merged = _named(seed, given)
    merged.pop("decoding_method", None)
    merged.pop("min_new_tokens", None)  # chat has nothing like it
    return merged


def plain_params(seed: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a plain generation call.

    That call's default is greedy decoding, whatever the temperature: where a temperature or `top_p`
    is given, sampling is asked for.
    """
    merged = _named(seed, given)
    method, temperature = merged.pop("decoding_method", None), merged.get("temperature")
    if temperature == 0:
        method = "greedy"
        del merged["temperature"]
    elif method is None and (temperature is not None or "top_p" in merged):
        method = "sample"
    if method is not None:
        merged["decoding_method"] = method
    merged["seed"] = merged["seed"] or 1  # the least that it takes
    if "stop" in merged:
        # as chat calls do it
        merged.setdefault("include_stop_sequence", False)
    return {PLAIN_NAMES.get(name, name): value for name, value in merged.items()}


def joined_seed(seed: int, random_seed: int | None) -> int:
    """A request's seed and the one of the options, if any."""
    return seed if random_seed is None else (seed ^ random_seed) & SEED_MASK


def _named(seed: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """By the names of chat; greedy decoding is temperature 0, whatever else is said."""
    level = {"seed": seed, **{CHAT_NAMES.get(name, name): value for name, value in given.items()}}
    method = level.get("decoding_method")
    if method not in (None, "greedy", "sample"):
        raise RequestRefused(f"decoding_method may be greedy or sample, not {method!r}")
    if level.get("n") not in (None, 1):
        raise RequestRefused("'n' cannot be asked for; each answer is asked for, and paid for, by itself")
    if method == "greedy":
        level["temperature"] = 0
    return level
