"""Schemas and answers that would keep a naive check busy, and the verdicts of another library."""

from __future__ import annotations

import json
import re
import time
from random import Random

import pytest
from hypothesis import given, settings, strategies as st

from fms_dgt.core.json_schema import Checker, schema_problems
from fms_dgt.core.json_schema.example import example
from fms_dgt.core.json_schema.words import described
from fms_dgt.core.node import Node
from fms_dgt.core.reply import JsonReply
from fms_dgt.errors import Unreadable

# far more than any of these takes, and far less than what is to be kept out
SECONDS = 20


@pytest.fixture(autouse=True)
def in_time():
    begun = time.process_time()
    yield
    assert time.process_time() - begun < SECONDS


def problems(schema):
    return [str(problem) for problem in schema_problems(Node.of(schema, "s"))]


def test_choices_within_choices():
    twice = {f"A{n}": {"anyOf": [{"$ref": f"#/$defs/A{n + 1}"}] * 2} for n in range(25)}
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A0"}},
        "$defs": twice | {"A25": {"const": 1}},
    }
    contract = JsonReply(schema)
    assert contract.read('{"a": 1}') == {"a": 1}
    with pytest.raises(Unreadable, match="a must be 1"):
        contract.read('{"a": 2}')
    assert len(described(schema)) < 10_000
    example(schema, __import__("random").Random(1), lambda name: name)


def test_an_example_of_a_schema_that_asks_for_a_billion_values_is_broken_off():
    levels = {
        f"d{level}": {
            "type": "object",
            "required": ["a", "b"],
            "properties": dict.fromkeys("ab", {"$ref": f"#/$defs/d{level + 1}"}),
        }
        for level in range(40)
    }
    schema = {"$ref": "#/$defs/d0", "$defs": {**levels, "d40": {"type": "string"}}}
    assert json.dumps(example(schema, Random(1), lambda name: name)).count(":") < 100_000


def test_choices_that_come_back_at_every_level():
    tree = {"type": "object", "properties": {key: {"$ref": "#/$defs/T"} for key in "ab"}}
    schema = {
        "$ref": "#/$defs/T",
        "$defs": {"T": {"oneOf": [tree, {**tree, "required": ["c"]}, {"type": "null"}]}},
    }
    value = None
    for _ in range(90):
        value = {"a": value, "b": value}
    assert problems(schema) == []
    assert Checker(schema).problem(value) is None


def test_a_check_that_takes_too_long_is_given_up():
    many = {"anyOf": [{"const": n} for n in range(2_000)]}
    schema = {"type": "array", "items": many}
    with pytest.raises(Unreadable, match="The JSON cannot be checked: that would take too long"):
        JsonReply(schema).read(json.dumps([1_999] * 1_000))


def test_a_check_that_goes_too_deep_is_given_up():
    schema = {
        "$ref": "#/$defs/T",
        "$defs": {"T": {"type": "object", "additionalProperties": {"$ref": "#/$defs/T"}}},
    }
    value: dict = {}
    for _ in range(2_000):
        value = {"a": value}
    assert Checker(schema).problem(value) == "The JSON cannot be checked: it is nested too deeply."


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"allOf": [{"not": {"$ref": "#"}}]},
        {"type": "object", "properties": {"x": {"if": {"$ref": "#/properties/x"}}}},
        {"type": "object", "dependentSchemas": {"x": {"$ref": "#"}}},
    ],
)
def test_references_in_a_circle_are_refused(schema):
    [problem] = problems(schema)
    assert "refers back to itself for the same value, which never ends" in problem


def test_a_long_way_of_references_is_refused():
    defs = {f"A{n}": {"$ref": f"#/$defs/A{n + 1}"} for n in range(5_000)} | {"A5000": {}}
    [problem] = problems({"$ref": "#/$defs/A0", "$defs": defs})
    assert "leads through more than 60 schemas for one value" in problem


def test_a_huge_enumeration_is_refused():
    schema = {"type": "object", "properties": {"a": {"enum": list(range(1_000_000))}}}
    with pytest.raises(ValueError, match="the schema has more than 100,000 values in it"):
        JsonReply(schema)
    [problem] = problems({**schema, "properties": {"a": {"enum": list(range(100_001))}}})
    assert "the schema has more than 100,000 values in it" in problem


def test_a_large_enumeration_is_looked_up():
    schema = {"type": "array", "items": {"enum": [f"word {n}" for n in range(90_000)]}}
    checker = Checker(schema)
    assert checker.problem([f"word {n}" for n in range(90_000)]) is None
    problem = checker.problem(["another"])
    assert problem is not None
    assert len(problem) < 21_000


@pytest.mark.parametrize("levels", [150, 50_000])
def test_a_deeply_nested_schema_is_refused(levels):
    schema: dict = {}
    for _ in range(levels):
        schema = {"items": schema}
    with pytest.raises(ValueError, match="nested too deeply"):
        JsonReply({"type": "array", "items": schema})


@pytest.mark.parametrize(
    "pattern",
    [
        "a" * 10_001,
        "(a{1000}){1000}",
        "(x+x+)+y{1000}z{1000}q{1000}w{1000}" * 20,
        "\\",
        "(?<=a)b",
        "(a)\\1",
        "\ud800",
    ],
)
def test_patterns_that_re2_does_not_take(pattern):
    found = problems({"type": "object", "properties": {"a": {"pattern": pattern}}})
    assert found == [] or "RE2 cannot take the pattern" in found[0]


