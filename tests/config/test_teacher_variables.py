"""A teacher takes the place of blocks that want keys: what is replaced needs no variable."""

from __future__ import annotations

TASK = """
task_name: t
task_description: Explain tides.
created_by: the tests
data_builder: skills_sdg
seed_examples:
  - {question: Why are there tides?, answer: The moon pulls.}
"""
CONFIG = """
databuilders:
  skills_sdg:
    num_prompt_instructions: 1
    blocks:
      - {name: generator, type: openai, model_id_or_path: m, api_key: "${NO_SUCH_API_KEY}"}
      - {name: validator, lm_config: {type: openai, model_id_or_path: m, api_key: "${NO_SUCH_API_KEY}"}}
"""
RUN = ("--task-paths", "task.yaml", "--num-outputs-to-generate", "1", "--config-path")


def test_blocks_that_a_teacher_replaces_need_no_key(project):
    made = project({"task.yaml": TASK, "config.yaml": CONFIG})
    result = made.run(*RUN, "config.yaml", "--teacher", "simulated")
    assert result.code == 0, result.stderr


def test_the_shipped_rits_config_runs_simulated(project, monkeypatch):
    monkeypatch.delenv("RITS_API_KEY", raising=False)
    result = project({"task.yaml": TASK}).run(*RUN, "skills_sdg_rits", "--teacher", "simulated")
    assert result.code == 0, result.stderr


def test_without_a_teacher_and_with_one_of_the_same_type_the_keys_are_missed(project):
    made = project({"task.yaml": TASK, "config.yaml": CONFIG})
    for extra in ((), ("--teacher", "openai:other")):
        result = made.run(*RUN, "config.yaml", *extra)
        assert result.code == 2
        for place in ("6: databuilders.skills_sdg.blocks[0].api_key", "7: databuilders.skills_sdg.blocks[1].lm_config.api_key"):
            told = "the environment variable NO_SUCH_API_KEY is not set; set it, or write ${NO_SUCH_API_KEY:-default}"
            assert f"error: config.yaml:{place}: {told}" in result.stderr


def test_an_option_that_stays_misses_its_variable(project):
    config = CONFIG.replace("num_prompt_instructions: 1", 'teacher_config: "${NO_SUCH_FOLDER}/a.yaml"')
    made = project({"task.yaml": TASK, "config.yaml": config})
    result = made.run(*RUN, "config.yaml", "--teacher", "simulated")
    assert result.code == 2
    assert "teacher_config: the environment variable NO_SUCH_FOLDER is not set" in result.stderr
