from __future__ import annotations

import statistics

import pytest

from fms_dgt.core.reply import FieldsReply, JsonReply, ListReply, ScoreReply, TextReply
from fms_dgt.testing import echo_answers, lognormal

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 5, "maxLength": 60},
        "kind": {"enum": ["a", "b"]},
        "age": {"type": "integer", "minimum": 3, "maximum": 9},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "good": {"type": "boolean"},
        "none": {"type": ["null", "string"]},
    },
    "required": ["name", "kind", "age", "tags", "good", "none"],
    "additionalProperties": False,
}

CONTRACTS = [
    (TextReply(), None),
    (ListReply("question"), 5),
    (ListReply("question"), 1),
    (ListReply("question"), None),
    (FieldsReply(("question", "answer")), None),
    (FieldsReply(("question", "answer"), repeated=True), 4),
    (FieldsReply(("question", "answer"), repeated=True), None),
    (ScoreReply(1, 3), None),
    (ScoreReply(0, 1), None),
    (JsonReply(SCHEMA), None),
    (JsonReply({"type": "array", "items": {"type": "number"}}), None),
]


def body_for(contract, count, *, as_json: bool, seed: int = 0) -> dict:
    prompt = f"Think of tasks about rivers and bridges.\n{contract.instructions(count, as_json=as_json)}"
    body = {"messages": [{"role": "user", "content": prompt}], "seed": seed}
    schema = contract.schema(count) if as_json else None
    if schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "r", "schema": schema}}
    return body


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(("contract", "count"), CONTRACTS)
def test_every_contract_can_read_its_answer(contract, count, as_json):
    for seed in range(20):
        body = body_for(contract, count, as_json=as_json, seed=seed)
        value = contract.read(echo_answers(body), count=count)
        if count and count > 1:
            assert len(value) == count
        assert echo_answers(body) == echo_answers(body)


def test_other_seeds_get_other_answers_in_words_of_the_prompt():
    answers = {echo_answers(body_for(TextReply(), None, as_json=False, seed=seed)) for seed in range(20)}
    assert len(answers) == 20
    assert "rivers" in " ".join(answers).lower()


def test_scores_spread():
    contract = ScoreReply(1, 3)
    bodies = (body_for(contract, None, as_json=False, seed=seed) for seed in range(100))
    assert {contract.read(echo_answers(body))["score"] for body in bodies} == {1, 2, 3}


def test_service_times_are_lognormal_and_repeatable():
    seconds = lognormal(0.2, 0.6)
    times = [seconds(f"prompt {number}") for number in range(2000)]
    assert times == [seconds(f"prompt {number}") for number in range(2000)]
    assert statistics.median(times) == pytest.approx(0.2, rel=0.1)
    assert statistics.fmean(times) == pytest.approx(0.2 * 2.718 ** (0.6**2 / 2), rel=0.1)
    assert lognormal(0.2, 0)("x") == 0.2