def test_a_pattern_that_others_go_back_in_for_ever():
    schema = {"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}}
    assert JsonReply(schema)._checker.problem({"a": "a" * 1_000_000 + "b"}) is not None
    wide = {"type": "object", "properties": {"a": {"pattern": "^(.?){900}$"}}}
    assert "too long for its pattern" in Checker(wide).problem({"a": "x" * 1_000_000})


@pytest.mark.parametrize("number", [1e308, -1e308, 5e-324, 10**4_000, 0.1 + 0.2, 0])
@pytest.mark.parametrize("step", [1e-300, 5e-324, 1e308, 0.1, 7, 10**4_000 + 1])
def test_multiples_of_giant_and_tiny_numbers(number, step):
    schema = {"type": "object", "properties": {"a": {"multipleOf": step}}}
    assert problems(schema) == []
    Checker(schema).problem({"a": number})


AHEAD = [
    r"^(?=.*\d)(?=.*[a-z]).{3,}$",
    r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$",
    r"^(?!a)(b|c)$",
    r"^(?=a[)]|b)..$",
    r"^(?=[]a])[]a]\d$",
    r"^(?!.*\(x\)).*$",
]


@pytest.mark.parametrize("pattern", AHEAD)
@given(text=st.text("ab1+-.)](x", max_size=6))
@settings(deadline=None, max_examples=100)
def test_what_a_pattern_looks_ahead_for_at_its_beginning(pattern, text):
    schema = {"type": "object", "properties": {"a": {"pattern": pattern}}}
    assert problems(schema) == []
    assert (Checker(schema).problem({"a": text}) is None) == bool(re.search(pattern, text))


@pytest.mark.parametrize(
    "pattern", [r"(?=a)a", r"^(?=a)a|b$", r"^a(?=b)", r"^(?<=a)b", r"^(?=a", r"^(?=(a))\1$"]
)
def test_any_other_look_around_is_refused(pattern):
    [problem] = problems({"type": "object", "properties": {"a": {"pattern": pattern}}})
    assert "RE2 cannot take the pattern" in problem


# --- the verdicts of another library ------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "cc", "d1"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([0.5, 1.0, 2.5, -1.5]),
    st.text("ab1", max_size=4),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
SIMPLE = st.fixed_dictionaries(
    {},
    optional={
        "type": st.one_of(
            st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"]),
            st.lists(st.sampled_from(["object", "string", "integer", "null"]), min_size=1, unique=True),
        ),
        "enum": st.lists(VALUES, min_size=1, max_size=4),
        "const": VALUES,
        "minLength": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "pattern": st.sampled_from(["^a", "b$", "^[ab]{2}$", "1"]),
        "minimum": st.integers(-2, 5),
        "exclusiveMaximum": st.integers(-2, 9),
        "multipleOf": st.sampled_from([1, 2, 0.5, 3]),
        "uniqueItems": st.booleans(),
        "minItems": st.integers(0, 3),
        "maxItems": st.integers(0, 3),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "minProperties": st.integers(0, 2),
        "maxProperties": st.integers(0, 3),
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
    },
)


def within(inner):
    schemas = st.one_of(
        inner, st.booleans(), st.sampled_from([{"$ref": "#/$defs/one"}, {"$ref": "#/$defs/two"}])
    )
    several = st.lists(schemas, min_size=1, max_size=3)
    by_name = st.dictionaries(NAMES, schemas, max_size=3)
    return st.builds(
        lambda simple, more: {**simple, **more},
        inner,
        st.fixed_dictionaries(
            {},
            optional={
                "properties": by_name,
                "patternProperties": st.dictionaries(st.sampled_from(["^a", "c", "1$"]), schemas, max_size=2),
                "additionalProperties": schemas,
                "propertyNames": schemas,
                "items": schemas,
                "prefixItems": several,
                "contains": schemas,
                "minContains": st.integers(0, 2),
                "anyOf": several,
                "oneOf": several,
                "allOf": several,
                "not": schemas,
                "if": schemas,
                "then": schemas,
                "else": schemas,
                "dependentSchemas": by_name,
            },
        ),
    )


SCHEMAS = st.recursive(SIMPLE, within, max_leaves=6)


def below_defs(schema, one, two):
    """A schema whose references lead to schemas that do not refer on."""
    return {**schema, "$defs": {"one": one, "two": two}}


@settings(max_examples=150, deadline=None)
@given(st.builds(below_defs, SCHEMAS, SIMPLE, SIMPLE), st.lists(VALUES, min_size=1, max_size=6))
def test_the_verdicts_are_those_of_jsonschema(schema, values):
    jsonschema = pytest.importorskip("jsonschema")
    assert problems(schema) == []
    checker, other = Checker(schema), jsonschema.Draft202012Validator(schema)
    for value in values:
        assert (checker.problem(value) is None) == other.is_valid(value), (schema, value)


@settings(max_examples=60, deadline=None)
@given(st.builds(below_defs, SCHEMAS, SIMPLE, SIMPLE), VALUES)
def test_every_schema_can_be_told_and_every_fault_has_words(schema, value):
    assert described(schema)
    problem = Checker(schema).problem(value)
    assert problem is None or (problem.startswith("In the JSON, ") and problem.endswith("."))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "$ref",
                    "properties",
                    "items",
                    "anyOf",
                    "enum",
                    "pattern",
                    "required",
                    "$defs",
                    "minLength",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["type", "$ref", "properties", "items", "allOf", "$defs", "not"]), JSON),
    JSON,
)
def test_anything_is_taken_or_refused(schema, value):
    if not problems(schema):
        Checker(schema).problem(json.loads(json.dumps(value).replace("NaN", "0").replace("Infinity", "0")))
        described(schema)
