from __future__ import annotations

from pathlib import Path

import pytest
from fms_dgt.safety.working_folder import shown

HEAD = "data_builder: haiku\n"
PLACE = "task.yaml:2: runner_config"


def test_the_order_of_what_is_said(plan_of):
    files = {
        "task.yaml": f"task_name: t\n{HEAD}runner_config:\n  seed: 2\n  num_outputs: 2\n  max_stalled_requests: 2\n  num_prompt_instructions: 2\n",
        "c.yaml": """
            runner_config: {seed: 1, num_outputs_to_generate: 1, save_formatted_output: true, max_concurrency: 1, max_calls: 1}
            tasks: {t: {runner_config: {num_prompt_instructions: 3, max_stalled_requests: 3}}}
        """,
    }
    plan = plan_of(files, "task.yaml", config="c.yaml", max_stalled_requests=4, max_calls=4)
    settings = plan.tasks[0].settings
    assert settings.save_formatted_output is True
    assert (settings.seed, settings.num_outputs_to_generate) == (2, 2)
    assert (settings.num_prompt_instructions, settings.max_stalled_requests) == (3, 4)
    assert (plan.settings.max_concurrency, plan.settings.max_calls) == (1, 4)
    assert plan.origins == {
        "t: save_formatted_output": "c.yaml:1: runner_config.save_formatted_output",
        "t: seed": "task.yaml:4: runner_config.seed",
        "t: num_outputs_to_generate": "task.yaml:5: runner_config.num_outputs",
        "t: num_prompt_instructions": "c.yaml:2: tasks.t.runner_config.num_prompt_instructions",
        "t: max_stalled_requests": "the command line: --max-stalled-requests",
        "max_concurrency": "c.yaml:1: runner_config.max_concurrency",
        "max_calls": "the command line: --max-calls",
        "output_dir": "default",
    }


def test_defaults(plan_of):
    plan = plan_of({"task.yaml": HEAD}, "task.yaml")
    assert (plan.tasks[0].settings.num_outputs_to_generate, plan.tasks[0].settings.seed) == (None, 0)
    assert (plan.settings.max_concurrency, plan.settings.restart) == (None, False)
    assert plan.notes == ()


def test_null_says_nothing(plan_of):
    (task,) = plan_of(
        {"task.yaml": f"{HEAD}runner_config: {{seed: null, num_outputs_to_generate: }}"}, "task.yaml"
    ).tasks
    assert (task.settings.seed, task.settings.num_outputs_to_generate) == (0, None)


def test_switches(plan_of):
    plan = plan_of(
        {"task.yaml": HEAD},
        "task.yaml",
        restart=True,
        retry_failed=True,
        accept_changes=True,
        teacher="t:m:1",
    )
    settings = plan.settings
    assert (settings.restart, settings.retry_failed, settings.accept_changes, settings.teacher) == (
        True,
        True,
        True,
        "t:m:1",
    )


def test_a_teacher_may_be_a_mapping(plan_of):
    teacher = {"type": "openai", "temperature": 0}
    assert plan_of({"task.yaml": HEAD}, "task.yaml", teacher=teacher).settings.teacher == teacher


