"""Schemas of pydantic's models at a server that is held to them: what is sent, and what comes of the answers."""

from __future__ import annotations

import json
from pathlib import Path

import fms_dgt
import pytest
from fms_dgt import Flow, Generate, Prompt
from fms_dgt.core.generator import Request
from fms_dgt.core.reply import JsonReply
from fms_dgt.generators.openai.body import BodyWriter
from fms_dgt.generators.openai.options import OpenAIOptions
from fms_dgt.testing import ModelServer, echo_answers

SCHEMAS = sorted((Path(__file__).parents[1] / "core" / "schemas").glob("*.json"))


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_answers_that_a_server_is_held_to(path, tmp_path):
    schema = json.loads(path.read_text("utf-8"))
    sent = []

    def answer(body):
        sent.append(body["response_format"]["json_schema"]["schema"])
        return echo_answers(body)

    with ModelServer(answer=answer).in_thread() as server:
        outcome = fms_dgt.run(
            Flow(Generate(Prompt("On {{ topic }}. {{ reply_format }}", reply={"json": schema}), into="made")),
            data=[{"topic": "tides"}, {"topic": "moss"}],
            generator={
                "type": "openai",
                "model": "m",
                "base_url": server.base_url,
                "api_key": "k",
                "enforce_schema": True,
            },
            output_dir=tmp_path,
        )
    records = list(outcome.records)
    assert len(records) == 2
    contract = JsonReply(schema)
    for record in records:
        assert contract.read(json.dumps(record["made"])) == record["made"]
    assert not {"uniqueItems", "propertyNames", "oneOf", "discriminator", "minProperties"} & keys_of(sent[0])


def keys_of(schema):
    if isinstance(schema, list):
        return set().union(*map(keys_of, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema).union(*map(keys_of, schema.values()))


@pytest.mark.parametrize(
    ("hosted", "required"), [(False, ["name", "home"]), (True, ["name", "age", "home", "work", "languages"])]
)
def test_only_the_hosted_models_are_asked_for_every_key(hosted, required):
    [path] = [path for path in SCHEMAS if path.stem == "Person"]
    schema = json.loads(path.read_text("utf-8"))
    options = OpenAIOptions(model_id_or_path="m", enforce_schema=True)
    request = Request(({"role": "user", "content": "x"},), schema=schema)
    body = json.loads(BodyWriter(options, "max_tokens", hosted=hosted).chat(request))
    form = body["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["required"] == required
