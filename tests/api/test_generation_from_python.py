"""What a course on synthetic data shows first, as one call each: plain generation, and Magpie."""

from __future__ import annotations

import fms_dgt
import pandas as pd
import pytest
from fms_dgt.testing import ModelServer, prompt_of

TASK = {"task_name": "rows", "task_description": "Answer.", "created_by": "us"}
INSTRUCTIONS = [{"instruction": "Name three rivers."}, {"instruction": "What is a delta?"}]


@pytest.fixture
def teacher():
    with ModelServer(answer=lambda body: f"re: {prompt_of(body)}").in_thread() as server:
        yield {
            "type": "openai",
            "model": "Qwen/Qwen2.5-7B-Instruct",
            "base_url": server.base_url,
            "api_key": "k",
        }


@pytest.mark.parametrize("given", [list, pd.DataFrame, tuple])
def test_a_list_of_dictionaries_is_answered_row_by_row(tmp_path, teacher, given):
    outcome = fms_dgt.run(
        {**TASK, "data_builder": "text_generation", "prompt": "{{ instruction }}"},
        data=given(INSTRUCTIONS),
        generator=teacher,
        output_dir=tmp_path,
    )
    assert outcome.complete
    assert list(outcome.records) == [
        {"instruction": "Name three rivers.", "generation": "re: Name three rivers."},
        {"instruction": "What is a delta?", "generation": "re: What is a delta?"},
    ]


def test_rows_from_a_program_take_the_place_of_a_file(tmp_path, teacher):
    said = {**TASK, "data_builder": "text_generation", "input": "nowhere.jsonl"}
    outcome = fms_dgt.run(said, data=[{"prompt": "Hello?"}], generator=teacher, output_dir=tmp_path)
    assert [record["generation"] for record in outcome.records] == ["re: Hello?"]


def test_an_iterator_of_rows_is_as_good_as_a_list(tmp_path, teacher):
    rows = ({"prompt": f"Number {n}?"} for n in range(3))
    said = {**TASK, "data_builder": "text_generation"}
    outcome = fms_dgt.run(said, data=rows, generator=teacher, output_dir=tmp_path)
    assert outcome.counts["records"] == 3


def test_magpie_needs_a_model_and_nothing_else(tmp_path):
    outcome = fms_dgt.run(
        {
            **TASK,
            "data_builder": "magpie",
            "system_prompt": "You help people to cook.",
            "only_instruction": True,
        },
        generator="simulated",
        num_outputs_to_generate=10,
        output_dir=tmp_path,
    )
    assert outcome.complete
    frame = outcome.to_pandas()
    assert len(frame) == 10
    assert frame["instruction"].is_unique
    assert set(frame["system_prompt"]) == {"You help people to cook."}


def test_magpie_asks_a_server_for_the_users_turn(tmp_path):
    def answer(body):
        if "prompt" in body:
            return f"What does {body['seed']} have to do with {body['seed'] % 97}?"
        return "<reason>Fine.</reason><score>5</score>" if "judge" in prompt_of(body) else "Nothing at all."

    with ModelServer(answer=answer).in_thread() as server:
        outcome = fms_dgt.run(
            {**TASK, "data_builder": "magpie"},
            config={"databuilders": {"magpie": {"stages": {"dedup_instruction": {"enabled": False}}}}},
            generator={
                "type": "openai",
                "model": "meta-llama/Llama-3.1-8B-Instruct",
                "base_url": server.base_url,
                "api_key": "k",
            },
            num_outputs_to_generate=3,
            output_dir=tmp_path,
        )
        plain = {one.prompt for one in server.requests if "prompt" in one.body}
    assert plain == {"<|start_header_id|>user<|end_header_id|>\n\n"}
    assert [record["response"] for record in outcome.records] == ["Nothing at all."] * 3


def test_preferences_come_from_rows_too(tmp_path):
    said = {**TASK, "data_builder": "preference", "prompt": "{{ instruction }}"}
    outcome = fms_dgt.run(said, data=INSTRUCTIONS, generator="simulated", output_dir=tmp_path)
    assert outcome.counts["records"] + outcome.counts["rejected"] == 2
