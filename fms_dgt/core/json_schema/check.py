"""Whether a value fits a schema, in bounded time and depth; and a sentence about what does not."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, TypeAlias

from fms_dgt.core.json_schema import formats, refs
from fms_dgt.core.json_schema.equal import key_of, size_of
from fms_dgt.core.json_schema.fault import Fault, nearest
from fms_dgt.core.json_schema.pattern import matches
from fms_dgt.core.json_schema.texts import as_json, listed

# a schema that is looked at for a value is one step; a second's work at the most
MOST_STEPS: Final = 300_000
# schemas within each other, or values: each takes two frames of Python's stack
DEEPEST: Final = 220

Step: TypeAlias = "Callable[[_Check, Any, Mapping[str, Any]], Fault | None]"


class TooMuch(Exception):
    """A check that would take too long, or go too deep."""


class Checker:
    """One schema, ready to check values. The schema must not be changed afterwards."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self._steps: dict[int, tuple[Step, ...]] = {}
        self._targets: dict[str, Any] = {}
        self._choices: dict[int, frozenset[Hashable]] = {}

    def problem(self, value: Any) -> str | None:
        """A sentence about the first thing that does not fit; None where all does."""
        try:
            fault = _Check(self).fault(value, self.schema)
        except (TooMuch, RecursionError) as error:
            return f"The JSON cannot be checked: {error if isinstance(error, TooMuch) else _TOO_DEEP}."
        if fault is None:
            return None
        return f"In the JSON, {fault.path.removeprefix('.') or 'the top level'} {fault.text}."

    def steps(self, schema: Mapping[str, Any]) -> tuple[Step, ...]:
        """What is to be looked at for a schema, in a fixed order."""
        found = self._steps.get(id(schema))
        if found is None:
            found = tuple(dict.fromkeys(step for keys, step in _STEPS if not keys.isdisjoint(schema)))
            self._steps[id(schema)] = found
        return found

    def target(self, ref: str) -> Any:
        """The schema that a `$ref` names."""
        if ref not in self._targets:
            self._targets[ref] = refs.target(self.schema, ref)
        return self._targets[ref]

    def choices(self, schema: Mapping[str, Any]) -> frozenset[Hashable]:
        """The values of an `enum`, for looking them up."""
        found = self._choices.get(id(schema))
        if found is None:
            found = self._choices[id(schema)] = frozenset(map(key_of, schema["enum"]))
        return found


_TOO_DEEP = "it is nested too deeply"


class _Same:
    """A schema, the same as itself alone: to be looked up without being read."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.schema is self.schema


def checker_of(schema: Mapping[str, Any]) -> Checker:
    """The checker of a schema; that of one that is asked for again is kept."""
    return _kept(_Same(schema))


@lru_cache(maxsize=16)
def _kept(same: _Same) -> Checker:
    return Checker(same.schema)


class _Check:
    """One check of one value."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self._left = MOST_STEPS
        self._depth = 0
        # what is known of a value and a schema: choices within choices ask for it again and again
        self._known: dict[tuple[int, int], Fault | None] = {}

    def spend(self, steps: int) -> None:
        """Count work. Raises TooMuch."""
        self._left -= steps
        if self._left < 0:
            raise TooMuch("that would take too long")

    def fault(self, value: Any, schema: Any) -> Fault | None:
        """The first thing in a value that does not fit a schema."""
        while isinstance(schema, Mapping) and len(schema) == 1 and "$ref" in schema:
            self.spend(1)
            schema = self.checker.target(schema["$ref"])
        if isinstance(schema, bool):
            return None if schema else Fault(what="is not allowed")
        self.spend(1)
        remembered = not _COMBINING.isdisjoint(schema)
        pair = (id(value), id(schema))
        if remembered and pair in self._known:
            return self._known[pair]
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooMuch(_TOO_DEEP)
        found = None
        for step in self.checker.steps(schema):
            found = step(self, value, schema)
            if found is not None:
                break
        self._depth -= 1
        if remembered:
            self._known[pair] = found
        return found


