"""A reply that is a JSON value by a schema, and the part of JSON Schema that is checked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fms_dgt.core.reply.chatter import is_refusal
from fms_dgt.core.reply.cleaning import clean, says_nothing, unfenced
from fms_dgt.core.reply.contract import ReplyContract
from fms_dgt.core.reply.json_text import NOTHING, Within, agreed, decode_at, is_schema
from fms_dgt.errors import Unreadable

MOST_TRIES = 64  # values that are looked at in one reply

CHECKED = frozenset(
    {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "minItems",
        "maxItems",
        "enum",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
    }
)
REMARKS = frozenset({"title", "description", "default", "examples", "$schema", "$comment"})


@dataclass(frozen=True)
class JsonReply(ReplyContract):
    """One JSON object (or list, if the schema says so) that fits a schema."""

    json_schema: Mapping[str, Any] = field(hash=False)

    def instructions(self, count: int | None, *, as_json: bool) -> str:
        form = json.dumps(self.json_schema, ensure_ascii=False)
        return f"Reply with one JSON {self._noun} that fits this JSON schema, and nothing else:\n{form}"

    @property
    def _noun(self) -> str:
        return "list" if self.json_schema.get("type") == "array" else "object"

    def schema(self, count: int | None) -> Mapping[str, Any]:
        return self.json_schema

    def read(self, text: str, *, finish: str = "stop", count: int | None = None) -> Any:
        """The one value in the reply that fits; else what is wrong with the first one."""
        wrong = ""
        fits: list[Within] = []
        answer = unfenced(clean(text))
        opening = "[" if self._noun == "list" else "{"
        for found in _values(answer, opening, open_end=finish != "length"):
            problem = problem_in(found.value, self.json_schema) or _only_form(found.value)
            if problem is None:
                fits.append(found)
            wrong = wrong or problem or ""
        if fits:
            return agreed(fits, answer).value
        if wrong:
            raise Unreadable(wrong)
        if finish == "length":
            raise Unreadable(f"The reply was cut off before its JSON {self._noun} was complete.")
        raise Unreadable(f"The reply has no valid JSON {self._noun}.")

    def describe(self) -> Mapping[str, Any]:
        return {"kind": "json", "schema": self.json_schema}


def _values(text: str, opening: str, *, open_end: bool) -> Iterator[Within]:
    """The outermost JSON values in a text, as many as a fixed amount of work finds."""
    position, budget = text.find(opening), 2 * len(text) + MOST_TRIES
    for _ in range(MOST_TRIES * 16):
        if position < 0 or budget < 0:
            return
        value, end = decode_at(text, position, open_end=open_end)
        budget -= end - position
        if value is NOTHING:
            end = position + 1
        elif not is_schema(value) and not _is_mentioned(text, position):
            yield Within(value, position, end)
        position = text.find(opening, end)


def _is_mentioned(text: str, position: int) -> bool:
    """Whether a reply that declines only speaks of a value: it stands within one of its lines."""
    line = text.rfind("\n", 0, position) + 1
    return bool(text[line:position].strip()) and is_refusal(text)


def _only_form(value: Any) -> str | None:
    """A sentence where all texts in a JSON value are placeholders: the form, handed back."""
    texts = list(_texts(value))
    if any(texts) and all(map(says_nothing, texts)):
        return "The JSON has dots in place of its texts."
    return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def problem_in(value: Any, schema: Mapping[str, Any]) -> str | None:
    """A sentence about the first thing in `value` that does not fit; None where all does."""
    found = _first_problem(value, schema)
    if found is None:
        return None
    path, problem = found
    return f"In the JSON, {path.removeprefix('.') or 'the top level'} {problem}."


def _first_problem(value: Any, schema: Mapping[str, Any]) -> tuple[str, str] | None:
    problem = _type_problem(value, schema) or _choice_problem(value, schema) or _size_problem(value, schema)
    if problem:
        return "", problem
    for key, inner, inner_schema in _inside(value, schema):
        found = _first_problem(inner, inner_schema)
        if found:
            step = f"[{key}]" if isinstance(key, int) else f".{key}"
            return step + found[0], found[1]
    return None


KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def _kinds(value: Any) -> tuple[str, ...]:
    """The JSON Schema types that a value has."""
    if value is None:
        return ("null",)
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return ("integer", "number")
    kinds = {float: "number", str: "string", list: "array", dict: "object"}
    return (kinds[type(value)],)


def _type_problem(value: Any, schema: Mapping[str, Any]) -> str | None:
    wanted = schema.get("type")
    if wanted is None:
        return None
    allowed = [wanted] if isinstance(wanted, str) else list(wanted)
    if set(allowed) & set(_kinds(value)):
        return None
    return f"must be {' or '.join(KINDS[kind] for kind in allowed)}, not {KINDS[_kinds(value)[0]]}"


def _choice_problem(value: Any, schema: Mapping[str, Any]) -> str | None:
    if "enum" in schema and not any(_same(value, allowed) for allowed in schema["enum"]):
        allowed = ", ".join(json.dumps(one, ensure_ascii=False) for one in schema["enum"])
        return f"must be one of {allowed}"
    return None


def _same(value: Any, other: Any) -> bool:
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def _size_problem(value: Any, schema: Mapping[str, Any]) -> str | None:
    if isinstance(value, dict):
        return _keys_problem(value, schema)
    if isinstance(value, str):
        return _outside(len(value), schema, "minLength", "maxLength", " characters")
    if isinstance(value, list):
        return _outside(len(value), schema, "minItems", "maxItems", " entries")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _outside(value, schema, "minimum", "maximum", "")
    return None


def _keys_problem(value: Mapping[str, Any], schema: Mapping[str, Any]) -> str | None:
    missing = next((key for key in schema.get("required", ()) if key not in value), None)
    if missing is not None:
        return f"has no '{missing}'"
    if schema.get("additionalProperties") is False:
        unknown = next((key for key in value if key not in schema.get("properties", {})), None)
        return None if unknown is None else f"may not have '{unknown}'"
    return None


def _outside(size: float, schema: Mapping[str, Any], low: str, high: str, unit: str) -> str | None:
    if low in schema and size < schema[low]:
        return f"must have at least {schema[low]}{unit}" if unit else f"must be {schema[low]} or more"
    if high in schema and size > schema[high]:
        return f"must have at most {schema[high]}{unit}" if unit else f"must be {schema[high]} or less"
    return None


def _inside(value: Any, schema: Mapping[str, Any]) -> Iterator[tuple[str | int, Any, Mapping[str, Any]]]:
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for key in properties:
            if key in value:
                yield key, value[key], properties[key]
    elif isinstance(value, list) and "items" in schema:
        for index, entry in enumerate(value):
            yield index, entry, schema["items"]
