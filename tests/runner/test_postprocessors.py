"""`postprocessors`: checks that a config appends to whatever flow a builder has."""

from __future__ import annotations

import fms_dgt
import pytest
from fms_dgt.errors import InputError

JOKES = {
    "task_name": "jokes",
    "task_description": "Jokes about tools.",
    "created_by": "me",
    "data_builder": "skills_sdg",
    "seed_examples": [{"question": "Tell me a joke about a saw.", "answer": "I saw it."}],
}


def jokes(folder, *postprocessors, blocks=(), where="skills_sdg", **said):
    config = {"databuilders": {where: {"postprocessors": list(postprocessors), "blocks": list(blocks), **said}}}
    return fms_dgt.run(
        JOKES,
        config=config,
        generator="simulated",
        output_dir=folder,
        num_outputs_to_generate=8,
    )


def stages(outcome):
    return [stage["stage"] for stage in outcome.finished.report["jokes"]["stages"]]


@pytest.mark.parametrize("where", ["skills_sdg", "*"])
def test_checks_are_appended_to_the_flow(tmp_path, where):
    outcome = jokes(tmp_path, {"name": "rouge", "on": "response", "threshold": 0.3}, where=where)
    assert stages(outcome)[-1] == "rouge"
    assert {r["reason"] for r in outcome.rejections if r["stage"] == "rouge"} == {"like an earlier record"}


def test_one_may_have_its_own_name_and_type_and_stand_beside_the_builders(tmp_path):
    alike = {"name": "same_answer", "type": "exact", "on": "response"}
    outcome = jokes(tmp_path, alike, {"name": "dedup", "type": "exact", "on": "response"})
    assert stages(outcome)[-2:] == ["same_answer", "dedup"]


def test_a_judge_is_played_by_the_teacher(tmp_path):
    outcome = jokes(tmp_path, {"name": "lm_judge", "template": "filter_qa_template", "into": "again"})
    assert outcome.complete
    assert stages(outcome)[-1] == "lm_judge"


def test_a_judge_may_be_another_block_by_its_name(tmp_path):
    config = {
        "databuilders": {
            "skills_sdg": {
                "blocks": [
                    {"name": "generator", "type": "simulated", "model": "shared"},
                    {"name": "validator", "lm_config": "generator"},
                ]
            }
        }
    }
    outcome = fms_dgt.run(JOKES, config=config, output_dir=tmp_path, num_outputs_to_generate=4)
    judge = outcome.finished.report["jokes"]["config"]["blocks"]["validator"]["lm_config"]
    assert (judge["type"], judge["model_id_or_path"]) == ("simulated", "shared")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"on": "response"}, "must be the name of a block or validator, or a mapping with one"),
        ({"name": "rouje", "on": "response"}, "no block plays 'rouje'"),
        ({"name": "rouge", "on": "respons"}, "needs the column 'respons', which nothing makes"),
        ({"name": "rouge", "on": "response", "treshold": 1}, "unknown key 'treshold'"),
    ],
)
def test_what_is_wrong_is_said_before_the_first_call(tmp_path, entry, says):
    with pytest.raises(InputError) as caught:
        jokes(tmp_path, entry)
    assert says in str(caught.value)
