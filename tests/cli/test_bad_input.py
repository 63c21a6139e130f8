"""What the command line says of bad input, word for word; nothing here needs a plugin or a model."""

from __future__ import annotations

import os
import sys

import pytest

from fms_dgt.cli.parser import COMMANDS

HEAD = "data_builder: haiku\n"
TASK = f"task_name: t\n{HEAD}"
RUN = ("--task-paths", "task.yaml")
WITH_CONFIG = (*RUN, "--config-path", "c.yaml")
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

CASES = {
    # --- the command ---------------------------------------------------------------------------
    "nothing at all": (
        {},
        (),
        "there is no task to run; name a file, a folder or a shipped task: fms_dgt run TASK; "
        "'fms_dgt init' writes a first one",
    ),
    "an unknown command": (
        {},
        ("rns",),
        f"there is no command 'rns'; did you mean 'runs'? commands: {', '.join(sorted(COMMANDS))}",
    ),
    "a folder as a command": (
        {"debates/task.yaml": TASK},
        ("debates",),
        "there is no command 'debates'; to run the task: fms_dgt run debates",
    ),
    "a task file that a flag has taken": (
        {"task.yaml": TASK, "mine.py": ""},
        ("run", "--include", "mine.py", "task.yaml"),
        "--include has taken 'task.yaml' for a value of its own; name the task before --include",
    ),
    "a taxonomy's file that a flag has taken": (
        {"tree/qna.yaml": TASK},
        ("run", "--changed", "tree/qna.yaml"),
        "--changed has taken 'tree/qna.yaml' for a value of its own; name the task before --changed",
    ),
    "an unknown flag": (
        {},
        (*RUN, "--num-outputs-to-genrate", "3"),
        "unknown flag '--num-outputs-to-genrate'; did you mean '--num-outputs-to-generate'? --help lists the flags",
    ),
    "a flag cut short": (
        {},
        (*RUN, "--max-concurr=3"),
        "unknown flag '--max-concurr'; did you mean '--max-concurrency'? --help lists the flags",
    ),
    "a word too many": (
        {"task.yaml": TASK},
        (*RUN, "--seed", "1", "x"),
        "the command line: there is no file, folder or shipped task 'x'; shipped tasks: skills/debate",
    ),
    "a word too many for a command without tasks": (
        {},
        ("init", "a", "b"),
        "'b' belongs to no flag; --help lists the flags",
    ),
    "a flag without its value": (
        {},
        ("--task-paths",),
        "--task-paths/--data-paths: expected at least one argument",
    ),
    "a number as text": (
        {},
        (*RUN, "--num-outputs-to-generate", "ten"),
        "-n/--num-outputs-to-generate: must be a whole number, not the text 'ten'",
    ),
    "part of a record": (
        {},
        (*RUN, "--num-outputs", "1.5"),
        "--num-outputs: must be a whole number, not the text '1.5'",
    ),
    "no record wanted": (
        {"task.yaml": TASK},
        (*RUN, "--num-outputs-to-generate", "0"),
        "the command line: --num-outputs-to-generate: is 0; it must be 1 or more",
    ),
    "a negative seed": (
        {"task.yaml": TASK},
        (*RUN, "--seed", "-1"),
        "the command line: --seed: is -1; it must be 0 or more",
    ),
    "no call at once": (
        {"task.yaml": TASK},
        (*RUN, "--max-concurrency", "0"),
        "the command line: --max-concurrency: is 0; it must be 1 or more",
    ),
    "a teacher without a type": (
        {"task.yaml": TASK},
        (*RUN, "--teacher", ":gpt"),
        "the command line: --teacher: ':gpt' names no teacher; write TYPE or TYPE:MODEL, 'openai:gpt-4o-mini', say",
    ),
    "an output folder without a name": (
        {"task.yaml": TASK},
        (*RUN, "--output-dir", ""),
        "the command line: --output-dir: is empty; name a folder",
    ),
    "a task path without a name": (
        {"task.yaml": TASK},
        ("--task-paths", ""),
        "the command line: there is no file, folder or shipped task ''; shipped tasks: skills/debate",
    ),
    "a build id that leads elsewhere": (
        {"task.yaml": TASK},
        (*RUN, "--build-id", "../x"),
        "the command line: --build-id: '../x' has a part that is empty, '.', '..' or padded with spaces; "
        "give a plain name: it becomes a folder",
    ),
    "a file to include that is not there": (
        {"task.yaml": TASK},
        (*RUN, "--include", "mine.py"),
        "the command line: --include: there is no file or folder 'mine.py'; name a Python file",
    ),
    # --- flags of fms-dgt that would change the data ------------------------------------------------
    "a prompt file": (
        {},
        (*RUN, "--prompt-file-path", "prompt.txt"),
        "--prompt-file-path: has no effect here: a config file names templates, below "
        "databuilders.NAME.stages.STAGE.template",
    ),
    "a data folder": (
        {},
        (*RUN, "--data-dir", "data"),
        "--data-dir: has no effect here: write ${DGT_DATA_DIR} in files, or name the folder with --task-paths",
    ),
    # --- files ------------------------------------------------------------------------------------
    "a task that is not there": (
        {},
        ("--task-paths", "debat"),
        "the command line: there is no file, folder or shipped task 'debat'; "
        "did you mean 'skills/debate'? shipped tasks: skills/debate",
    ),
    "a folder without tasks": (
        {"data/x.txt": ""},
        ("--task-paths", "data"),
        "the command line: there is no task.yaml in or below 'data'; name the task files one by one",
    ),
    "a pattern that matches nothing": (
        {},
        ("--task-paths", "tasks/*/x.yaml"),
        "the command line: no YAML file matches 'tasks/*/x.yaml'; check the pattern",
    ),
    "a config that is not there": (
        {"task.yaml": TASK},
        (*RUN, "--config-path", "ofline"),
        "the command line: --config-path: there is no file or shipped config 'ofline'; "
        "did you mean 'offline'? shipped configs: offline",
    ),
    "a folder as a config": (
        {"task.yaml": TASK, "conf/c.yaml": ""},
        (*RUN, "--config-path", "conf"),
        "the command line: --config-path: 'conf' is a folder, not a config file; name a YAML file",
    ),
    "an empty task": ({"task.yaml": ""}, RUN, "task.yaml: the file is empty; write at least one key"),
    "a list at the top": (
        {"task.yaml": "- data_builder: haiku\n"},
        RUN,
        "task.yaml:1: a task must be a mapping, not a list; begin with 'task_description: ...' and 'data_builder: ...'",
    ),
    "text at the top": (
        {"task.yaml": "haiku\n"},
        RUN,
        "task.yaml:1: a task must be a mapping, not text; begin with 'task_description: ...' and 'data_builder: ...'",
    ),
    "a tab": (
        {"task.yaml": "a:\n\tb: 1\n"},
        RUN,
        "task.yaml:2: a tab is not allowed here, only spaces are; indent with spaces",
    ),
    "an open quote": (
        {"task.yaml": "a: 1\nb: 'c\nd: e\n"},
        RUN,
        "task.yaml:2: is not valid YAML: a quote is opened and never closed; close it",
    ),
    "two colons in a line": (
        {"task.yaml": "task_description: a skill: debating\n"},
        RUN,
        "task.yaml:1: is not valid YAML: a line has a second ': '; put the value in quotes, or write it below '|'",
    ),
    "a key twice": ({"task.yaml": "a: 1\na: 2\n"}, RUN, "task.yaml:2: duplicate key 'a'; remove one"),
    "a tag that would run code": (
        {"task.yaml": "a: !function prompts.make\n"},
        RUN,
        "task.yaml:1: the tag '!function' is not known; remove it; tags run no code here",
    ),
    "a bomb": (
        {"task.yaml": BOMB},
        RUN,
        "task.yaml: unfolds to more than 1,000,000 values; use fewer aliases, or keep rows in a JSONL file",
    ),
    "brackets without end": (
        {"task.yaml": "[" * 200_000},
        RUN,
        "task.yaml:1: values are nested more than 100 deep; flatten them",
    ),
    "binary": ({"task.yaml": b"\x7fELF\0\0"}, RUN, "task.yaml: is binary, not text; name a YAML file"),
    "another encoding": (
        {"task.yaml": b"a: caf\xe9\n"},
        RUN,
        "task.yaml:1: is not UTF-8 text; save it as UTF-8",
    ),
    "a hundred megabytes": (
        {"task.yaml": b"# " + b"x" * 100 * 1024 * 1024},
        RUN,
        "task.yaml: has 100 MB; a YAML file may have 16 MB; split it, or keep rows in a JSONL file",
    ),
    # --- tasks ------------------------------------------------------------------------------------
    "no data_builder": (
        {"task.yaml": "task_description: poems\n"},
        RUN,
        "task.yaml:1: the key 'data_builder' is missing; add 'data_builder: skills_sdg', say",
    ),
    "a data_builder that is not a name": (
        {"task.yaml": "data_builder: [haiku]\n"},
        RUN,
        "task.yaml:1: data_builder: must be the name of a builder, not a list; put it in quotes",
    ),
    "two tasks with one name": (
        {"task.yaml": TASK, "other.yaml": TASK},
        (*RUN, "other.yaml"),
        "other.yaml:1: task_name: the task 't' is in task.yaml, too; give one of them another 'task_name'",
    ),
    "a name that leads elsewhere": (
        {"task.yaml": f"task_name: ../../etc\n{HEAD}"},
        RUN,
        "task.yaml:1: task_name: the task's name '../../etc' has a part that is empty, '.', '..' or padded with "
        "spaces; choose another",
    ),
    "a name that is a number": (
        {"task.yaml": f"task_name: 7\n{HEAD}"},
        RUN,
        "task.yaml:1: task_name: must be text, not a number; put it in quotes",
    ),
    "a setting as text": (
        {"task.yaml": f"{TASK}runner_config:\n  num_outputs_to_generate: ten\n"},
        RUN,
        "task.yaml:4: runner_config.num_outputs_to_generate: must be a whole number, not the text 'ten'",
    ),
    "a misspelt setting": (
        {"task.yaml": f"{TASK}runner_config:\n  num_outputs_to_genrate: 3\n"},
        RUN,
        "task.yaml:4: runner_config.num_outputs_to_genrate: unknown key 'num_outputs_to_genrate'; "
        "did you mean 'num_outputs_to_generate'? known keys: judge_bound, judge_check, max_stalled_requests, num_outputs_to_generate, "
        "num_prompt_instructions, output_dir, pipeline, records_per_seed, save_formatted_output, seed",
    ),
    "a run's setting in a task": (
        {"task.yaml": f"{TASK}runner_config: {{max_calls: 3}}\n"},
        RUN,
        "task.yaml:3: runner_config.max_calls: 'max_calls' holds for a whole run, not for one task; "
        "move it to the config file's runner_config, or use --max-calls",
    ),
    "two output folders": (
        {
            "task.yaml": f"{TASK}runner_config: {{output_dir: a}}\n",
            "b/task.yaml": f"{HEAD}runner_config: {{output_dir: b}}\n",
        },
        (*RUN, "b"),
        "task.yaml:3: runner_config.output_dir: the task 't' has the output folder 'a', the task 'b' says 'b'; "
        "a run has one: name it with --output-dir, or run them one after the other",
    ),
    "an include that is not there": (
        {"task.yaml": f"{TASK}include:\n  notes: docs/*.md\n"},
        RUN,
        "task.yaml:4: include.notes: no file matches 'docs/*.md'; give its path from .",
    ),
    "a bad line in an included file": (
        {"task.yaml": f"{TASK}include: {{rows: rows.jsonl}}\n", "rows.jsonl": '{"a": 1}\n{"a": }\n'},
        RUN,
        "rows.jsonl:2: is not JSON: Expecting value; write one JSON value a line",
    ),
    "a variable that is not set": (
        {"task.yaml": f"{TASK}include: {{rows: '${{NOT_SET_ANYWHERE}}/x'}}\n"},
        (*RUN, "--allow-env", "NOT_SET_ANYWHERE"),
        "task.yaml:3: include.rows: the environment variable NOT_SET_ANYWHERE is not set; "
        "set it, or write ${NOT_SET_ANYWHERE:-default}",
    ),
    # --- configs ----------------------------------------------------------------------------------
    "an unknown key in a config": (
        {"task.yaml": TASK, "c.yaml": "databuilder: {}\n"},
        WITH_CONFIG,
        "c.yaml:1: databuilder: unknown key 'databuilder'; did you mean 'databuilders'? "
        "known keys: databuilders, runner_config, task_files, tasks",
    ),
    "blocks that are none": (
        {"task.yaml": TASK, "c.yaml": "databuilders:\n  haiku:\n    blocks: generator\n"},
        WITH_CONFIG,
        "c.yaml:3: databuilders.haiku.blocks: must be a list of blocks, not text; begin each with '- name: ...'",
    ),
    "a block twice": (
        {"task.yaml": TASK, "c.yaml": "databuilders:\n  haiku:\n    blocks:\n    - name: g\n    - name: g\n"},
        WITH_CONFIG,
        "c.yaml:5: databuilders.haiku.blocks[1].name: duplicate block 'g'; remove one",
    ),
    "a task that the run does not have": (
        {"task.yaml": TASK, "c.yaml": "tasks:\n  tt: {seed_examples: []}\n"},
        WITH_CONFIG,
        "c.yaml:2: tasks.tt: no task of this run is called 'tt'; add its 'data_builder' to make it one; "
        "did you mean 't'? tasks: t",
    ),
    "a task file that is not there": (
        {"c.yaml": "task_files:\n  - tasks/x\n"},
        ("--config-path", "c.yaml"),
        "c.yaml:2: task_files[0]: there is no file, folder or shipped task 'tasks/x'; shipped tasks: skills/debate",
    ),
    # --- other commands ---------------------------------------------------------------------------
    "no folder of runs": (
        {},
        ("runs", "nowhere"),
        "there is no folder 'nowhere'; name an output folder, or make one: fms_dgt run TASK",
    ),
    "a folder of runs without a name": (
        {},
        ("runs", ""),
        "the folder's name is empty; name an output folder",
    ),
    "a starter that would overwrite": (
        {"config.yaml": "", "task.yaml": ""},
        ("init",),
        "task.yaml and config.yaml would be overwritten; name another folder: fms_dgt init DIR",
    ),
    "a starter where a file stands": (
        {"here": ""},
        ("init", "here/below"),
        "here/below: cannot be written to: Not a directory; name another folder",
    ),
}


