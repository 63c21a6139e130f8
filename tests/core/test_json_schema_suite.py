"""The verdicts of the JSON Schema Test Suite, file by file; what is not supported is refused, never ignored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fms_dgt.core.json_schema import Checker, schema_problems
from fms_dgt.core.node import Node

SUITE = Path(__file__).parent / "json_schema_suite"
FILES = sorted(path.relative_to(SUITE).as_posix() for path in SUITE.rglob("*.json"))

# groups of tests whose schema is refused, by file
REFUSED = {
    "defs.json": 1,
    "not.json": 1,
    "ref.json": 16,
    "refRemote.json": 15,
}


def groups(name):
    for group in json.loads((SUITE / name).read_text(encoding="utf-8")):
        # a schema for replies is a mapping
        schema = group["schema"] if isinstance(group["schema"], dict) else {"allOf": [group["schema"]]}
        yield group["description"], schema, group["tests"]


def verdicts(name):
    for description, schema, tests in groups(name):
        if not schema_problems(Node.of(schema, "the schema")):
            checker = Checker(schema)
            for test in tests:
                what = f"{description}: {test['description']}"
                yield what, test["valid"], checker.problem(test["data"])


@pytest.mark.parametrize("name", FILES)
def test_verdicts(name):
    found = list(verdicts(name))
    wrong = [(what, valid, problem) for what, valid, problem in found if valid != (problem is None)]
    assert wrong == []
    assert found or name in ("defs.json", "refRemote.json")


@pytest.mark.parametrize("name", FILES)
def test_what_is_refused(name):
    refused = {
        description: problems
        for description, schema, _ in groups(name)
        if (problems := schema_problems(Node.of(schema, "the schema")))
    }
    assert len(refused) == REFUSED.get(name, 0), refused
    said = [str(problem) for problems in refused.values() for problem in problems]
    told = ("not supported", "is not in this schema", "leads nowhere")
    assert all(any(words in text for words in told) for text in said), said


def test_the_suite_is_all_there():
    assert sum(1 for name in FILES for _ in verdicts(name)) > 1000
