"""What backends get of a schema: as much of it as they can hold a model to.

What is left out allows more than the schema does, never less, and every answer is checked against all of the
schema afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fms_dgt.core.json_schema.rebuilt import rebuilt
from fms_dgt.core.json_schema.refs import target
from fms_dgt.generators.shared.requests import response_format

# what servers enforce, or leave alone
USUAL: Final = frozenset(
    {
        *("type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems"),
        *("minItems", "maxItems", "minLength", "maxLength", "pattern", "format", "multipleOf"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("anyOf", "allOf", "$ref", "$defs", "definitions", "title", "description", "$schema", "$comment"),
    }
)
FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
# what OpenAI's own service refuses a schema for in its strict mode
NOT_STRICT: Final = frozenset({"minLength", "maxLength", "$schema", "$comment"})
_SAYS_WHAT: Final = frozenset({"type", "enum", "const", "anyOf", "$ref"})
MOST_REFS: Final = 10  # one behind the other, at the top
MOST_CHOICES: Final = 500


def enforceable(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema in the keywords that servers know."""
    found = rebuilt(schema, lambda each: usual_keywords(each, USUAL, FORMATS))
    return found if isinstance(found, dict) else {}


def held_to(schema: Mapping[str, Any], *, hosted: bool = False) -> dict[str, Any]:
    """The entry of a chat that holds the answer to what a server can enforce of a schema.

    With `hosted` it is OpenAI's own service, which refuses what its strict mode does not know.
    """
    strict = strict_schema(schema) if hosted else None
    if strict is not None:
        return response_format(strict)
    return response_format(enforceable(schema), strict=not hosted)


def usual_keywords(schema: dict[str, Any], known: frozenset[str], formats: frozenset[str]) -> dict[str, Any]:
    """One schema in the keywords of `known`: the others are left out, or written otherwise."""
    result = {key: value for key, value in schema.items() if key in known}
    if "oneOf" in schema and "anyOf" not in schema:
        result["anyOf"] = schema["oneOf"]
    if "(?" in result.get("pattern", "").replace("(?:", ""):
        # look-ahead and the like, which servers refuse
        del result["pattern"]
    if result.get("format") not in formats:
        result.pop("format", None)
    if "patternProperties" in schema and result.get("additionalProperties", True) is not True:
        # the keys that it allows are left out, and so others must not be refused
        del result["additionalProperties"]
    if isinstance(result.get("items"), bool):
        del result["items"]
    if "properties" in result:
        # true or false for a schema is what few servers know
        pairs = result["properties"].items()
        result["properties"] = {name: {} if isinstance(each, bool) else each for name, each in pairs}
    for key in ("anyOf", "allOf", "prefixItems"):
        if any(isinstance(each, bool) for each in result.get(key, ())):
            del result[key]
    return _without_lone_all_of(result)


def _without_lone_all_of(schema: dict[str, Any]) -> dict[str, Any]:
    """`allOf` with one schema, put into the schema around it where the two say nothing of the same."""
    lone = schema.get("allOf", ())
    if len(lone) != 1 or (schema.keys() & lone[0].keys()) - {"title", "description"}:
        return schema
    return {**lone[0], **{key: value for key, value in schema.items() if key != "allOf"}}


def strict_schema(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema for OpenAI's strict mode; None where that cannot say it.

    There every key of an object has to be given, and no other: a value with all of them fits, too.
    """
    top = enforceable(schema)
    defs = {key: top[key] for key in ("$defs", "definitions") if key in top}
    for _ in range(MOST_REFS):
        if "$ref" in top:
            top = {**defs, **target(top, top["$ref"])}
    strict = rebuilt(top, _strict)
    is_strict = strict.get("type") == "object" and "anyOf" not in strict and _is_strict(strict)
    return strict if is_strict else None


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    result = {key: value for key, value in schema.items() if key not in NOT_STRICT}
    if "properties" in result and result.get("additionalProperties", True) in (True, False, {}):
        result["additionalProperties"] = False
        result["required"] = list(result["properties"])
    return result


def _is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether the strict mode takes all of it."""
    waiting: list[Any] = [schema]
    while waiting:
        item = waiting.pop()
        if item.keys() & {"allOf", "prefixItems"} or not item.keys() & _SAYS_WHAT:
            return False
        kinds = item.get("type", ())
        is_object = "object" in ([kinds] if isinstance(kinds, str) else kinds)
        if is_object and ("properties" not in item or item.get("additionalProperties") is not False):
            return False
        for key in ("properties", "$defs", "definitions"):
            waiting.extend(item.get(key, {}).values())
        waiting.extend(item.get("anyOf", ()))
        waiting.extend([item["items"]] if "items" in item else [])
    return True


def multiples_listed(schema: dict[str, Any]) -> dict[str, Any]:
    """A whole number with few values between its bounds, as the list of these."""
    ends: list[Any] = [schema.get(key) for key in ("minimum", "maximum", "multipleOf")]
    is_whole = all(isinstance(each, int) and not isinstance(each, bool) for each in ends)
    if schema.get("type") != "integer" or not is_whole or "enum" in schema:
        return schema
    low, high, step = ends
    values = range(-(-low // step) * step, high + 1, step)
    if not 0 < len(values) <= MOST_CHOICES:
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("minimum", "maximum", "multipleOf")}
    return {**rest, "enum": list(values)}