FAULTS = {
    "not a mapping": ("[1]", f"{PLACE}: must be a mapping, not a list; write 'key: value' below it"),
    "text": ("{seed: ten}", f"{PLACE}.seed: must be a whole number, not the text 'ten'"),
    "quoted": (
        "{seed: '10'}",
        f"{PLACE}.seed: must be a whole number, not the text '10'; write 10 without quotes",
    ),
    "true": ("{seed: true}", f"{PLACE}.seed: must be a whole number, not True"),
    "a part": ("{seed: 1.5}", f"{PLACE}.seed: must be a whole number, not 1.5"),
    "none wanted": ("{num_outputs: 0}", f"{PLACE}.num_outputs: is 0; it must be 1 or more"),
    "negative": (
        "{num_outputs_to_generate: -3}",
        f"{PLACE}.num_outputs_to_generate: is -3; it must be 1 or more",
    ),
    "twice": (
        "{num_outputs: 1, num_outputs_to_generate: 2}",
        f"{PLACE}.num_outputs_to_generate: says 'num_outputs_to_generate' a second time; remove one of the two",
    ),
    "run-wide": (
        "{max_concurrency: 3}",
        f"{PLACE}.max_concurrency: 'max_concurrency' holds for a whole run, not for one task; "
        "move it to the config file's runner_config, or use --max-concurrency",
    ),
    "run-wide without a flag": (
        "{max_attempts: 3}",
        f"{PLACE}.max_attempts: 'max_attempts' holds for a whole run, not for one task; "
        "move it to the config file's runner_config",
    ),
    "unknown": (
        "{num_output: 3}",
        f"{PLACE}.num_output: unknown key 'num_output'; did you mean 'num_outputs_to_generate'? known keys: "
        "judge_bound, judge_check, max_stalled_requests, num_outputs_to_generate, num_prompt_instructions, output_dir, pipeline, records_per_seed, save_formatted_output, seed",
    ),
    "no folder": ("{output_dir: 3}", f"{PLACE}.output_dir: must be a path, not a number; put it in quotes"),
    "an empty folder": ("{output_dir: ''}", f"{PLACE}.output_dir: is empty; name a folder"),
}


