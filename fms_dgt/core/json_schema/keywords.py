"""The keywords of JSON Schema (draft 2020-12, and what of earlier drafts means the same)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

# what a type is called in messages and prompts
KINDS: Final = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}

# keywords whose value is one schema, a list of them, or schemas by name
ONE: Final = (
    "additionalProperties",
    "propertyNames",
    "items",
    "contains",
    "not",
    "if",
    "then",
    "else",
)
SEVERAL: Final = ("prefixItems", "allOf", "anyOf", "oneOf")
BY_NAME: Final = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
# of those, the ones whose schemas are for the same value, not for one inside it
SAME_VALUE: Final = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"})

COUNTS: Final = frozenset(
    {
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "minContains",
        "maxContains",
    }
)
NUMBERS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
CHECKED: Final = frozenset(
    {
        *(
            "type",
            "enum",
            "const",
            "required",
            "dependentRequired",
            "uniqueItems",
            "pattern",
            "format",
            "$ref",
        ),
        *ONE,
        *SEVERAL,
        *BY_NAME,
        *COUNTS,
        *NUMBERS,
    }
)
# they say something to people or to other programs, and nothing about which values fit
REMARKS: Final = frozenset(
    {
        *("title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly"),
        *("$schema", "$comment", "$vocabulary", "discriminator"),
        *("contentMediaType", "contentEncoding", "contentSchema"),
    }
)
OWN_PREFIX: Final = "x-"

# what is not checked, and what to write in its place
INSTEAD: Final = {
    "additionalItems": "write 'items' beside 'prefixItems'",
    "dependencies": "write 'dependentRequired' or 'dependentSchemas'",
    "unevaluatedProperties": "write 'additionalProperties'",
    "unevaluatedItems": "write 'items'",
    "nullable": "add 'null' to the type: [string, 'null']",
    "id": "take it out; a '$ref' names a path such as '#/$defs/NAME'",
    "$id": "take it out; a '$ref' names a path such as '#/$defs/NAME'",
    "$anchor": "take it out; a '$ref' names a path such as '#/$defs/NAME'",
    "$dynamicAnchor": "take it out; a '$ref' names a path such as '#/$defs/NAME'",
    "$recursiveAnchor": "take it out; a '$ref' names a path such as '#/$defs/NAME'",
    "$dynamicRef": "write '$ref: \"#/$defs/NAME\"'",
    "$recursiveRef": "write '$ref: \"#\"'",
    "components": "put the schemas below '$defs', and write '$ref: \"#/$defs/NAME\"'",
}


def is_remark(key: str) -> bool:
    """Whether a keyword says nothing about which values fit."""
    return key in REMARKS or key.startswith(OWN_PREFIX)


def inner(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas inside a schema, each with the keyword that holds it; true and false among them."""
    for key, value in schema.items():
        if key in ONE:
            yield key, value
        elif key in SEVERAL and isinstance(value, Sequence):
            yield from ((key, each) for each in value)
        elif key in BY_NAME and isinstance(value, Mapping):
            yield from ((key, each) for each in value.values())
