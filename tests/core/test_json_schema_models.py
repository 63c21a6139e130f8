"""Five models of pydantic's: their schemas are taken as they are, told to the model, and checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from answers_by_schema import FITTING, OTHERS

from fms_dgt.core.reply import JsonReply
from fms_dgt.errors import Unreadable

SCHEMAS = Path(__file__).parent / "schemas"
CONTRACTS = {
    path.stem: JsonReply(json.loads(path.read_text("utf-8"))) for path in sorted(SCHEMAS.glob("*.json"))
}


def test_there_are_five():
    assert sorted(CONTRACTS) == ["Comment", "Order", "Person", "Query", "Ticket"]


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_schemas_are_what_pydantic_makes(name):
    pytest.importorskip("pydantic")
    from pydantic_models import MODELS

    made = JsonReply(MODELS[name])
    assert made == CONTRACTS[name]
    for value in FITTING[name]:
        MODELS[name].model_validate(made.read(json.dumps(value)))


@pytest.mark.parametrize("name", CONTRACTS)
def test_what_a_model_is_told(name):
    snapshot = SCHEMAS / f"{name}.txt"
    assert CONTRACTS[name].instructions(None, as_json=False) + "\n" == snapshot.read_text("utf-8")
    assert CONTRACTS[name].instructions(None, as_json=True) + "\n" == snapshot.read_text("utf-8")


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in FITTING for value in FITTING[name]])
def test_what_fits(name, value):
    assert CONTRACTS[name].read(f"Here it is:\n```json\n{json.dumps(value, indent=1)}\n```\n") == value


@pytest.mark.parametrize(("name", "value", "wrong"), OTHERS)
def test_what_does_not_fit_is_told_with_its_path(name, value, wrong):
    with pytest.raises(Unreadable) as error:
        CONTRACTS[name].read(json.dumps(value))
    assert str(error.value).startswith(f"In the JSON, {wrong}")


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_schema_that_is_handed_back_is_no_answer(name):
    schema = json.dumps(CONTRACTS[name].json_schema)
    answer = FITTING[name][0]
    with pytest.raises(Unreadable):
        CONTRACTS[name].read(schema)
    assert CONTRACTS[name].read(f"The schema is:\n{schema}\n\nThe answer:\n{json.dumps(answer)}") == answer
