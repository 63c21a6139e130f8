from __future__ import annotations

import pytest

from fms_dgt.core.reply import FieldsReply, JsonReply, ListReply, ScoreReply, TextReply, contract_from
from fms_dgt.core.yaml_file import parse_yaml

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "title": "A"}


def parsed(text):
    problems = []
    node = parse_yaml(f"reply: {text}", "t.yaml").get("reply")
    return contract_from(node, problems), [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "contract"),
    [
        ("text", TextReply()),
        ("list", ListReply()),
        ("{list: question}", ListReply("question")),
        ("{list: }", ListReply()),
        ("{fields: [question, answer]}", FieldsReply(("question", "answer"))),
        ("{fields: [question, answer], repeated: true}", FieldsReply(("question", "answer"), repeated=True)),
        ("{fields: [a], repeated: false}", FieldsReply(("a",))),
        ("{score: {from: 1, to: 3}}", ScoreReply(1, 3)),
        ("{score: [0, 1]}", ScoreReply(0, 1)),
        (
            "{json: {type: object, properties: {a: {type: integer}}, required: [a], title: A}}",
            JsonReply(SCHEMA),
        ),
    ],
)
def test_forms(text, contract):
    assert parsed(text) == (contract, [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "lst",
            "t.yaml:1: reply: unknown form 'lst'; did you mean 'list'? forms: fields, json, list, score, text",
        ),
        (
            "score",
            "t.yaml:1: reply: 'score' alone does not say enough; write 'reply: {score: {from: 1, to: 3}}', say",
        ),
        ("3", "must name a form, not be a number"),
        ("[text]", "must name a form, not be a list"),
        ("{}", "names no form"),
        ("{lists: question}", "reply.lists: unknown key 'lists'; did you mean 'list'?"),
        ("{list: a, score: [1, 3]}", "names 2 forms: list, score; keep one"),
        ("{list: a, repeated: true}", "unknown key 'repeated'"),
        ("{fields: [a], repeatd: true}", "unknown key 'repeatd'; did you mean 'repeated'?"),
        ("{fields: [a], repeated: 'yes'}", "reply.repeated: must be true or false, not text"),
        ("{fields: a}", "reply.fields: must be a list of names, not text"),
        ("{fields: []}", "a reply of fields needs at least one field"),
        ("{fields: [a, A]}", "two fields of a reply have one name"),
        ("{fields: [a b]}", "reply.fields[0]: 'a b' cannot be the name of a tag"),
        ("{list: 1}", "reply.list: must be a name, not a number"),
        ("{list: think}", "models think between <think> tags; choose another name"),
        ("{score: {from: 1}}", "reply.score: must say where the scale begins and ends"),
        ("{score: {from: 1, too: 3, to: 2}}", "unknown key 'too'; did you mean 'to'?"),
        ("{score: [1, 2, 3]}", "must say where the scale begins and ends"),
        ("{score: {from: one, to: 3}}", "reply.score.from: must be a whole number, not text"),
        ("{score: [1, 2.5]}", "reply.score[1]: must be a whole number, not a number"),
        ("{score: [3, 1]}", "a score cannot go from 3 to 1"),
        ("{text: long}", "a text has no other setting than 'whole'"),
        ("{json: object}", "must be a JSON schema, not text"),
        ("{json: {type: string}}", "must be of type 'object' or 'array' at the top"),
        ("{json: {type: objekt}}", "unknown type 'objekt'; did you mean 'object'?"),
        (
            "{json: {properties: {a: {pattern: '(?=x)y'}}}}",
            "reply.json.properties.a.pattern: RE2 cannot take the pattern '(?=x)y': invalid perl operator: (?=; "
            "patterns are RE2's: no back-references, and no look-around but for a look-ahead right behind '^'",
        ),
        ("{json: {properties: {a: {minimun: 1}}}}", "did you mean 'minimum'?"),
        ("{json: {properties: [a]}}", "must be a mapping of names to schemas"),
        ("{json: {required: a}}", "must be a list with something in it"),
        ("{json: {items: 3}}", "must be a JSON schema, not a number"),
        ("{json: {minItems: x}}", "must be a number, not text"),
        ("{json: {additionalProperties: 1}}", "must be a JSON schema, not a number"),
        ("{json: {type: [string, null]}}", "unknown type 'null'; put it in quotes: 'null'"),
        ("{json: {enum: []}}", "must be a list with something in it, not an empty list"),
        (
            "{json: {properties: {a: {items: [{type: string}]}}}}",
            "write 'prefixItems' for a list with a schema",
        ),
        (
            "{json: {properties: {a: {exclusiveMinimum: true}}}}",
            "must be a number, not true/false; write the number itself here",
        ),
        ("{json: {properties: {a: {multipleOf: 0}}}}", "must be more than 0, not 0"),
        ("{json: {properties: {a: {min_length: 3}}}}", "'min_length' is not supported; write 'minLength'"),
        ("{json: {properties: {a: {nullable: true}}}}", "add 'null' to the type: [string, 'null']"),
        ("{json: {unevaluatedProperties: false}}", "is not supported; write 'additionalProperties'"),
        (
            "{json: {properties: {a: {$ref: '#/$defs/B'}}, $defs: {b: {}}}}",
            "reply.json.properties.a.$ref: '#/$defs/B' leads nowhere: there is no 'B'; there are: b",
        ),
        (
            "{json: {properties: {a: {$ref: 'https://example.org/a.json'}}}}",
            "'https://example.org/a.json' is not in this schema, and nothing is fetched or read for it; "
            "copy that schema below '$defs', and write '#/$defs/NAME'",
        ),
        ("{json: {properties: {a: {$ref: '../../etc/passwd'}}}}", "nothing is fetched or read for it"),
        ("{json: {properties: {a: {$ref: 'file:///etc/passwd'}}}}", "nothing is fetched or read for it"),
        (
            "{json: {$ref: '#/$defs/A', $defs: {A: {$ref: '#/$defs/A'}}}}",
            "reply.json.$defs.A: refers back to itself for the same value, which never ends; "
            "refer to it from 'properties', 'items' or the like",
        ),
        ("{json: {anyOf: [{type: object}, {$ref: '#'}]}}", "refers back to itself for the same value"),
        (
            "{json: {anyOf: [{type: string}, {type: 'null'}]}}",
            "must be of type 'object' or 'array' at the top",
        ),
        ("{json: missing.json}", "there is no schema file 'missing.json'"),
    ],
)
def test_mistakes(text, problem):
    contract, problems = parsed(text)
    assert contract == TextReply()
    assert any(problem in found for found in problems), problems


def test_contracts_describe_themselves_in_json_values():
    assert FieldsReply(("a", "b"), repeated=True).describe() == {
        "kind": "fields",
        "names": ["a", "b"],
        "repeated": True,
        "wording": 2,
    }
    assert ScoreReply(1, 3).describe() == {"kind": "score", "low": 1, "high": 3, "wording": 2}
    assert ListReply("a").describe() == {"kind": "list", "item": "a", "wording": 2}
    assert TextReply().describe() == {"kind": "text"}
    assert TextReply(whole=True).describe() == {"kind": "text", "whole": True}
