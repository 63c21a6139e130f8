"""Keywords that hold other schemas: for what is inside a value, or for the value itself."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from fms_dgt.core.json_schema.equal import key_of, size_of
from fms_dgt.core.json_schema.fault import Fault, nearest
from fms_dgt.core.json_schema.step import MOST_STEPS, Check
from fms_dgt.core.json_schema.texts import as_json
from fms_dgt.core.json_schema.values import found_in


def properties_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`properties`."""
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


def other_properties_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`patternProperties`, and `additionalProperties` for what neither these nor `properties` name."""
    if not isinstance(value, dict):
        return None
    patterns = schema.get("patternProperties", {})
    others = schema.get("additionalProperties", True)
    for name, each in value.items():
        is_named = name in schema.get("properties", {})
        for pattern, wanted in patterns.items():
            if found_in(check, pattern, name):
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


def names_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`minProperties`, `maxProperties`, `propertyNames`."""
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


def dependent_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`dependentRequired`, `dependentSchemas`."""
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


def entries_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`prefixItems`, `items`."""
    if not isinstance(value, list):
        return None
    first = schema.get("prefixItems", ())
    others = schema.get("items", True)
    for index, entry in enumerate(value):
        found = check.fault(entry, first[index] if index < len(first) else others)
        if found is not None:
            return found.at(index)
    return None


def unique_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`uniqueItems`."""
    if not isinstance(value, list) or not schema["uniqueItems"]:
        return None
    check.spend(size_of(value, MOST_STEPS))
    seen: dict[Hashable, int] = {}
    for index, entry in enumerate(value):
        first = seen.setdefault(key_of(entry), index)
        if first != index:
            return Fault(what=f"may not have an entry twice, and entry {index} is the same as entry {first}")
    return None


def contains_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`contains`, with `minContains` and `maxContains`."""
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


def ref_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`$ref`."""
    return check.fault(value, check.target(schema["$ref"]))


def all_of_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`allOf`."""
    for each in schema["allOf"]:
        found = check.fault(value, each)
        if found is not None:
            return found
    return None


def any_of_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`anyOf`."""
    faults = []
    for each in schema["anyOf"]:
        found = check.fault(value, each)
        if found is None:
            return None
        faults.append(found)
    return nearest(faults)


def one_of_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`oneOf`."""
    faults: list[Fault] = []
    fitting = 0
    for each in schema["oneOf"]:
        found = check.fault(value, each)
        fitting += found is None
        faults.extend([] if found is None else [found])
    if fitting > 1:
        return Fault(what="fits several of the forms of which it may have only one")
    return None if fitting else nearest(faults)


def not_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`not`."""
    if check.fault(value, schema["not"]) is None:
        return Fault(what=f"may not fit {as_json(schema['not'])}")
    return None


def if_step(check: Check, value: Any, schema: Mapping[str, Any]) -> Fault | None:
    """`if`, `then`, `else`."""
    way = "then" if check.fault(value, schema["if"]) is None else "else"
    return check.fault(value, schema.get(way, True))
