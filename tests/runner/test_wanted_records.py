"""How many records a folder is run for when the number changes, or is left out: nothing shrinks in silence."""

from __future__ import annotations

import json

import pytest

import fms_dgt
from fms_dgt.hooks.wording import notes_at_end
from fms_dgt.journal import JournalReader
from fms_dgt.testing import ModelServer

TASK = """task_name: saws
task_description: Jokes about tools.
created_by: me
data_builder: skills_sdg
seed_examples:
  - {question: Tell me a joke about a saw., answer: I saw it.}
"""
MADE = "no number of records is given; making"
BACK = "stay in the journal: --num-outputs-to-generate 60 brings them back without a call"
CUT = f"saws: data.jsonl has 60 records and is cut to the first 20; the other 40 {BACK}"


@pytest.fixture
def folder(project):
    """A folder with 60 records; `run(...)` goes on with it."""
    made = project({"saws.yaml": TASK})
    ran = made.run("run", "saws.yaml", "-c", "offline", "-n", "60")
    assert ran.code == 0
    return made


def run(made, *flags):
    return made.run("run", "saws.yaml", "-c", "offline", *flags)


def lines(made, name="data.jsonl"):
    return made.read(f"output/saws/{name}").splitlines()


def calls(result) -> int:
    (line,) = [line for line in result.stderr.splitlines() if " calls, " in line and ", 0:0" in line]
    return int(line.split()[0])


def test_without_a_number_the_earlier_one_stays(folder):
    before = lines(folder)
    result = run(folder)
    assert lines(folder) == before
    assert (
        f"note: saws: {MADE} 60, as in the last run of this folder (--num-outputs-to-generate)"
        in result.stderr
    )
    assert "60 of 60 kept, " in result.stderr
    assert calls(result) == 0


def test_a_smaller_number_says_what_is_cut_before_and_in_the_summary(folder):
    before = lines(folder)
    result = run(folder, "-n", "20")
    said = result.stderr.splitlines()
    assert said[0] == f"note: {CUT}"
    assert said.count(f"note: {CUT}") == 2
    assert said.index("saws") < len(said) - 1 - said[::-1].index(f"note: {CUT}")
    assert lines(folder) == before[:20]
    assert calls(result) == 0


def test_a_larger_number_brings_back_what_was_cut_without_a_call(folder):
    before = lines(folder)
    run(folder, "-n", "20")
    result = run(folder, "-n", "60")
    assert lines(folder) == before
    assert calls(result) == 0
    assert "is cut" not in result.stderr


def test_the_same_number_again_says_nothing_of_a_cut(folder):
    run(folder, "-n", "20")
    assert "is cut" not in run(folder, "-n", "20").stderr
    assert "is cut" not in run(folder).stderr


def test_a_smaller_earlier_number_does_not_go_below_the_default(project):
    made = project({"saws.yaml": TASK})
    run(made, "-n", "3")
    assert f"{MADE} 20 (" in run(made).stderr
    assert len(lines(made)) == 20


def test_the_number_of_a_task_file_goes_before_the_earlier_one(folder):
    folder.write({"saws.yaml": TASK + "runner_config: {num_outputs_to_generate: 30}\n"})
    result = run(folder)
    assert "is cut to the first 30" in result.stderr
    assert len(lines(folder)) == 30


def test_begun_anew_the_default_counts(folder):
    result = run(folder, "--restart")
    assert f"{MADE} 20 (" in result.stderr
    assert "is cut" not in result.stderr
    assert len(lines(folder)) == 20


def test_check_says_the_same_and_cuts_nothing(folder):
    assert f"{MADE} 60, as in the last run" in run(folder, "--check").stdout
    said = run(folder, "-n", "20", "--check").stdout
    assert f"note: {CUT}" in said
    assert len(lines(folder)) == 60


def test_a_run_that_is_killed_is_gone_on_with_for_its_number(project):
    made = project({"saws.yaml": TASK})
    noted = []

    def answer(body):
        reader = JournalReader(made.path / "output")
        noted.append(reader.find_task("saws").ended)
        reader.close_reader()
        return "no JSON, no fields"

    with ModelServer(answer).in_thread() as server:
        teacher = f"openai:m,base_url={server.base_url}"
        argv = ("run", "saws.yaml", "--teacher", teacher, "--max-calls")
        assert made.run(*argv, "2", "-n", "60").code == 1
        again = made.run(*argv, "4")
    assert noted[0] == {"target": 60}
    assert f"{MADE} 60, as in the last run" in again.stderr


def test_a_change_does_not_promise_what_it_may_not_leave(folder):
    folder.write({"saws.yaml": TASK.replace("I saw it.", "I saw it coming.")})
    result = run(folder, "-n", "20", "--accept-changes")
    assert "--num-outputs-to-generate 60 brings back those that the change leaves" in result.stderr
    assert "without a call" not in result.stderr


def test_many_tasks_have_one_note(project):
    names = ("saws", "files", "planes", "drills")
    made = project({f"{name}.yaml": TASK.replace("task_name: saws", f"task_name: {name}") for name in names})
    tasks = [f"{name}.yaml" for name in names]
    made.run("run", *tasks, "-c", "offline", "-n", "8")
    result = made.run("run", *tasks, "-c", "offline", "-n", "2")
    note = (
        "note: 4 tasks: each data.jsonl is cut to the number of records that is wanted now, 32 to 8 in all; "
        "the others stay in the journal: --num-outputs-to-generate 8 brings them back without a call"
    )
    assert result.stderr.splitlines().count(note) == 2


def test_from_python_the_note_names_the_argument(folder):
    outcome = fms_dgt.run("saws.yaml", config="offline", num_outputs_to_generate=20)
    (note,) = [note for note in outcome.finished.notes if "is cut" in note]
    assert "num_outputs_to_generate 60" in note
    assert "--" not in note


def test_the_summary_repeats_it(folder):
    outcome = fms_dgt.run("saws.yaml", config="offline", num_outputs_to_generate=20)
    notes = outcome.finished.notes
    assert [note for note in notes_at_end(outcome.finished, notes) if "is cut" in note]
    assert json.loads(folder.read("output/saws/run.json"))["target"] == 20
