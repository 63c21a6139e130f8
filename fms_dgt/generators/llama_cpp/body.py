"""Requests as llama.cpp's server takes them: chats, and prompts that stand in the middle of a turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fms_dgt.core.generator import Request
from fms_dgt.core.json_schema.rebuilt import rebuilt
from fms_dgt.errors import RequestRefused
from fms_dgt.generators.llama_cpp.patterns import known_pattern
from fms_dgt.generators.shared import requests
from fms_dgt.generators.shared.requests import plain_prompt, response_format
from fms_dgt.generators.shared.schemas import USUAL as USUAL_KEYWORDS
from fms_dgt.generators.shared.schemas import multiples_listed, usual_keywords

# llama.cpp takes 32 bits, and the largest of them for: any seed
SEEDS: Final = 2**32 - 1
# between the parts of a value a weak model goes on with blanks for ever, where it may
NO_ENDLESS_BLANKS: Final = {"x-guidance": {"whitespace_flexible": False}}
# texts of these formats it can write
FORMATS: Final = frozenset({"date", "date-time", "time", "uuid"})
# An answer comes in pieces: each, and progress with the prompt, is an occasion to break off.
IN_PIECES: Final = {
    "stream": True,
    "stream_options": {"include_usage": True},
    "return_progress": True,
    "n": 1,
}
# sampling options that the server calls otherwise
WIRE_NAMES: Final = {"repetition_penalty": "repeat_penalty"}
# Where nobody says otherwise: without it a small model repeats itself in a third of its answers in JSON, up
# to the token limit. Not an option's default, which would be part of every call's key.
USUAL: Final = {"repeat_penalty": 1.05}
# where a file has sampling of its own
OWN_SAMPLING: Final = "general.sampling."
RESERVED: Final = frozenset({"messages", "prompt", *IN_PIECES})


def written(request: Request, usual: Mapping[str, Any], over: Mapping[str, Any], *, plain: bool) -> bytes:
    """The body of one request: `usual` below its params, and `over` above. Raises RequestRefused."""
    params = {WIRE_NAMES.get(name, name): value for name, value in request.params.items()}
    body = {**usual, "seed": request.seed, **params, **over}
    if isinstance(body["seed"], int):
        body["seed"] %= SEEDS
    asked = {"prompt": plain_prompt(request)} if plain else {"messages": list(map(dict, request.messages))}
    if not any(asked.values()):
        raise RequestRefused("the request asks nothing")
    return requests.written({**body, **asked, **IN_PIECES})


def held_to_schema(schema: Mapping[str, Any], max_string: int | None, *, plain: bool) -> dict[str, Any]:
    """The part of a body that holds the answer to a schema, as far as llama.cpp can."""
    bound = {**NO_ENDLESS_BLANKS, **bounded(rebuilt(schema, _known), max_string)}
    if plain:
        return {"json_schema": bound}
    return {"response_format": response_format(bound)}


def _known(schema: dict[str, Any]) -> dict[str, Any]:
    """One schema in what llama.cpp turns into a grammar."""
    result = multiples_listed(usual_keywords(schema, USUAL_KEYWORDS, FORMATS))
    if "pattern" in result:
        pattern = known_pattern(result["pattern"])
        result = {key: value for key, value in result.items() if key != "pattern"}
        result.update({} if pattern is None else {"pattern": pattern})
    return result


def bounded(schema: Mapping[str, Any], limit: int | None) -> Mapping[str, Any]:
    """The schema with at most `limit` characters in every text that has no bound of its own."""
    if limit is None:
        return schema

    def change(each: dict[str, Any]) -> dict[str, Any]:
        kinds = each.get("type")
        is_text = "string" in ([kinds] if isinstance(kinds, str) else kinds or ())
        if is_text and not each.keys() & {"enum", "const", "pattern", "maxLength"}:
            each["maxLength"] = max(limit, each.get("minLength", 0))
        return each

    made: Mapping[str, Any] = rebuilt(schema, change)
    return made