def kinds_of(value: Any) -> tuple[str, ...]:
    """The types of JSON Schema that a value has."""
    if value is None:
        return ("null",)
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return ("integer", "number")
    kinds = {float: "number", str: "string", list: "array", dict: "object"}
    return (kinds[type(value)],)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _type(_: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    allowed = schema["type"]
    kinds = kinds_of(value)
    if (allowed in kinds) if isinstance(allowed, str) else not set(allowed).isdisjoint(kinds):
        return None
    return Fault(wanted=(allowed,) if isinstance(allowed, str) else tuple(allowed), actual=kinds[0])


def _enum(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    check.spend(size_of(value, MOST_STEPS))
    if key_of(value) in check.checker.choices(schema):
        return None
    return Fault(what=f"must be one of {listed(schema['enum'])}", is_choice=True)


def _const(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    check.spend(size_of(value, MOST_STEPS))
    if key_of(value) == key_of(schema["const"]):
        return None
    return Fault(what=f"must be {as_json(schema['const'])}", is_choice=True)


def _missing(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if not isinstance(value, dict):
        return None
    names = schema.get("required", ())
    check.spend(len(names) // 10)
    missing = next((name for name in names if name not in value), None)
    if missing is not None:
        return Fault(what=f"has no '{missing}'")
    # told before what is wrong inside of the others
    if schema.get("additionalProperties") is False and "patternProperties" not in schema:
        properties = schema.get("properties", {})
        surplus = next((name for name in value if name not in properties), None)
        return None if surplus is None else Fault(what=f"may not have '{surplus}'")
    return None


def _length(_: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if isinstance(value, str):
        return _outside(len(value), schema, ("minLength", "maxLength"), " characters")
    return None


def _count(_: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if isinstance(value, list):
        return _outside(len(value), schema, ("minItems", "maxItems"), " entries")
    return None


def _bounds(_: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if not _is_number(value):
        return None
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        return Fault(what=f"must be more than {schema['exclusiveMinimum']}")
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        return Fault(what=f"must be less than {schema['exclusiveMaximum']}")
    return _outside(value, schema, ("minimum", "maximum"), "")


def _outside(size: float, schema: Mapping[str, Any], ends: tuple[str, str], unit: str) -> Fault | None:
    low, high = (schema.get(end) for end in ends)
    if low is not None and size < low:
        return Fault(what=f"must have at least {low}{unit}" if unit else f"must be {low} or more")
    if high is not None and size > high:
        return Fault(what=f"must have at most {high}{unit}" if unit else f"must be {high} or less")
    return None


def _multiple(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if not _is_number(value):
        return None
    # a number of thousands of digits is not divided in no time
    check.spend(100)
    # as written: no multiple of 0.1 is one of the float that stands for it
    if Fraction(str(value)) % Fraction(str(schema["multipleOf"])):
        return Fault(what=f"must be a multiple of {schema['multipleOf']}")
    return None


def _pattern(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if not isinstance(value, str):
        return None
    if not _found(check, schema["pattern"], value):
        return Fault(what=f"must match the pattern {schema['pattern']}")
    return None


def _found(check: _Check, pattern: str, text: str) -> bool:
    check.spend(1 + len(text) // 100)
    found = matches(pattern, text)
    if found is None:
        raise TooMuch("a text is too long for its pattern")
    return found


def _format(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if not isinstance(value, str):
        return None
    check.spend(5)
    if formats.fits(schema["format"], value):
        return None
    return Fault(what=f"must be {formats.words_for(schema['format'])}")


def _properties(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if not isinstance(value, dict):
        return None
    properties = schema.get("properties", {})
    check.spend(len(properties) // 10)
    for name in properties:
        if name in value:
            found = check.fault(value[name], properties[name])
            if found is not None:
                return found.at(name)
    return None


def _other_properties(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`patternProperties`, and `additionalProperties` for what neither these nor `properties` name."""
    if not isinstance(value, dict):
        return None
    patterns = schema.get("patternProperties", {})
    others = schema.get("additionalProperties", True)
    for name, each in value.items():
        is_named = name in schema.get("properties", {})
        for pattern, wanted in patterns.items():
            if _found(check, pattern, name):
                is_named = True
                found = check.fault(each, wanted)
                if found is not None:
                    return found.at(name)
        if is_named or others is True:
            continue
        if others is False:
            return Fault(what=f"may not have '{name}'")
        found = check.fault(each, others)
        if found is not None:
            return found.at(name)
    return None


def _names(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if not isinstance(value, dict):
        return None
    size = len(value)
    for key, is_out, words in (
        ("minProperties", size < schema.get("minProperties", 0), "at least"),
        ("maxProperties", size > schema.get("maxProperties", size), "at most"),
    ):
        if is_out:
            return Fault(what=f"must have {words} {schema[key]} keys")
    if "propertyNames" in schema:
        for name in value:
            found = check.fault(name, schema["propertyNames"])
            if found is not None:
                return Fault(what=f"may not have the key '{name}': it {found.text}")
    return None


def _dependent(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if not isinstance(value, dict):
        return None
    for name, needed in schema.get("dependentRequired", {}).items():
        check.spend(1)
        missing = next((each for each in needed if each not in value), None) if name in value else None
        if missing is not None:
            return Fault(what=f"has '{name}', and so needs '{missing}'")
    for name, wanted in schema.get("dependentSchemas", {}).items():
        found = check.fault(value, wanted) if name in value else None
        if found is not None:
            return found
    return None


def _entries(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if not isinstance(value, list):
        return None
    first = schema.get("prefixItems", ())
    others = schema.get("items", True)
    for index, entry in enumerate(value):
        found = check.fault(entry, first[index] if index < len(first) else others)
        if found is not None:
            return found.at(index)
    return None


def _unique(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if not isinstance(value, list) or not schema["uniqueItems"]:
        return None
    check.spend(size_of(value, MOST_STEPS))
    seen: dict[Hashable, int] = {}
    for index, entry in enumerate(value):
        first = seen.setdefault(key_of(entry), index)
        if first != index:
            return Fault(what=f"may not have an entry twice, and entry {index} is the same as entry {first}")
    return None


def _contains(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if not isinstance(value, list):
        return None
    fitting = 0
    for entry in value:
        fitting += check.fault(entry, schema["contains"]) is None
    low, high = schema.get("minContains", 1), schema.get("maxContains")
    if fitting < low:
        return Fault(
            what=f"has {fitting} of the entries that it must have {low} of: {as_json(schema['contains'])}"
        )
    if high is not None and fitting > high:
        return Fault(
            what=f"has {fitting} of the entries that it may have {high} of: {as_json(schema['contains'])}"
        )
    return None


def _ref(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    return check.fault(value, check.checker.target(schema["$ref"]))


def _all_of(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    for each in schema["allOf"]:
        found = check.fault(value, each)
        if found is not None:
            return found
    return None


def _any_of(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    faults = []
    for each in schema["anyOf"]:
        found = check.fault(value, each)
        if found is None:
            return None
        faults.append(found)
    return nearest(faults)


def _one_of(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    faults: list[Fault] = []
    fitting = 0
    for each in schema["oneOf"]:
        found = check.fault(value, each)
        fitting += found is None
        faults.extend([] if found is None else [found])
    if fitting > 1:
        return Fault(what="fits several of the forms of which it may have only one")
    return None if fitting else nearest(faults)


def _not(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    if check.fault(value, schema["not"]) is None:
        return Fault(what=f"may not fit {as_json(schema['not'])}")
    return None


def _if(check: _Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    way = "then" if check.fault(value, schema["if"]) is None else "else"
    return check.fault(value, schema.get(way, True))


# In the order in which faults are told. The first ones are all that a schema could have at the beginning:
# what a model was told then must not change, for the words are part of what was asked.
_STEPS: Final[Sequence[tuple[frozenset[str], Step]]] = (
    (frozenset({"type"}), _type),
    (frozenset({"enum"}), _enum),
    (frozenset({"const"}), _const),
    (frozenset({"required", "additionalProperties"}), _missing),
    (frozenset({"minLength", "maxLength"}), _length),
    (frozenset({"minItems", "maxItems"}), _count),
    (frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}), _bounds),
    (frozenset({"multipleOf"}), _multiple),
    (frozenset({"pattern"}), _pattern),
    (frozenset({"format"}), _format),
    (frozenset({"minProperties", "maxProperties", "propertyNames"}), _names),
    (frozenset({"dependentRequired", "dependentSchemas"}), _dependent),
    (frozenset({"properties"}), _properties),
    (frozenset({"additionalProperties", "patternProperties"}), _other_properties),
    (frozenset({"items", "prefixItems"}), _entries),
    (frozenset({"uniqueItems"}), _unique),
    (frozenset({"contains"}), _contains),
    (frozenset({"$ref"}), _ref),
    (frozenset({"allOf"}), _all_of),
    (frozenset({"anyOf"}), _any_of),
    (frozenset({"oneOf"}), _one_of),
    (frozenset({"not"}), _not),
    (frozenset({"if"}), _if),
)
_COMBINING: Final = frozenset({"$ref", "allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas"})
