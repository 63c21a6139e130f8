"""The examples of synthetic-data courses for SelfInstruct and EvolInstruct, as calls of `fms_dgt.run`."""

from __future__ import annotations

import re

import fms_dgt
import pytest

from fms_dgt.testing import ModelServer, prompt_of

TEXT = "Deforestation of rain forests changes rainfall far beyond the forests themselves."
ABOUT = {"task_description": "Instructions to train on.", "created_by": "a course"}


def answers(body):
    """Instructions in the form that each prompt asks for, and a good word of the judge."""
    prompt = prompt_of(body)
    if "<score>" in prompt:
        return "<reason>More is asked for.</reason><score>1</score>"
    if "<query>" in prompt:
        return "1. How do forests make rain?\n2. Who is hurt first when rain stays away?"
    if "Write the answer to this instruction" in prompt:
        return "By breathing."
    asked = re.search(r"Write the response to this instruction.*?:\n\n(.*)", prompt, re.DOTALL)
    if asked:
        return f"About: {asked[1]}"
    given = re.search(r"<instruction>\n(.*?)\n</instruction>", prompt, re.DOTALL)[1]
    return f"<instruction>{given} Compare noon and dusk.</instruction>"


@pytest.fixture
def teacher():
    with ModelServer(answer=answers).in_thread() as server:
        yield {"type": "openai", "model": "m", "base_url": server.base_url, "api_key": "k"}


def test_self_instruct_writes_instructions_about_a_text(tmp_path, teacher):
    outcome = fms_dgt.run(
        {**ABOUT, "application_description": "A climate tutor"},
        builder="self_instruct",
        data=[{"input": TEXT}],
        generator=teacher,
        config={"databuilders": {"self_instruct": {"num_instructions": 5, "answers": False}}},
        output_dir=tmp_path,
    )
    records = list(outcome.records)
    assert [record["instruction"] for record in records] == [
        "How do forests make rain?",
        "Who is hurt first when rain stays away?",
    ]
    assert {record["input"] for record in records} == {TEXT}
    assert outcome.counts["calls"] == 1


def test_self_instruct_answers_them_where_nobody_says_otherwise(tmp_path, teacher):
    outcome = fms_dgt.run(
        ABOUT, builder="self_instruct", data=[{"input": TEXT}], generator=teacher, output_dir=tmp_path
    )
    assert [record["output"] for record in outcome.records] == ["By breathing."] * 2


def test_evol_instruct_evolves_instructions(tmp_path, teacher):
    outcome = fms_dgt.run(
        ABOUT,
        builder="evol_instruct",
        data=[{"instruction": "Why is the sky blue?"}],
        generator=teacher,
        config={"databuilders": {"evol_instruct": {"num_evolutions": 2}}},
        output_dir=tmp_path,
    )
    first, second = outcome.records
    assert first["instruction"] == "Why is the sky blue? Compare noon and dusk."
    assert second["parent_instruction"] == first["instruction"]
    assert second["response"] == f"About: {second['instruction']}"


def test_the_last_evolution_alone_and_no_answers(tmp_path, teacher):
    options = {"num_evolutions": 2, "keep": "last", "answers": False}
    outcome = fms_dgt.run(
        ABOUT,
        builder="evol_instruct",
        data=[{"instruction": "Why is the sky blue?"}],
        generator=teacher,
        config={"databuilders": {"evol_instruct": options}},
        output_dir=tmp_path,
    )
    (record,) = outcome.records
    assert record["generation"] == 2
    assert "response" not in record
