"""What the command line says of input that only plugins can judge, and of output folders, word for word."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fms_dgt.plugins import Plugins

BUILDERS = ", ".join(sorted(Plugins.discover(()).known("builders")))
SKILLS = Path(__file__).parents[2] / "fms_dgt" / "builders" / "skills_sdg"
TASK = """task_name: t
task_description: Jokes about tools.
created_by: me
data_builder: skills_sdg
seed_examples:
  - question: Tell me a joke about a saw.
    answer: I saw it.
"""
PLAYERS = "blocks: [{name: generator, type: simulated}, {name: validator, lm_config: {type: simulated}}]"
RUN = ("--task-paths", "task.yaml", "--config-path", "c.yaml")
STAGES = "answer_copies, answer_template, branch_kind, dedup_question, filter_qa_template, filter_questions_template, "
STAGES += "not_a_seed_question, question_template_freeform"
SAMPLING = (
    "dry_multiplier, frequency_penalty, max_new_tokens, max_tokens, min_p, presence_penalty, repeat_penalty, "
    "repetition_penalty, stop, stop_sequences, temperature, top_k, top_p"
)
COLUMNS = (
    "examples, instruction, kind, question_reason, question_score, task_description, task_name, taxonomy_path"
)
OPTIONS = (
    "contexts_per_draw, join_context, num_prompt_instructions, questions_per_context, request_batch_size, "
)
OPTIONS += "simple, teacher_config"
KEYS = "calibrate, created_by, data_builder, include, instruction_format, runner_config, "
KEYS += "save_formatted_output, seed_examples, task_description, task_name, taxonomy_path"
FIELDS = "context, instruction, pair_reason, pair_score, question_reason, question_score, response, "
FIELDS += "task_description, task_name, taxonomy_path"


def skills(more: str = "", players: str = PLAYERS) -> str:
    return f"databuilders: {{skills_sdg: {{{players}{more}}}}}\n"


def stage(name: str, said: str) -> str:
    return skills(f", stages: {{{name}: {{{said}}}}}")


CASES = {
    "an unknown builder": (
        TASK.replace("skills_sdg", "skils_sdg"),
        "databuilders: {}\n",
        "task.yaml:4: data_builder: unknown builder 'skils_sdg'; did you mean 'skills_sdg'? "
        f"known builders: {BUILDERS}",
    ),
    "a seed example with a slip": (
        TASK.replace("answer:", "answr:"),
        skills(),
        "task.yaml:7: seed_examples[0].answr: unknown key 'answr'; did you mean 'answer'? "
        "known keys: answer, context, question\n"
        "error: task.yaml:6: seed_examples[0]: the key 'answer' is missing; "
        "add 'answer: ...', what the model should reply",
    ),
    "no seed examples": (
        TASK.split("seed_examples")[0] + "seed_examples: []\n",
        skills(),
        "task.yaml:5: seed_examples: is empty; give at least one entry",
    ),
    "a seed example that is blank": (
        TASK.replace("I saw it.", '" "'),
        skills(),
        "task.yaml:7: seed_examples[0].answer: is empty; write it out",
    ),
    "a seed example that nobody has filled in": (
        TASK.replace("I saw it.", "..."),
        skills(),
        "task.yaml:7: seed_examples[0].answer: '...' is a placeholder; write the text of the example",
    ),
    "a seed example cut short": (
        TASK.replace(" I saw it.", ""),
        skills(),
        "task.yaml:7: seed_examples[0].answer: must be text, not nothing; write it out, or remove the key",
    ),
    "a setting at the top of a task": (
        TASK + "num_outputs_to_generate: 3\n",
        skills(),
        "task.yaml:8: num_outputs_to_generate: unknown key 'num_outputs_to_generate'; "
        "put it under 'runner_config:'",
    ),
    "a run's setting at the top of a task": (
        TASK + "max_calls: 3\n",
        skills(),
        "task.yaml:8: max_calls: unknown key 'max_calls'; it holds for a whole run: "
        "put it under the config file's 'runner_config:'",
    ),
    "a setting without effect at the top of a task": (
        TASK + "seed_batch_size: 3\n",
        skills(),
        "task.yaml:8: seed_batch_size: unknown key 'seed_batch_size'; remove it, it has no effect: "
        "units are drawn one by one; the builder's options say how much a prompt asks for",
    ),
    "sampling of a stage with a slip": (
        TASK,
        stage("answer_template", "params: {temprature: 3}"),
        "c.yaml:1: databuilders.skills_sdg.stages.answer_template.params.temprature: "
        f"unknown key 'temprature'; did you mean 'temperature'? sampling options: {SAMPLING}",
    ),
    "sampling of a stage out of range": (
        TASK,
        stage("answer_template", "params: {max_new_tokens: lots, temperature: 99}"),
        "c.yaml:1: databuilders.skills_sdg.stages.answer_template.params.max_new_tokens: "
        "must be a whole number, not the text 'lots'\n"
        "error: c.yaml:1: databuilders.skills_sdg.stages.answer_template.params.temperature: is 99.0; "
        "it must be 2 or less",
    ),
    "sampling of a template with a slip": (
        TASK,
        stage("answer_template", "template: hot.yaml"),
        f"hot.yaml:3: params.temprature: unknown key 'temprature'; did you mean 'temperature'? "
        f"sampling options: {SAMPLING}",
    ),
    "a number as a seed": (
        TASK.replace("I saw it.", "42"),
        skills(),
        "task.yaml:7: seed_examples[0].answer: must be text, not 42; put it in quotes",
    ),
    "no task description": (
        TASK.replace("task_description: Jokes about tools.\n", ""),
        skills(),
        "task.yaml:1: the key 'task_description' is missing; "
        "add 'task_description: ...', one sentence on what is wanted",
    ),
    "an unknown key in the task": (
        TASK + "task_desc: x\n",
        skills(),
        "task.yaml:8: task_desc: unknown key 'task_desc'; did you mean 'task_description'? "
        f"known keys: {KEYS}",
    ),
    "an unknown block": (
        TASK,
        skills(players=PLAYERS.replace("]", ", {name: dedupp, type: exact}]")),
        "c.yaml:1: databuilders.skills_sdg.blocks[2].name: the builder 'skills_sdg' has no block 'dedupp'; "
        "did you mean 'dedup'? blocks: answer_copies, copies, dedup, generator, validator",
    ),
    "a validator where a generator belongs": (
        TASK,
        skills(players=PLAYERS.replace("generator, type: simulated", "generator, type: rouge")),
        "c.yaml:1: databuilders.skills_sdg.blocks[0]: the block 'generator' must be a generator; "
        "'rouge' is a validator",
    ),
    "a block option with a slip": (
        TASK,
        skills(players=PLAYERS.replace("generator, type", "generator, temprature: 1, type")),
        "c.yaml:1: databuilders.skills_sdg.blocks[0].temprature: unknown key 'temprature'; "
        "did you mean 'temperature'? known keys: dry_multiplier, dull, error_rate, frequency_penalty, "
        "input_price, latency, latency_median, latency_sigma, malformed_rate, max_concurrency, max_tokens, "
        "min_p, model_id_or_path, output_price, presence_penalty, repetition_penalty, requests_per_minute, "
        "stop, temperature, timeout, ...",
    ),
    "an option out of range": (
        TASK,
        skills(players=PLAYERS.replace("generator, type", "generator, temperature: -1, type")),
        "c.yaml:1: databuilders.skills_sdg.blocks[0].temperature: is -1.0; it must be 0 or more",
    ),
    "a threshold off the scale": (
        TASK,
        stage("filter_questions_template", "keep: 7"),
        "c.yaml:1: databuilders.skills_sdg.stages.filter_questions_template: keeps scores equal 7, but the "
        "scale of its template is from 0 to 1; choose a threshold on the scale",
    ),
    "a threshold out of range": (
        TASK,
        skills(players=PLAYERS.replace("]", ", {name: dedup, threshold: 1.5}]")),
        "c.yaml:1: databuilders.skills_sdg.blocks[2].threshold: is 1.5; it must be 1 or less",
    ),
    "an unknown stage": (
        TASK,
        stage("filter_question", "keep: 1"),
        "c.yaml:1: databuilders.skills_sdg.stages.filter_question: there is no stage 'filter_question'; "
        f"did you mean 'filter_questions_template'? stages: {STAGES}",
    ),
    "a setting that says nothing to a stage": (
        TASK,
        stage("answer_template", "keep: 1"),
        "c.yaml:1: databuilders.skills_sdg.stages.answer_template: "
        "'keep' says nothing to the stage 'answer_template'; remove it",
    ),
    "a stage switched off that others need": (
        TASK,
        stage("answer_template", "enabled: false"),
        "the builder 'skills_sdg': the stage 'answer_copies' needs the column 'response', which nothing makes; "
        f"columns that are there: {COLUMNS}\n"
        f"error: {SKILLS}/templates/filter_qa_template.yaml: the template 'filter_qa_template' uses 'response', "
        f"which is not there at 'filter_qa_template'; columns that are there: {COLUMNS}\n"
        "error: the builder 'skills_sdg': the record SkillsRecord needs 'response', which nothing makes; "
        "make it in a stage, or give the field a default (known: examples, instruction, kind, pair_reason, "
        "pair_score, question_reason, question_score, task_description, task_name, taxonomy_path)",
    ),
    "a template with an undefined name": (
        TASK,
        stage("answer_template", "template: bad.yaml"),
        "bad.yaml: the template 'bad.yaml' uses 'instrction', which is not there at 'answer_template'; "
        f"did you mean 'instruction'? columns that are there: {COLUMNS}",
    ),
    "a template that forgets the form": (
        TASK,
        stage("answer_template", "template: formless.yaml"),
        "formless.yaml: the template 'formless.yaml' never says how to reply; "
        "put {{ reply_format }} where the form belongs",
    ),
    "a template that is none": (
        TASK,
        stage("answer_template", "template: broken.yaml"),
        "broken.yaml: prompt, line 1: is not a valid template: unexpected '}'; see the Jinja syntax",
    ),
    "a template config with a slip": (
        TASK,
        skills(", teacher_config: tc.yaml"),
        "tc.yaml:1: answer_templat: unknown template 'answer_templat'; did you mean 'answer_template'? "
        "templates: answer_context_template, answer_template, context_template, filter_qa_context_template, "
        "filter_qa_template, filter_questions_context_template, filter_questions_template, "
        "question_template_freeform, question_template_grounded, simple_template_freeform, "
        "simple_template_grounded",
    ),
    "a builder option with a slip": (
        TASK,
        skills(", num_prompt_instruction: 3"),
        "c.yaml:1: databuilders.skills_sdg.num_prompt_instruction: unknown key 'num_prompt_instruction'; "
        f"did you mean 'num_prompt_instructions'? known keys: {OPTIONS}",
    ),
    "a config for a builder that is not there": (
        TASK,
        "databuilders:\n  skills_sgd: {}\n  skills_sdg:\n    "
        "blocks: [{name: generator, type: simulated}, {name: validator, lm_config: {type: simulated}}]\n",
        "c.yaml:2: databuilders.skills_sgd: there is no builder 'skills_sgd'; did you mean 'skills_sdg'? "
        f"known builders: {BUILDERS}",
    ),
    "an output format over fields that are not there": (
        TASK + "save_formatted_output: true\ninstruction_format: {x: '{{ nothing }}'}\n",
        skills(),
        "task.yaml:9: instruction_format.x: 'nothing' is not a field of the record; "
        f"fields of a record: {FIELDS}",
    ),
    "formatted output without a format": (
        TASK + "save_formatted_output: true\n",
        skills(),
        "task.yaml:1: save_formatted_output needs an instruction_format; "
        "add 'instruction_format: {field: \"{{ response }}\"}'",
    ),
}
TEMPLATES = {
    "hot.yaml": "prompt: 'Say {{ instruction }} {{ reply_format }}'\nreply: {fields: [response]}\n"
    "params: {temprature: 3}\n",
    "bad.yaml": "prompt: 'Say {{ instrction }} {{ reply_format }}'\nreply: {fields: [response]}\n",
    "formless.yaml": "prompt: 'Say {{ instruction }}'\nreply: {fields: [response]}\n",
    "broken.yaml": "prompt: 'Say {{ instruction } {{ reply_format }}'\nreply: {fields: [response]}\n",
    "tc.yaml": "answer_templat: bad.yaml\n",
}


@pytest.mark.parametrize(("task", "config", "expected"), CASES.values(), ids=CASES)
def test_bad_input(project, task, config, expected):
    result = project({"task.yaml": task, "c.yaml": config, **TEMPLATES}).run(*RUN)
    assert result.stderr == f"error: {expected}\n"
    assert (result.code, result.stdout) == (2, "")
    assert not Path("output").exists()


def test_all_that_is_wrong_with_all_files_is_told_at_once(project):
    files = {
        "slip.yaml": TASK.replace("answer:", "answr:") + "runner_config: {sede: 1, num_outputs: 0}\n",
        "tab/task.yaml": "a:\n\tb: 1\n",
        "lost.yaml": TASK.replace("name: t", "name: u").replace("skills_sdg", "poems"),
        "c.yaml": skills(),
    }
    paths = ("slip.yaml", "tab", "lost.yaml")
    result = project(files).run("--task-paths", *paths, "--config-path", "c.yaml", "--max-calls", "0")
    assert [line.split(": ")[1:3] for line in result.stderr.splitlines()] == [
        ["tab/task.yaml:2", "a tab is not allowed here, only spaces are; indent with spaces"],
        ["slip.yaml:8", "runner_config.sede"],
        ["slip.yaml:8", "runner_config.num_outputs"],
        ["the command line", "--max-calls"],
        ["slip.yaml:7", "seed_examples[0].answr"],
        ["slip.yaml:6", "seed_examples[0]"],
        ["lost.yaml:4", "data_builder"],
    ]


def test_what_depends_on_something_unreadable_is_not_guessed_at(project):
    """Without the config file, the builder's own backend would seem to lack its key."""
    files = {"task.yaml": TASK.replace("answer:", "answr:"), "c.yaml": "databuilders: [\n"}
    assert [line.split(": ")[1:3] for line in project(files).run(*RUN).stderr.splitlines()] == [
        ["c.yaml:1", "is not valid YAML"],
        ["task.yaml:7", "seed_examples[0].answr"],
        ["task.yaml:6", "seed_examples[0]"],
    ]


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ("databuilder: {}\n", "unknown key 'databuilder'"),
        ("databuilders: {skills_sdg: {blocks: [{type: simulated}]}}\n", "a block has no name"),
        (skills(", teacher_config: '${NOT_SET}'"), "the environment variable NOT_SET is not set"),
    ],
)
def test_a_builder_of_which_not_all_is_known_is_not_judged(project, config, problem):
    result = project({"task.yaml": TASK, "c.yaml": config}).run(*RUN)
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1


