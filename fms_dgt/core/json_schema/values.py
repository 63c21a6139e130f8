"""Keywords about a value by itself: what it is, how large, of which form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.core.json_schema import formats
from fms_dgt.core.json_schema.equal import key_of, size_of
from fms_dgt.core.json_schema.fault import Fault
from fms_dgt.core.json_schema.pattern import matches
from fms_dgt.core.json_schema.step import MOST_STEPS, Check, TooMuch
from fms_dgt.core.json_schema.texts import as_json, listed


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


def type_step(_: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`type`."""
    allowed = schema["type"]
    kinds = kinds_of(value)
    if (allowed in kinds) if isinstance(allowed, str) else not set(allowed).isdisjoint(kinds):
        return None
    return Fault(wanted=(allowed,) if isinstance(allowed, str) else tuple(allowed), actual=kinds[0])


def enum_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`enum`."""
    check.spend(size_of(value, MOST_STEPS))
    if key_of(value) in check.choices(schema):
        return None
    return Fault(what=f"must be one of {listed(schema['enum'])}", is_choice=True)


def const_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`const`."""
    check.spend(size_of(value, MOST_STEPS))
    if key_of(value) == key_of(schema["const"]):
        return None
    return Fault(what=f"must be {as_json(schema['const'])}", is_choice=True)


def missing_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`required`, and keys that `additionalProperties: false` refuses."""
    if not isinstance(value, dict):
        return None
    names = schema.get("required", ())
    check.spend(len(names) // 10)
    missing = next((name for name in names if name not in value), None)
    if missing is not None:
        return Fault(what=f"has no '{missing}'")
    # reported before what is wrong inside of the others
    if schema.get("additionalProperties") is False and "patternProperties" not in schema:
        properties = schema.get("properties", {})
        surplus = next((name for name in value if name not in properties), None)
        return None if surplus is None else Fault(what=f"may not have '{surplus}'")
    return None


def length_step(_: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`minLength`, `maxLength`."""
    if isinstance(value, str):
        return _outside(len(value), schema, ("minLength", "maxLength"), " characters")
    return None


def count_step(_: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`minItems`, `maxItems`."""
    if isinstance(value, list):
        return _outside(len(value), schema, ("minItems", "maxItems"), " entries")
    return None


def bounds_step(_: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`minimum`, `maximum` and those that leave the end out."""
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


def multiple_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`multipleOf`."""
    if not _is_number(value):
        return None
    from fractions import Fraction  # noqa: PLC0415 (what few schemas need)

    # a number of thousands of digits is not divided in no time
    check.spend(100)
    # as written: no multiple of 0.1 is one of the float that stands for it
    if Fraction(str(value)) % Fraction(str(schema["multipleOf"])):
        return Fault(what=f"must be a multiple of {schema['multipleOf']}")
    return None


def pattern_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`pattern`."""
    if not isinstance(value, str):
        return None
    if not found_in(check, schema["pattern"], value):
        return Fault(what=f"must match the pattern {schema['pattern']}")
    return None


def found_in(check: Check, pattern: str, text: str) -> bool:
    """Whether a pattern is somewhere in a text. Raises TooMuch."""
    check.spend(1 + len(text) // 100)
    found = matches(pattern, text)
    if found is None:
        raise TooMuch("a text is too long for its pattern")
    return found


def format_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`format`."""
    if not isinstance(value, str):
        return None
    check.spend(5)
    if formats.fits(schema["format"], value):
        return None
    return Fault(what=f"must be {formats.words_for(schema['format'])}")
