"""Replies as models write them, and what a careful reader takes from each (the files in replies/)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fms_dgt.core.reply import FieldsReply, JsonReply, ListReply, ReplyContract, ScoreReply, TextReply
from fms_dgt.errors import Unreadable

RECIPE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "steps": {"type": "array", "items": {"type": "string"}},
        "minutes": {"type": "integer"},
        "vegan": {"type": "boolean"},
    },
    "required": ["name"],
    "additionalProperties": False,
}
REFUSED = object()


def contract_of(kind, case) -> ReplyContract:
    if kind == "score":
        return ScoreReply(*case["scale"])
    if kind == "list":
        return ListReply(case.get("item", "question"))
    if kind == "fields":
        repeated = case.get("repeated", isinstance(case.get("reads"), list))
        return FieldsReply(case.get("names", ["question", "answer"]), repeated=repeated)
    return JsonReply(RECIPE) if kind == "json" else TextReply()


def value_of(kind, case):
    how = {"finish": "length" if case.get("cut") else "stop", "count": case.get("count")}
    try:
        value = contract_of(kind, case).read(case["reply"], **how)
    except Unreadable:
        return REFUSED
    return value["score"] if kind == "score" else value


def is_right(case, value):
    if value is REFUSED:
        return "refused" in case or case.get("either", False)
    return "reads" in case and value == case["reads"]


def cases():
    for path in sorted((Path(__file__).parent / "replies").glob("*.yaml")):
        for number, case in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")), 1):
            yield path.stem.partition("_")[0], f"{path.stem} {number}", case


@pytest.mark.parametrize(
    ("kind", "case"), [pytest.param(kind, case, id=name) for kind, name, case in cases()]
)
def test_a_reply_is_read_as_a_careful_reader_would(kind, case):
    value = value_of(kind, case)
    assert is_right(case, value), case["reply"]


def test_the_set_is_large_enough():
    assert len(list(cases())) >= 250
