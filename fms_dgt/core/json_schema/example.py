"""A value that fits a schema, by chance: for stand-ins of models."""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final

from fms_dgt.core.json_schema import refs
from fms_dgt.core.json_schema.check import checker_of

_PARSER: Any = getattr(re, "_parser")  # noqa: B009 (no part of what is typed)

SOME: Final = 3  # entries of a list, where nothing says how many
DEEP: Final = 4  # levels from which the shortest way out is taken
TRIES: Final = 20
LONGEST: Final = 100_000  # characters, or entries
_NEVER: Final = 1_000
_MOST_STEPS: Final = 10_000
# of one example; a few lines of schema can ask for a billion
_MOST_VALUES: Final = 20_000
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


def example(
    schema: Mapping[str, Any], random: Random, text: Callable[[str], str], count: int | None = None
) -> Any:
    """A value that fits a schema; `text` writes one for a key, `count` is for a list at the top.

    Where a schema asks for what cannot be made up so (a `not`, for example), it may not fit after all.
    """
    checker = checker_of(schema)
    value: Any = None
    for _ in range(TRIES):
        made = _Example(schema, random, text)
        value = made.value(schema, "answer", 0, count)
        if checker.problem(value) is None or made.is_too_large:
            break
    return value


class _Example:
    def __init__(self, root: Mapping[str, Any], random: Random, text: Callable[[str], str]) -> None:
        self._root = root
        self._random = random
        self._text = text
        self._steps = 0
        self._values = 0

    @property
    def is_too_large(self) -> bool:
        """Whether the value was broken off."""
        return self._values > _MOST_VALUES

    def value(self, schema: Any, name: str, depth: int, count: int | None = None) -> Any:
        """A value for a schema; `name` is the key that it is for. None where there would be too many."""
        self._values += 1
        if self._values > _MOST_VALUES:
            return None
        schema = self._united(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._random.choice(list(schema["enum"]))
        forms = schema.get("anyOf") or schema.get("oneOf")
        if forms:
            rest = {key: each for key, each in schema.items() if key not in ("anyOf", "oneOf")}
            return self.value({"allOf": [rest, self._form(forms, depth)]}, name, depth, count)
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._list(schema, name, depth, count)
        if kind in ("integer", "number"):
            return self._number(schema, whole=kind == "integer")
        if kind == "string":
            return self._string(schema, name)
        return self._random.random() < 0.5 if kind == "boolean" else None

    def _united(self, schema: Any) -> Mapping[str, Any]:
        """A schema with what it refers to and what it joins put into it."""
        if not isinstance(schema, Mapping):
            return {}
        parts = [refs.target(self._root, schema["$ref"])] if "$ref" in schema else []
        parts += schema.get("allOf", ())
        if not parts:
            return schema
        own = {key: each for key, each in schema.items() if key not in ("$ref", "allOf")}
        result: dict[str, Any] = {}
        for part in (*map(self._united, parts), own):
            joined = {**result.get("properties", {}), **part.get("properties", {})}
            required = [*result.get("required", ()), *part.get("required", ())]
            result.update(part)
            result.update({"properties": joined} if joined else {})
            result.update({"required": required} if required else {})
        return result

    def _form(self, forms: Sequence[Any], depth: int) -> Any:
        if depth < DEEP:
            return self._random.choice(forms)
        return min(forms, key=lambda form: self._depth(form, frozenset()))

    def _depth(self, schema: Any, above: frozenset[int]) -> int:
        """How many levels a value has at least."""
        if not isinstance(schema, Mapping):
            return 0
        self._steps += 1
        if id(schema) in above or self._steps > _MOST_STEPS:
            return _NEVER
        above |= {id(schema)}
        depths = [self._depth(refs.target(self._root, schema["$ref"]), above)] if "$ref" in schema else [0]
        forms = schema.get("anyOf") or schema.get("oneOf")
        if forms:
            depths.append(min(self._depth(form, above) for form in forms))
        depths += [self._depth(part, above) for part in schema.get("allOf", ())]
        properties = schema.get("properties", {})
        needed = [properties[name] for name in schema.get("required", ()) if name in properties]
        if schema.get("minItems", 0):
            needed.append(schema.get("items"))
        depths += [1 + self._depth(each, above) for each in needed]
        return min(max(depths), _NEVER)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = schema.get("required", ())
        properties = schema.get("properties", {})
        names = [name for name in properties if name in required or depth < DEEP]
        made = {name: self.value(properties[name], name, depth + 1) for name in names}
        others = schema.get("additionalProperties", {})
        wanted = max(
            min(schema.get("minProperties", 0), LONGEST), len(made), 2 if not properties and others else 0
        )
        missing = [name for name in required if name not in made]
        for name in (*missing, *self._names(schema, wanted - len(made) - len(missing))):
            if others is not False:
                made[name] = self.value(others, name, depth + 1)
        for pattern, each in schema.get("patternProperties", {}).items() if not properties else ():
            made[self._matching(pattern)] = self.value(each, "entry", depth + 1)
        return made

    def _names(self, schema: Mapping[str, Any], count: int) -> Iterator[str]:
        for number in range(1, count + 1):
            names = schema.get("propertyNames")
            yield str(self.value(names, "name", DEEP)) if names else f"key_{number}"

    def _list(self, schema: Mapping[str, Any], name: str, depth: int, count: int | None) -> list[Any]:
        first = schema.get("prefixItems", ())
        items = schema.get("items", {} if not first else False)
        low, high = min(schema.get("minItems", 0), LONGEST), schema.get("maxItems", 1_000)
        size = min(max(count or (SOME if depth < DEEP else 0), low), high)
        size = size if items is not False else min(len(first), high)
        entries: list[Any] = []
        for index in range(size):
            wanted = first[index] if index < len(first) else items
            entry = self.value(wanted, name, depth + 1)
            if not (schema.get("uniqueItems") and entry in entries):
                entries.append(entry)
        return entries

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> float:
        step = schema.get("multipleOf", 1)
        low, high = schema.get("minimum"), schema.get("maximum")
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        bottom = max((end for end in (low, above) if end is not None), default=None)
        top = min((end for end in (high, below) if end is not None), default=None)
        if not whole and "multipleOf" not in schema and bottom is not None and top is not None:
            return float(round(bottom + (top - bottom) * (0.1 + 0.8 * self._random.random()), 3))
        bottom = bottom if bottom is not None else (0 if top is None else min(0, top - 10 * step))
        first = math.ceil(bottom / step)
        first += above is not None and first * step <= above
        last = first + 9 if top is None else math.floor(top / step)
        last -= below is not None and last * step >= below
        number: float = self._random.randint(first, max(first, last)) * step
        return int(number) if whole else number

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        made = _FORMATS.get(schema.get("format", ""))
        if made is not None:
            return made(self._random)
        if "pattern" in schema:
            return self._matching(schema["pattern"])
        return self._text(name).ljust(min(schema.get("minLength", 0), LONGEST), ".")[
            : schema.get("maxLength")
        ]

    def _matching(self, pattern: str) -> str:
        try:
            return "".join(self._parts(_PARSER.parse(pattern)))
        except (re.error, RecursionError, OverflowError):
            return self._text("text")

    def _parts(self, parsed: Any) -> Iterator[str]:
        for kind, what in parsed:
            name = str(kind)
            if name == "LITERAL":
                yield chr(what)
            elif name == "ANY":
                yield self._random.choice(_LETTERS)
            elif name == "IN":
                yield self._one_of(what)
            elif name == "SUBPATTERN":
                yield from self._parts(what[3])
            elif name == "BRANCH":
                yield from self._parts(self._random.choice(what[1]))
            elif name in ("MAX_REPEAT", "MIN_REPEAT"):
                low, high, inner = what
                for _ in range(self._random.randint(low, min(int(high), low + SOME))):
                    yield from self._parts(inner)

    def _one_of(self, members: Any) -> str:
        """A character of a set."""
        if str(members[0][0]) == "NEGATE":
            return self._random.choice(_LETTERS)
        kind, what = self._random.choice(members)
        if str(kind) == "RANGE":
            return chr(self._random.randint(what[0], what[1]))
        if str(kind) == "CATEGORY":
            digits = str(what) == "CATEGORY_DIGIT"
            return self._random.choice("0123456789" if digits else _LETTERS if "WORD" in str(what) else " ")
        return chr(what) if str(kind) == "LITERAL" else self._random.choice(_LETTERS)


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if kind is None:
        return "object" if "properties" in schema or "additionalProperties" in schema else "string"
    return kind if isinstance(kind, str) else str(kind[0])


def _date(random: Random) -> str:
    return (dt.date(2020, 1, 1) + dt.timedelta(days=random.randrange(2_000))).isoformat()


def _time(random: Random) -> str:
    return f"{random.randrange(24):02}:{random.randrange(60):02}:{random.randrange(60):02}Z"


def _uuid(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


_FORMATS: Final[Mapping[str, Callable[[Random], str]]] = {
    "date": _date,
    "time": _time,
    "date-time": lambda random: f"{_date(random)}T{_time(random)}",
    "duration": lambda random: f"PT{random.randint(1, 59)}M",
    "email": lambda random: f"{random.choice(_LETTERS)}{random.randrange(1_000)}@example.org",
    "hostname": lambda random: f"host{random.randrange(1_000)}.example.org",
    "ipv4": lambda random: f"192.0.2.{random.randrange(256)}",
    "ipv6": lambda random: f"2001:db8::{random.randrange(65_536):x}",
    "uri": lambda random: f"https://example.org/{random.randrange(1_000)}",
    "uri-reference": lambda random: f"/{random.randrange(1_000)}",
    "uuid": _uuid,
    "json-pointer": lambda random: f"/{random.choice(_LETTERS)}",
    "json-string": lambda random: str(random.randrange(1_000)),
}