@pytest.mark.parametrize(("text", "expected"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_with_a_tasks_settings(problems_of, text, expected):
    assert problems_of({"task.yaml": f"{HEAD}runner_config: {text}\n"}, "task.yaml") == [expected]


def test_a_fault_in_the_configs_settings_is_told_once(problems_of):
    files = {
        "a/task.yaml": HEAD,
        "b/task.yaml": HEAD,
        "c.yaml": "runner_config: {seed: -1, max_attempts: 0, sed: 1}\n",
    }
    assert problems_of(files, "a", "b", config="c.yaml") == [
        "c.yaml:1: runner_config.sed: unknown key 'sed'; did you mean 'seed'? known keys: give_up_after, judge_bound, judge_check, max_attempts, "
        "max_calls, max_concurrency, max_cost, max_stalled_requests, max_tokens, num_outputs_to_generate, "
        "num_prompt_instructions, output_dir, pipeline, records_per_seed, save_formatted_output, seed, "
        "slow_callback_duration",
        "c.yaml:1: runner_config.seed: is -1; it must be 0 or more",
        "c.yaml:1: runner_config.max_attempts: is 0; it must be 1 or more",
    ]


@pytest.mark.parametrize(
    ("flag", "value", "expected"),
    [
        ("num_outputs_to_generate", 0, "--num-outputs-to-generate: is 0; it must be 1 or more"),
        ("max_concurrency", -1, "--max-concurrency: is -1; it must be 1 or more"),
        ("max_tokens", 0, "--max-tokens: is 0; it must be 1 or more"),
        ("seed", -1, "--seed: is -1; it must be 0 or more"),
        (
            "teacher",
            ":gpt",
            "--teacher: ':gpt' names no teacher; write TYPE or TYPE:MODEL, 'openai:gpt-4o-mini', say",
        ),
        (
            "teacher",
            "openai:",
            "--teacher: 'openai:' names no teacher; write TYPE or TYPE:MODEL, 'openai:gpt-4o-mini', say",
        ),
        ("teacher", {"model": "m"}, "--teacher: must have a 'type'; name a generator"),
        (
            "build_id",
            "../x",
            "--build-id: '../x' has a part that is empty, '.', '..' or padded with spaces; give a plain name: it becomes a folder",
        ),
    ],
)
def test_flags_out_of_range(problems_of, flag, value, expected):
    assert problems_of({"task.yaml": HEAD}, "task.yaml", **{flag: value}) == [f"the command line: {expected}"]


# --- keys of fms-dgt that do nothing here --------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["seed_batch_size", "machine_batch_size", "transform_batch_size", "max_gen_requests"]
)
def test_keys_without_effect_become_notes(plan_of, key):
    (note,) = plan_of({"task.yaml": f"{HEAD}runner_config: {{{key}: 10}}\n"}, "task.yaml").notes
    assert note.startswith(f"{PLACE}.{key} has no effect: ")


def test_a_file_does_not_begin_a_run_anew(plan_of):
    plan = plan_of({"task.yaml": f"{HEAD}runner_config: {{restart_generation: true}}\n"}, "task.yaml")
    assert plan.notes == (
        f"{PLACE}.restart_generation has no effect: a file does not begin a run anew; use --restart",
    )
    assert (
        plan_of({"task.yaml": f"{HEAD}runner_config: {{restart_generation: false}}\n"}, "task.yaml").notes
        == ()
    )


# --- the output folder ---------------------------------------------------------------------------


def folders(plan):
    return [shown(task.folder) for task in plan.tasks]


TWO = {
    "a/task.yaml": f"{HEAD}runner_config: {{output_dir: one}}\n",
    "b/task.yaml": f"{HEAD}runner_config: {{output_dir: one}}\n",
}


def test_the_output_folder(plan_of, tmp_path):
    files = {"a/task.yaml": HEAD}
    assert folders(plan_of(files, "a")) == ["output/a"]
    assert folders(plan_of(files, "a", environ={"DGT_OUTPUT_DIR": "by/env"})) == ["by/env/a"]
    assert folders(plan_of(files, "a", environ={"DGT_OUTPUT_DIR": ""})) == ["output/a"]
    assert folders(plan_of(files, "a", output_dir="out", environ={"DGT_OUTPUT_DIR": "env"})) == ["out/a"]
    assert folders(plan_of(files, "a", output_dir=str(tmp_path))) == ["a"]
    assert folders(plan_of(files, "a", build_id="exp/1")) == ["output/exp/1/a"]


def test_files_may_agree_on_it(plan_of):
    assert folders(plan_of(TWO, "a", "b", environ={"DGT_OUTPUT_DIR": "env"})) == ["one/a", "one/b"]
    config = {"runner_config": {"output_dir": "one"}}
    assert folders(plan_of({"a/task.yaml": HEAD}, "a", "b", config=config)) == ["one/a", "one/b"]


def test_a_flag_goes_before_the_files_and_says_so(plan_of):
    plan = plan_of(TWO, "a", "b", output_dir="two")
    assert folders(plan) == ["two/a", "two/b"]
    assert plan.notes == tuple(
        f"{name}/task.yaml:2: runner_config.output_dir has no effect: "
        "the output folder is 'two', by the command line: --output-dir"
        for name in "ab"
    )
    assert plan_of(TWO, "a", "b", output_dir="one").notes == ()


@pytest.mark.parametrize(
    ("other", "says"), [("", "says none"), ("runner_config: {output_dir: two}", "says 'two'")]
)
def test_files_that_do_not_agree(problems_of, other, says):
    assert problems_of({**TWO, "b/task.yaml": f"{HEAD}{other}\n"}, "a", "b") == [
        f"a/task.yaml:2: runner_config.output_dir: the task 'a' has the output folder 'one', the task 'b' {says}; "
        "a run has one: name it with --output-dir, or run them one after the other"
    ]


def test_includes(plan_of, problems_of, tmp_path):
    files = {"task.yaml": HEAD, "mine.py": ""}
    assert plan_of(files, "task.yaml", include=["mine.py"]).includes == [tmp_path / "mine.py"]
    assert problems_of(files, "task.yaml", include=["mine.py", "yours.py"]) == [
        "the command line: --include: there is no file or folder 'yours.py'; name a Python file"
    ]
