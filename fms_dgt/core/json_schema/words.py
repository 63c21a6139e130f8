"""A schema in words, for a model that has to answer by it: a line for each key, each shared schema once.

Whatever words cannot say is shown as JSON Schema, so that nothing is asked for which the model does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fms_dgt.core.json_schema import formats, refs
from fms_dgt.core.json_schema.keywords import KINDS, is_remark
from fms_dgt.core.json_schema.texts import as_json, listed

INDENT: Final = "  "
_OPTIONAL: Final = "; may be left out"
# a shared schema of one line is written where it is used
_SHORT: Final = 100
# what a phrase below says of each type, beside what every type may have
_OF_TYPE: Final[Mapping[str, frozenset[str]]] = {
    "string": frozenset({"minLength", "maxLength", "format", "pattern"}),
    "integer": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset({"properties", "required", "additionalProperties", "minProperties", "maxProperties"}),
}
_OF_ONE_VALUE: Final = frozenset({"type", "enum", "const"}) | _OF_TYPE["string"] | _OF_TYPE["integer"]
_NOT_TOLD: Final = frozenset({"$defs", "definitions", "$id"})


def described(schema: Mapping[str, Any]) -> str:
    """The whole schema in words, after "one JSON object: "."""
    return _Words(schema).text()


class _Words:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        # in the order in which they are mentioned; each gets a section
        self._sections: dict[str, None] = {}

    def text(self) -> str:
        top, begin = self._root, "The answer is "
        done: set[str] = set()
        while isinstance(top, Mapping) and _meaning(top) == {"$ref"}:
            begin = f"The answer is {refs.name_of(top['$ref'])}, "
            done.add(top["$ref"])
            top = refs.target(self._root, top["$ref"])
        lines = list(self._lines(begin, top, 0))
        while missing := [ref for ref in self._sections if ref not in done]:
            for ref in missing:
                done.add(ref)
                lines.extend(self._lines(f"{refs.name_of(ref)}: ", refs.target(self._root, ref), 0))
        return "\n".join(lines)

    def _lines(self, begin: str, schema: Any, depth: int, end: str = "") -> Iterator[str]:
        """What a schema wants, behind `begin`: a line, and one for each key of an object."""
        remark = _remark(schema)
        inner = _without_null(schema)
        many = inner.get("items") if isinstance(inner, Mapping) and _only(inner, "array") else None
        shown: Any = many if _has_keys(many) else inner
        if not _has_keys(shown):
            yield INDENT * depth + begin + self._phrase(schema) + end + remark
            return
        no_others = " and no others" if shown.get("additionalProperties") is False else ""
        phrase = f"an object with these keys{no_others}"
        if shown is many:
            phrase = f"{self._list_of(inner, 'each ' + phrase)}"
        nothing = ", or null" if inner is not schema else ""
        yield f"{INDENT * depth}{begin}{phrase}{nothing}{end}{remark}:"
        required = shown.get("required", ())
        for name, wanted in shown["properties"].items():
            optional = "" if name in required else _OPTIONAL
            yield from self._lines(f'- "{name}": ', wanted, depth + 1, optional)
        others = shown.get("additionalProperties")
        if isinstance(others, Mapping) and others:
            yield f"{INDENT * (depth + 1)}- any other key: {self._phrase(others)}"

    def _phrase(self, schema: Any) -> str:
        """What a schema wants, in one line."""
        if isinstance(schema, bool):
            return "anything" if schema else "nothing"
        meaning = _meaning(schema)
        if meaning == {"$ref"}:
            return self._shared(schema["$ref"])
        for key, join in (("anyOf", ", or "), ("oneOf", ", or "), ("allOf", ", and ")):
            if meaning == {key}:
                return join.join(self._phrase(each) for each in schema[key])
        if "const" in schema and meaning <= {"const", "type"}:
            return as_json(schema["const"])
        if "enum" in schema and meaning <= {"enum", "type"}:
            return f"one of {listed(schema['enum'])}"
        return self._by_type(schema, meaning)

    def _shared(self, ref: str) -> str:
        wanted = refs.target(self._root, ref)
        if isinstance(wanted, Mapping) and _meaning(wanted) <= _OF_ONE_VALUE and not _remark(wanted):
            phrase = self._phrase(wanted)
            if len(phrase) <= _SHORT:
                return phrase
        self._sections.setdefault(ref)
        return f"{refs.name_of(ref)} (see below)"

    def _by_type(self, schema: Mapping[str, Any], meaning: frozenset[str]) -> str:
        types = schema.get("type", ())
        kinds = [types] if isinstance(types, str) else list(types)
        covered = {"type"}
        phrases = []
        for kind in kinds:
            known = _OF_TYPE.get("integer" if kind == "number" else kind, frozenset())
            covered |= known
            phrases.append(self._of_kind(kind, schema))
        rest = {key: schema[key] for key in schema if key in meaning - covered}
        phrase = ", or ".join(phrases)
        if not rest:
            return phrase or "anything"
        return f"{phrase + ', ' if phrase else ''}that fits the JSON schema {as_json(self._shown(rest))}"

    def _shown(self, schema: Any) -> Any:
        """A part that is shown as it is; what it refers to gets sections."""
        if isinstance(schema, Mapping):
            if isinstance(schema.get("$ref"), str):
                self._sections.setdefault(schema["$ref"])
            return {key: self._shown(each) for key, each in schema.items()}
        return [self._shown(each) for each in schema] if isinstance(schema, list | tuple) else schema

    def _of_kind(self, kind: str, schema: Mapping[str, Any]) -> str:
        if kind == "string":
            return _text(schema)
        if kind in ("integer", "number"):
            return KINDS[kind] + _range(schema)
        if kind == "array":
            return self._list(schema)
        if kind == "object":
            return self._object(schema)
        return KINDS[kind]

    def _list(self, schema: Mapping[str, Any]) -> str:
        first = schema.get("prefixItems")
        items = schema.get("items")
        if not first:
            return self._list_of(schema, "" if items in (None, True, {}) else f"each {self._phrase(items)}")
        places = ", then ".join(self._phrase(each) for each in first)
        others = "" if items in (None, True, {}, False) else f", and then others, each {self._phrase(items)}"
        return self._list_of(schema, f"{places}{others}")

    def _list_of(self, schema: Mapping[str, Any], entries: str) -> str:
        size = _amount(schema.get("minItems"), schema.get("maxItems"), "entry")
        unique = "no two of them the same" if schema.get("uniqueItems") else ""
        details = ", ".join(part for part in (unique, entries) if part)
        return f"a list{' of ' + size if size else ''}{', ' + details if details else ''}"

    def _object(self, schema: Mapping[str, Any]) -> str:
        others = schema.get("additionalProperties")
        if "properties" not in schema and isinstance(others, Mapping) and others:
            keys = _keys(schema) or " with any keys"
            return f"an object{keys}, the value of each {self._phrase(others)}" + _required(schema)
        if "properties" not in schema:
            noun = "an empty object" if others is False else "an object"
            return noun + _keys(schema) + _required(schema)
        parts = []
        for name, wanted in schema["properties"].items():
            optional = "" if name in schema.get("required", ()) else " (may be left out)"
            parts.append(f'"{name}": {self._phrase(wanted)}{optional}')
        only = " only" if others is False else ""
        other = f"; any other key: {self._phrase(others)}" if isinstance(others, Mapping) and others else ""
        return f"an object{_keys(schema)} with{only} {{{'; '.join(parts)}{other}}}"


def _meaning(schema: Mapping[str, Any]) -> frozenset[str]:
    """The keywords of a schema that say which values fit."""
    return frozenset(key for key in schema if not is_remark(key) and key not in _NOT_TOLD)


def _only(schema: Mapping[str, Any], kind: str) -> bool:
    """Whether a schema says nothing but what its type's phrase does."""
    rest = _meaning(schema) - _OF_TYPE[kind] - {"type"}
    return schema.get("type") == kind and not rest and "prefixItems" not in schema


