from __future__ import annotations

import pytest

from fms_dgt.core.reply import JsonReply
from fms_dgt.errors import Unreadable

STEP = {
    "type": "object",
    "properties": {"minutes": {"type": "integer", "minimum": 1}},
    "required": ["minutes"],
}
RECIPE = JsonReply(
    {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 10},
            "steps": {"type": "array", "items": STEP, "minItems": 1, "maxItems": 2},
            "level": {"enum": ["easy", 1]},
            "rating": {"type": ["number", "null"], "maximum": 5},
        },
        "required": ["name"],
        "additionalProperties": False,
    }
)


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ('{"name": "soup"}', {"name": "soup"}),
        ('```json\n{"name": "soup"}\n```', {"name": "soup"}),
        ('With {salt} and {"pepper": 1}: {"name": "soup"} Enjoy {it}!', {"name": "soup"}),
        ('<think>{"name": "no"}</think>{"name": "soup", "rating": null}', {"name": "soup", "rating": None}),
        ('{"name": "a\nb", "rating": 4.5, "level": 1}', {"name": "a\nb", "rating": 4.5, "level": 1}),
        ('{"name": "soup", "steps": [{"minutes": 2}]}', {"name": "soup", "steps": [{"minutes": 2}]}),
    ],
)
def test_what_fits(reply, value):
    assert RECIPE.read(reply) == value


@pytest.mark.parametrize(
    ("reply", "wrong"),
    [
        ('{"nam": "soup"}', "In the JSON, the top level has no 'name'."),
        ('{"name": 1}', "In the JSON, name must be text, not a whole number."),
        ('{"name": "mulligatawny"}', "In the JSON, name must have at most 10 characters."),
        ('{"name": "x", "who": 1}', "In the JSON, the top level may not have 'who'."),
        ('{"name": "x", "steps": []}', "In the JSON, steps must have at least 1 entries."),
        ('{"name": "x", "steps": [{}, {}]}', "In the JSON, steps[0] has no 'minutes'."),
        (
            '{"name": "x", "steps": [{"minutes": 1}, {"minutes": 0}]}',
            "In the JSON, steps[1].minutes must be 1 or more.",
        ),
        (
            '{"name": "x", "steps": [{"minutes": 1.5}]}',
            "In the JSON, steps[0].minutes must be a whole number, not a number.",
        ),
        ('{"name": "x", "level": true}', 'In the JSON, level must be one of "easy", 1.'),
        ('{"name": "x", "rating": 6}', "In the JSON, rating must be 5 or less."),
        ('{"name": "x", "rating": "6"}', "In the JSON, rating must be a number or null, not text."),
        ("Soup.", "The reply has no valid JSON object."),
        ('{"name": "so', "The reply has no valid JSON object."),
        ('{"name": "x", "rating": 1e999}', "The reply has no valid JSON object."),
        ('{"name": "\\ud83d"}', "The reply has no valid JSON object."),
    ],
)
def test_what_does_not_fit_is_named_with_its_path(reply, wrong):
    with pytest.raises(Unreadable) as error:
        RECIPE.read(reply)
    assert str(error.value) == wrong


def test_a_cut_off_object_says_so():
    with pytest.raises(Unreadable, match="was cut off before its JSON object was complete"):
        RECIPE.read('{"name": "so', finish="length")


def test_a_schema_may_ask_for_a_list():
    numbers = JsonReply({"type": "array", "items": {"type": "integer"}})
    assert numbers.read("Here: [1, 2]") == [1, 2]
    assert "one JSON list" in numbers.instructions(None, as_json=False)


def test_the_schema_is_shown_and_enforced_as_given():
    assert '"required": ["name"]' in RECIPE.instructions(None, as_json=False)
    assert RECIPE.schema(3) == RECIPE.json_schema
    assert RECIPE.describe() == {"kind": "json", "schema": RECIPE.json_schema}
