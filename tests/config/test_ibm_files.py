"""Tasks, configs and flags as IBM's fms-dgt has them: read as ours, noted, or refused with what to write."""

from __future__ import annotations

import json

import pytest

from fms_dgt.cli.parser import NOTED

SEEDS = """
seed_examples:
  - {question: Why are there tides?, answer: The moon pulls at the sea.}
  - {question: When is high tide?, answer: Twice a day.}
"""
HEAD = "task_name: t\ntask_description: Explain tides.\ncreated_by: the tests\n"
KNOWLEDGE = HEAD + "data_builder: instructlab/knowledge\ndomain: tides\n" + SEEDS
SKILLS = HEAD + "data_builder: instructlab/skills\n" + SEEDS
DOCUMENT = "# Tides\n\nThe moon pulls at the sea. The water rises for six hours, and falls for six.\n"
SIMULATED = """
    blocks:
      - {name: generator, type: simulated}
      - {name: validator, lm_config: {type: simulated}}
"""
RUN = ("--task-paths", "task.yaml", "--config-path")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("instructlab/skills", "skills_sdg"),
        ("public/instructlab/skills", "skills_sdg"),
        ("public/instructlab/simple", "self_instruct"),
    ],
)
def test_a_task_of_their_builder_runs(project, theirs, ours):
    project_ = project({"task.yaml": f"{HEAD}data_builder: {theirs}\n{SEEDS}"})
    result = project_.run(*RUN, "offline", "--num-outputs-to-generate", "2")
    assert result.code == 0, result.stderr
    assert f"note: the builder '{theirs}' of fms-dgt is read as '{ours}'" in result.stderr
    assert len(project_.read("output/t/data.jsonl").splitlines()) == 2


def test_a_knowledge_task_runs(project):
    keys = """
include: {documents: {tides: "${DGT_DATA_DIR}/tides.md"}}
chunk_size: -1
loop_over: true
num_icl_examples_per_prompt: 1
num_docs_per_iteration: 5
question_style: FRQ
criteria: [faithfulness, relevancy, question_verification]
formatter: {type: formatters/template}
"""
    made = project({"task.yaml": KNOWLEDGE + keys, "data/tides.md": DOCUMENT})
    result = made.run(*RUN, "offline", "--json")
    assert result.code == 0, result.stderr
    notes = json.loads(result.stdout)["notes"]
    told = {note.split(":", 2)[2].split()[0] for note in notes if note.startswith("task.yaml")}
    assert told == {"chunk_size", "loop_over", "num_docs_per_iteration", "formatter"}


def test_keys_become_options_of_our_builders(plan_of):
    keys = "question_style: MCQ\ncriteria: [faithfulness]\nnum_icl_examples_per_prompt: 2\n"
    store = "knowledge: {datastore_config: {type: default, data_path: docs/*.md}}\n"
    (task,) = plan_of({"task.yaml": KNOWLEDGE + keys + store}, "task.yaml").tasks
    assert task.builder == "knowledge_sdg"
    assert task.settings.num_prompt_instructions == 2
    assert task.said.plain()["knowledge_datastore"] == {"type": "default", "data_path": "docs/*.md"}
    ((layer, _),) = task.builder_layers
    off = {"enabled": False}
    assert layer.plain() == {
        "question_kinds": {"multiple_choice": 1},
        "stages": {"judge_relevancy": off, "judge_question": off},
    }
    (task,) = plan_of({"task.yaml": f"{SKILLS}num_questions_to_generate_per_prompt: 7\n"}, "task.yaml").tasks
    assert [layer.plain() for layer, _ in task.builder_layers] == [{"request_batch_size": 7}]


def test_a_criterion_that_is_left_out_is_not_judged(project):
    keys = "criteria: [relevancy]\ninclude: {documents: {tides: tides.md}}\n"
    made = project({"task.yaml": KNOWLEDGE + keys, "tides.md": DOCUMENT})
    result = made.run(*RUN, "offline")
    assert result.code == 0, result.stderr
    stages = [line.split()[0] for line in result.stderr.splitlines() if line.strip()]
    assert "judge_relevancy" in stages
    assert "judge_question" not in stages