def test_blocks_of_every_builder_are_left_alone_while_a_task_is_unreadable(project):
    files = {"c.yaml": 'databuilders: {"*": {blocks: [{name: helper, type: simulated}]}}\n', "x.yaml": ""}
    result = project(files).run("--task-paths", "x.yaml", "--config-path", "c.yaml")
    assert result.stderr == "error: x.yaml: the file is empty; write at least one key\n"


# --- the output folder ---------------------------------------------------------------------------


@pytest.fixture
def good(project):
    return project({"task.yaml": TASK, "c.yaml": skills()})


def test_a_file_in_the_place_of_the_folder(good):
    result = good.run(*RUN, "--output-dir", "task.yaml")
    expected = "error: task.yaml: cannot be written: File exists; choose another --output-dir or fix it\n"
    assert (result.code, result.stderr) == (2, expected)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that not even root can write to")
def test_a_folder_that_cannot_be_written(good):
    result = good.run(*RUN, "--output-dir", "/proc/here")
    assert result.code == 2
    assert result.stderr.startswith("error: /proc/here: cannot be written: ")


def test_a_journal_of_another_version(good):
    assert good.run(*RUN, "--quiet").code == 0
    with sqlite3.connect("output/journal.sqlite") as journal:
        journal.execute("UPDATE meta SET version = 99")
    journal.close()
    result = good.run(*RUN)
    assert (result.code, result.stderr) == (
        2,
        "error: output/journal.sqlite: was written by another version of fms_dgt (journal 99, this one "
        "writes 2); use that version, or choose another --output-dir\n",
    )


