"""`into` names a column for each part of a reply, or is refused before the first call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from fms_dgt import Flow, Generate, Prompt
from fms_dgt.errors import InputError

PAIR = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
REFUSED = {
    "fields, one column": (
        {"fields": ["question", "answer"]},
        ["x"],
        "the stage 'ask' puts question, answer of a reply into the column x; "
        "name 2 columns, into=['question', 'answer'], or all of it as one: into='x'",
    ),
    "a score, one column": (
        {"score": {"from": 1, "to": 3}},
        ["x"],
        "puts score, reason of a reply into the column x; name 2 columns, into=['score', 'reason']",
    ),
    "text, two columns": (
        "text",
        ["x", "y"],
        "puts one value of a reply into 2 columns: x, y; write into='x', or let the template ask for fields",
    ),
    "a list, two columns": ("list", ["x", "y"], "puts one value of a reply into 2 columns: x, y"),
    "JSON, too many columns": (
        {"json": {**PAIR, "required": ["a", "b"]}},
        ["x", "y", "z"],
        "puts a, b of a reply into 3 columns: x, y, z; name 2 columns, into=['a', 'b']",
    ),
    "JSON, too few columns": (
        {"json": {**PAIR, "required": ["a", "b"]}},
        ["x"],
        "puts a, b of a reply into the",
    ),
    "JSON of a list": (
        {"json": {"type": "array", "items": {**PAIR, "required": ["a", "b"]}}},
        ["x"],
        "puts a, b of a reply into the column x",
    ),
}
FINE = {
    "fields": ({"fields": ["question", "answer"]}, ["x", "y"]),
    "one field": ({"fields": ["question"]}, ["x"]),
    "one text": ("text", ["x"]),
    "JSON": ({"json": {**PAIR, "required": ["a", "b"]}}, ["x", "y"]),
    "all in one": ({"fields": ["question", "answer"]}, "x"),
}


def run(folder: Path, reply: Any, into: Any) -> fms_dgt.Outcome:
    form = "" if reply == "text" else " {{ reply_format }}"
    ask = Generate(Prompt("Ask for {{ topic }}." + form, reply=reply), into=into, name="ask")
    return fms_dgt.run(Flow(ask), data=[{"topic": "a"}], generator="simulated", output_dir=folder)


@pytest.mark.parametrize(("reply", "into", "says"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(tmp_path: Path, reply: Any, into: Any, says: str) -> None:
    with pytest.raises(InputError) as caught:
        run(tmp_path, reply, into)
    assert says in str(caught.value)


@pytest.mark.parametrize(("reply", "into"), FINE.values(), ids=FINE)
def test_what_fits_is_read(tmp_path: Path, reply: Any, into: Any) -> None:
    outcome = run(tmp_path, reply, into)
    assert outcome.complete
    assert all(set([into] if isinstance(into, str) else into) <= record.keys() for record in outcome.records)