REFUSED = {
    "seeds in a store": (
        SKILLS + "seed_datastore: {type: default, data_path: a.jsonl}\n",
        "seed_datastore: seed examples are not read from a store here; write 'include: {seed_examples: a.jsonl}' instead",
    ),
    "prompts": (
        SKILLS + "prompt_templates_dir: mine\n",
        "prompt_templates_dir: names prompts for fms-dgt, which are not read here; "
        "remove it; prompts of your own go into a config file, as 'teacher_config'",
    ),
    "a style": (
        KNOWLEDGE + "question_style: MC\n",
        "question_style: there is no question style 'MC'; did you mean 'MCQ'? question styles: FRQ, MCQ",
    ),
    "a criterion": (
        KNOWLEDGE + "criteria: [faith]\n",
        "criteria[0]: there is no criterion 'faith'; criteria: faithfulness, question_verification, relevancy",
    ),
    "a style as a list": (
        KNOWLEDGE + "question_style: [MCQ]\n",
        "question_style: must be one question style, not a list; question styles: FRQ, MCQ",
    ),
    "criteria as a mapping": (
        KNOWLEDGE + "criteria: {faithfulness: 1}\n",
        "criteria: must be the name of a criterion, not a mapping; "
        "criteria: faithfulness, relevancy, question_verification",
    ),
    "a criterion as a list": (
        KNOWLEDGE + "criteria: [faithfulness, [relevancy], question_verification]\n",
        "criteria[1]: must be the name of a criterion, not a list; "
        "criteria: faithfulness, relevancy, question_verification",
    ),
    "no store": (
        KNOWLEDGE + "knowledge: {fields: [a]}\n",
        "knowledge: has no datastore_config; write 'knowledge_datastore:' with 'type: default' and 'data_path: ...'",
    ),
    "documents twice": (
        KNOWLEDGE + "knowledge: {datastore_config: {data_path: a.md}}\nknowledge_datastore: {data_path: b.md}\n",
        "knowledge: documents are named here and in 'knowledge_datastore'; remove one of them",
    ),
    "columns": (
        KNOWLEDGE + "knowledge: {datastore_config: {data_path: a.md}, fields: {text: content}}\n",
        "knowledge.fields: columns are not renamed here; "
        "write 'content_key: COLUMN' below 'datastore_config', the column that holds the text",
    ),
}


@pytest.mark.parametrize(("task", "told"), REFUSED.values(), ids=REFUSED)
def test_what_would_change_the_data_is_refused_with_our_counterpart(problems_of, task, told):
    (problem,) = problems_of({"task.yaml": task}, "task.yaml")
    assert problem.split(": ", 1)[1] == told


def test_a_builder_without_a_counterpart_gets_no_misleading_suggestion(project):
    made = project({"task.yaml": f"{HEAD}data_builder: public/rag\n{SEEDS}"})
    result = made.run(*RUN, "offline")
    assert (result.code, result.stderr) == (
        2,
        "error: task.yaml:4: data_builder: 'public/rag' of fms-dgt has no counterpart here; "
        "write its steps as a flow of the builder 'pipeline', or name another builder\n",
    )


def test_their_names_in_a_config_are_ours(project):
    extra = "      - {name: tagger, lm_config: {type: simulated}}\n      - {name: near, type: magpie_distance}\n"
    config = f"databuilders:\n  instructlab/skills:{SIMULATED}{extra}    postprocessors: [{{name: near}}]\n"
    made = project({"task.yaml": SKILLS, "config.yaml": config})
    result = made.run(*RUN, "config.yaml", "--num-outputs-to-generate", "2")
    assert result.code == 0, result.stderr
    place = "databuilders.instructlab/skills"
    checks = "is not taken over: the builder here has checks of its own"
    for note in (
        f"config.yaml:6: {place}.blocks[2] is not taken over: it tags rows, which no builder here does",
        f"config.yaml:7: {place}.blocks[3] {checks}",
        f"config.yaml:8: {place}.postprocessors {checks}",
    ):
        assert f"note: {note}\n" in result.stderr


def test_a_config_names_a_builder_once(project):
    config = f"databuilders:\n  instructlab/skills:{SIMULATED}  skills_sdg:{SIMULATED}"
    result = project({"task.yaml": SKILLS, "config.yaml": config}).run(*RUN, "config.yaml")
    assert result.code == 2
    assert "databuilders.skills_sdg: speaks of 'skills_sdg' a second time; make them one" in result.stderr


@pytest.mark.parametrize("flag", [name for names in NOTED for name in names])
def test_flags_without_effect_are_notes_as_keys_in_files_are(project, flag):
    made = project({"task.yaml": SKILLS})
    result = made.run(*RUN, "offline", "--num-outputs-to-generate", "1", flag, "10")
    assert result.code == 0, result.stderr
    assert f"note: {flag} has no effect: " in result.stderr


@pytest.mark.parametrize(
    ("flag", "key"),
    [(f"--{key.replace('_', '-')}", key) for key in ("seed_batch_size", "machine_batch_size", "max_gen_requests")],
)
def test_a_flag_and_a_key_are_told_in_the_same_words(plan_of, flag, key):
    (note,) = plan_of({"task.yaml": f"task_name: t\ndata_builder: b\nrunner_config: {{{key}: 3}}\n"}, "task.yaml").notes
    assert note.endswith(f"has no effect: {NOTED[(flag,)]}")


def test_the_data_folder_has_a_default(plan_of):
    files = {"task.yaml": "data_builder: b\ntask_name: t\ninclude: {a: $DGT_DATA_DIR/a.txt}\n", "data/a.txt": "A"}
    (task,) = plan_of(files, "task.yaml").tasks
    assert task.said.plain()["a"] == "A"


def test_check_shows_the_value_that_a_task_sets(project):
    made = project({"task.yaml": SKILLS + "num_icl_examples_per_prompt: 2\n"})
    result = made.run(*RUN, "offline", "--check")
    line = next(line for line in result.stdout.splitlines() if "task.yaml:" in line and "num_prompt" in line)
    assert line.split()[:3] == ["num_prompt_instructions", "=", "2"]
