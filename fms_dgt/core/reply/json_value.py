"""A reply that is a JSON value by a schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, cast

from fms_dgt.core.json_schema import (
    Checker,
    checker_of,
    schema_problems,
    unchecked_formats,
)
from fms_dgt.core.json_schema.equal import size_of
from fms_dgt.core.json_schema.plain import is_plain
from fms_dgt.core.json_schema.read import MOST_VALUES, too_large
from fms_dgt.core.json_schema.refs import target
from fms_dgt.core.json_schema.source import schema_from
from fms_dgt.core.json_schema.words import described
from fms_dgt.core.node import Node
from fms_dgt.core.reply.chatter import is_refusal
from fms_dgt.core.reply.cleaning import clean, says_nothing, unfenced
from fms_dgt.core.reply.contract import ReplyContract
from fms_dgt.core.reply.json_text import NOTHING, Within, agreed, decode_at, is_schema
from fms_dgt.errors import Problem, Unreadable

MOST_TRIES = 64  # values that are looked at in one reply

_AT_TOP: Final = frozenset({"object", "array"})
_NOUNS: Final = {"object": "object", "array": "list"}
_SIGNS: Final = {"object": "{", "array": "["}
# counts the changes of how a schema is described: a template's answers depend on it
_WORDING: Final = 1


@dataclass(frozen=True)
class JsonReply(ReplyContract):
    """One JSON object (or list, if the schema says so) that fits a schema.

    `json_schema` is the schema, or a class that has one: a pydantic model or a dataclass. Raises ValueError
    for what is none, and for what would not be checked.
    """

    json_schema: Mapping[str, Any] | type = field(hash=False)

    def __post_init__(self) -> None:
        schema = schema_from(self.json_schema)
        problems = json_schema_problems(schema)
        if problems:
            raise ValueError("; ".join(map(str, problems)))
        object.__setattr__(self, "json_schema", schema)

    @property
    def _schema(self) -> Mapping[str, Any]:
        # settled when it was made
        return cast("Mapping[str, Any]", self.json_schema)

    def instructions(self, count: int | None, *, as_json: bool) -> str:
        if self._is_plain:
            form = json.dumps(self.json_schema, ensure_ascii=False)
            return f"Reply with one JSON {self._noun} that fits this JSON schema, and nothing else:\n{form}"
        return f"Reply with one JSON {self._noun} of this form, and nothing else.\n{described(self._schema)}"

    @cached_property
    def _is_plain(self) -> bool:
        return is_plain(self.json_schema)

    @cached_property
    def _kinds(self) -> Sequence[str]:
        kinds = _top_kinds(self.json_schema, self.json_schema, {})
        # where the schema says nothing of it, an object is what is meant
        says_nothing = kinds == _AT_TOP and self._is_plain
        return ["object"] if says_nothing or not kinds else sorted(kinds, reverse=True)

    @property
    def several(self) -> bool:
        """Whether the value is a list."""
        return list(self._kinds) == ["array"]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the object that the value is, or that its items are; empty where that is not known."""
        schema = self._resolved(self._schema)
        if self.several:
            schema = self._resolved(schema.get("items", schema))
        return tuple(schema.get("properties", ()))

    def _resolved(self, schema: Any) -> Mapping[str, Any]:
        while isinstance(schema, Mapping) and "$ref" in schema and "properties" not in schema:
            schema = target(self.json_schema, schema["$ref"])
        return schema if isinstance(schema, Mapping) else {}

    @property
    def _noun(self) -> str:
        return " or ".join(_NOUNS[kind] for kind in self._kinds)

    def schema(self, count: int | None) -> Mapping[str, Any]:
        return self._schema

    def notes(self) -> list[str]:
        return [f"the format '{name}' is not checked" for name in unchecked_formats(self.json_schema)]

    def read(self, text: str, *, finish: str = "stop", count: int | None = None) -> Any:
        """The one value in the reply that fits; else what is wrong with the first one."""
        wrong = ""
        fits: list[Within] = []
        answer = unfenced(clean(text))
        openings = [_SIGNS[kind] for kind in self._kinds]
        for found in _values(answer, openings, open_end=finish != "length"):
            if self._is_handed_back(found.value):
                continue
            problem = self._checker.problem(found.value) or _only_form(found.value)
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
        wording = {} if self._is_plain else {"wording": _WORDING}
        return {"kind": "json", "schema": self.json_schema, **wording}

    @cached_property
    def _checker(self) -> Checker:
        return Checker(self._schema)

    def _is_handed_back(self, value: Any) -> bool:
        """Whether a value is the schema itself."""
        names = ("$defs", "definitions", "$ref")
        return isinstance(value, dict) and any(name in self._schema and name in value for name in names)


def json_schema_problems(schema: Any) -> list[Problem]:
    """What is wrong with a schema of a program's, for a reply."""
    if size_of(schema, MOST_VALUES + 1) > MOST_VALUES:
        return [too_large("the JSON schema")]
    try:
        return reply_schema_problems(Node.of(schema, "the JSON schema"))
    except RecursionError:
        return [Problem("the schema is nested too deeply")]


def reply_schema_problems(node: Node) -> list[Problem]:
    """What is wrong with a schema for a reply."""
    problems = schema_problems(node)
    if problems:
        return problems
    schema = node.plain()
    if not _top_kinds(schema, schema, {}):
        return [node.problem("must be of type 'object' or 'array' at the top")]
    return []


def _values(text: str, openings: Sequence[str], *, open_end: bool) -> Iterator[Within]:
    """The outermost JSON values in a text, as many as a fixed amount of work finds."""
    position, budget = _next(text, openings, 0), 2 * len(text) + MOST_TRIES
    for _ in range(MOST_TRIES * 16):
        if position < 0 or budget < 0:
            return
        value, end = decode_at(text, position, open_end=open_end)
        budget -= end - position
        if value is NOTHING:
            end = position + 1
        elif not is_schema(value) and not _is_mentioned(text, position):
            yield Within(value, position, end)
        position = _next(text, openings, end)


def _next(text: str, openings: Sequence[str], start: int) -> int:
    """Where the next value may begin; -1 where none does."""
    places = [place for sign in openings if (place := text.find(sign, start)) >= 0]
    return min(places, default=-1)


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
    return checker_of(schema).problem(value)


def _top_kinds(schema: Any, root: Any, known: dict[int, frozenset[str]]) -> frozenset[str]:
    """Which of object and list a value may be; both where it does not say."""
    if not isinstance(schema, Mapping):
        return _AT_TOP
    if id(schema) in known:
        return known[id(schema)]
    kinds = _AT_TOP
    if "type" in schema:
        kinds &= frozenset([schema["type"]] if isinstance(schema["type"], str) else schema["type"])
    if "$ref" in schema:
        kinds &= _top_kinds(target(root, schema["$ref"]), root, known)
    for each in schema.get("allOf", ()):
        kinds &= _top_kinds(each, root, known)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            kinds &= frozenset[str]().union(*(_top_kinds(each, root, known) for each in schema[key]))
    known[id(schema)] = kinds
    return kinds