@pytest.mark.parametrize(("files", "argv", "expected"), CASES.values(), ids=CASES)
def test_bad_input(project, ship, runner, files, argv, expected):
    ship("tasks/skills/debate/task.yaml", "configs/offline.yaml")
    result = project(files).run(*argv)
    assert result.stderr == f"error: {expected}\n"
    assert (result.code, result.stdout) == (2, "")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that not even root can read")
def test_a_file_of_the_kernel(project, ship, runner):
    ship()
    made = project({})
    (made.path / "task.yaml").symlink_to("/proc/self/mem")
    expected = "error: task.yaml: is not a regular file; name a YAML file\n"
    assert made.run(*RUN).stderr == expected


def test_a_pipe_is_not_waited_for(project, ship, runner):
    ship()
    made = project({"below/x": ""})
    for name in ("task.yaml", "below/task.yaml"):
        os.mkfifo(made.path / name)
    expected = "error: task.yaml: is not a regular file; name a YAML file\n"
    assert made.run(*RUN).stderr == expected
    assert made.run("--task-paths", "below").stderr == expected.replace("task", "below/task", 1)


def test_every_fault_has_its_line(project, ship, runner):
    ship()
    made = project({"a/task.yaml": "- x\n", "b/task.yaml": "runner_config: {sede: 1}\n"})
    assert made.run("--task-paths", "a", "b", "--include", "x.py").stderr == (
        "error: a/task.yaml:1: a task must be a mapping, not a list; "
        "begin with 'task_description: ...' and 'data_builder: ...'\n"
        "error: b/task.yaml:1: runner_config.sede: unknown key 'sede'; did you mean 'seed'? known keys: "
        "judge_bound, judge_check, max_stalled_requests, num_outputs_to_generate, num_prompt_instructions, output_dir, pipeline, records_per_seed, save_formatted_output, seed\n"
        "error: b/task.yaml:1: the key 'data_builder' is missing; add 'data_builder: skills_sdg', say\n"
        "error: the command line: --include: there is no file or folder 'x.py'; name a Python file\n"
    )


def test_with_debug_there_is_a_traceback_too(project, ship, runner):
    ship()
    result = project({"task.yaml": ""}).run(*RUN, "--debug")
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.endswith("error: task.yaml: the file is empty; write at least one key\n")
    assert result.code == 2