def _has_keys(schema: Any) -> bool:
    """Whether a schema is of an object whose keys are worth a line each."""
    if not isinstance(schema, Mapping):
        return False
    properties = schema.get("properties")
    rest = _meaning(schema) - _OF_TYPE["object"] - {"type"}
    if not isinstance(properties, Mapping) or not properties or rest or "minProperties" in schema:
        return False
    if "maxProperties" in schema or not properties.keys() >= set(schema.get("required", ())):
        return False
    return bool(schema.get("type", "object") == "object")


def _without_null(schema: Any) -> Any:
    """The other form, of a schema for one form or null."""
    if isinstance(schema, Mapping) and _meaning(schema) == {"anyOf"} and len(schema["anyOf"]) == 2:
        others = [each for each in schema["anyOf"] if each != {"type": "null"}]
        if len(others) == 1 and _has_keys(others[0]):
            return others[0]
    return schema


def _remark(schema: Any) -> str:
    text = schema.get("description") if isinstance(schema, Mapping) else None
    return f" ({' '.join(text.split())})" if isinstance(text, str) and text.strip() else ""


def _keys(schema: Mapping[str, Any]) -> str:
    size = _amount(schema.get("minProperties"), schema.get("maxProperties"), "key")
    return f" of {size}" if size else ""


def _required(schema: Mapping[str, Any]) -> str:
    names = schema.get("required", ())
    return f", with {listed(names)} among them" if names else ""


def _text(schema: Mapping[str, Any]) -> str:
    name = schema.get("format")
    phrase = formats.words_for(name) if isinstance(name, str) else "text"
    size = _amount(schema.get("minLength"), schema.get("maxLength"), "character")
    pattern = f" that matches {schema['pattern']}" if "pattern" in schema else ""
    return f"{phrase}{' of ' + size if size else ''}{pattern}"


def _amount(low: Any, high: Any, noun: str) -> str:
    if low is not None and high is not None:
        return _number(low, noun) if low == high else f"{low} to {_number(high, noun)}"
    if low is not None:
        return f"at least {_number(low, noun)}" if low else ""
    return f"at most {_number(high, noun)}" if high is not None else ""


def _number(count: Any, noun: str) -> str:
    many = {"entry": "entries"}.get(noun, f"{noun}s")
    return f"{count} {noun if count == 1 else many}"


def _range(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    parts = []
    if low is not None and high is not None:
        parts.append(f"from {low} to {high}")
    elif low is not None:
        parts.append(f"of {low} or more")
    elif high is not None:
        parts.append(f"of {high} or less")
    for key, word in (("exclusiveMinimum", "more than"), ("exclusiveMaximum", "less than")):
        if key in schema:
            parts.append(f"{word} {schema[key]}")
    if "multipleOf" in schema:
        parts.append(f"a multiple of {schema['multipleOf']}")
    return " " + ", ".join(parts) if parts else ""