def test_a_journal_that_is_none(good):
    Path("output").mkdir()
    Path("output/journal.sqlite").write_text("this is not a database, and it is long enough to tell\n" * 99)
    result = good.run(*RUN)
    assert result.code == 2
    assert result.stderr.startswith(
        "error: output/journal.sqlite: is not a journal of fms_dgt, or is damaged"
    )


def test_a_second_process_on_one_folder(good):
    slow = PLAYERS.replace("generator, type: simulated", "generator, type: simulated, latency: 1.5")
    good.write({"slow.yaml": skills(players=slow)})
    argv = [sys.executable, "-m", "fms_dgt", "--task-paths", "task.yaml", "--config-path", "slow.yaml"]
    first = subprocess.Popen([*argv, "--quiet"], cwd=good.path)
    try:
        while not (good.path / "output" / "journal.sqlite").exists():
            assert first.poll() is None
        result = good.run(*RUN)
    finally:
        first.kill()
        first.wait()
    assert result.code == 2
    assert result.stderr.startswith(f"error: output: is in use by process {first.pid} on ")
    assert result.stderr.endswith("; wait for it, or choose another --output-dir\n")
    # the lock died with its holder
    assert good.run(*RUN, "--quiet").code == 0


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs to mount a small file system")
def test_a_full_disk_is_said_and_what_was_written_is_kept(good):
    small = good.path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2500k", "tmpfs", small], capture_output=True)
    if mounted.returncode:
        pytest.skip("cannot mount here")
    try:
        result = good.run(*RUN, "--output-dir", "small", "--num-outputs-to-generate", "2000", "--quiet")
        assert result.code == 2
        assert "the disk is full; free some space" in result.stderr
        assert "Traceback" not in result.stderr
        subprocess.run(["mount", "-o", "remount,size=20m", small], check=True)
        again = good.run(*RUN, "--output-dir", "small", "--num-outputs-to-generate", "100", "--quiet")
        assert again.code == 0
        assert len((small / "t" / "data.jsonl").read_text().splitlines()) == 100
    finally:
        subprocess.run(["umount", small], check=False)
