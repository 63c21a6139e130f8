from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from fms_dgt.errors import BackendGone, FolderChanged, InputError, Problem, SetupError

TASK = {"task.yaml": "task_name: t\ndata_builder: haiku\n"}
RUN = ("--task-paths", "task.yaml")


@pytest.mark.parametrize(
    ("end", "kept", "target", "code"),
    [
        ("reached", 20, 20, 0),
        ("exhausted", 3, None, 0),
        ("exhausted", 3, 20, 1),
        ("stalled", 3, 20, 1),
        ("spent", 3, 20, 1),
        ("estimated", 3, 20, 0),
        ("stopped", 3, 20, 1),
        ("interrupted", 3, 20, 130),
    ],
)
def test_the_exit_code_says_whether_the_task_has_what_was_asked_for(
    project, runner, done, end, kept, target, code
):
    runner.ends(done(end, kept, target))
    assert project(TASK).run(*RUN).code == code


def test_one_task_that_falls_short_is_enough(project, runner, done):
    runner.ends(done("reached", 20), done("stalled", 3))
    assert project(TASK).run(*RUN).code == 1


def test_a_run_with_an_error_is_not_complete(project, runner, done):
    runner.ends(done("reached", 20), error="the backend is gone")
    assert project(TASK).run(*RUN).code == 1


def test_flags_reach_the_plan(project, runner, done):
    runner.ends(done("reached", 20))
    flags = "--num-outputs-to-generate 7 --seed 3 --max-calls 9 --teacher openai:m --output-dir o --build-id b --restart"
    assert project(TASK).run("run", *RUN, *flags.split()).code == 0
    plan = runner.asked["plan"]
    (task,) = plan.tasks
    assert (task.settings.num_outputs_to_generate, task.settings.seed, task.folder) == (7, 3, Path.cwd() / "o/b/t")
    assert (plan.settings.max_calls, plan.settings.teacher, plan.settings.restart) == (9, "openai:m", True)


@pytest.mark.parametrize(
    "argv",
    [
        ("--task-path", "task.yaml", "--num-outputs", "7"),
        ("--data-paths", "task.yaml", "--num-outputs-to-generate=7"),
        ("--data-path", "task.yaml", "--num-outputs", "7", "--restart-generation"),
    ],
)
def test_spellings_of_fms_dgt(project, runner, done, argv):
    runner.ends(done("reached", 7, 7))
    assert project(TASK).run(*argv).code == 0
    assert runner.asked["plan"].tasks[0].settings.num_outputs_to_generate == 7


def test_a_list_flag_may_be_given_twice(project, runner, done):
    runner.ends(done("reached", 20))
    files = {"a/task.yaml": "data_builder: haiku\n", "b/task.yaml": "data_builder: haiku\n"}
    project(files).run("--task-paths", "a", "--task-paths", "b")
    assert [task.name for task in runner.asked["plan"].tasks] == ["a", "b"]


@pytest.mark.parametrize(("flags", "display"), [((), "plain"), (("--quiet",), "none"), (("--json",), "none")])
def test_how_much_is_shown(project, runner, done, flags, display):
    runner.ends(done("reached", 20))
    project(TASK).run(*RUN, *flags)
    assert runner.asked["display"] == display


@pytest.mark.parametrize(("terminal", "display"), [("xterm", "live"), ("dumb", "plain")])
def test_on_a_terminal(project, runner, done, monkeypatch, terminal, display):
    runner.ends(done("reached", 20))
    made = project(TASK)
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    made.run(*RUN)
    assert runner.asked["display"] == display


def test_json_is_all_that_goes_to_stdout(project, runner, done):
    runner.ends(done("stalled", 3, why="nothing passed"))
    result = project(TASK).run(*RUN, "--json")
    said = json.loads(result.stdout)
    assert (said["exit_code"], said["folder"], said["calls"]) == (1, "output", 3)
    assert said["tasks"][0]["why"] == "nothing passed"
    assert result.stderr == "a plugin that prints\n"


def test_quiet_still_says_what_is_missing(project, runner, done):
    runner.ends(
        done("reached", 20, task="a"), done("stalled", 3, why="nothing passed", task="b"), error="server gone"
    )
    assert project(TASK).run(*RUN, "--quiet").stderr == "error: b: nothing passed\nerror: server gone\n"


@dataclass(frozen=True)
class Report:
    tasks: int = 1

    def __str__(self) -> str:
        return f"{self.tasks} task, all well"


def test_check_shows_a_report_and_runs_nothing(project, runner):
    runner.report = Report()
    made = project(TASK)
    assert made.run(*RUN, "--check").stdout == "1 task, all well\n"
    assert json.loads(made.run(*RUN, "--check", "--json").stdout) == {"tasks": 1}
    assert "display" not in runner.asked


def test_notes_of_files_reach_the_plan(project, runner, done):
    runner.ends(done("reached", 20))
    project({"task.yaml": f"{TASK['task.yaml']}runner_config: {{seed_batch_size: 3}}\n"}).run(*RUN)
    assert any("seed_batch_size has no effect" in note for note in runner.asked["plan"].notes)


@pytest.mark.parametrize(
    ("error", "code", "stderr"),
    [
        (InputError([Problem("a"), Problem("b", "c")]), 2, "error: a\nerror: b; c\n"),
        (
            FolderChanged("changed:\ntemplate x\ngo on"),
            2,
            "error: changed:\n       template x\n       go on\n",
        ),
        (SetupError("no key"), 2, "error: no key\n"),
        (BackendGone("no answer"), 1, "error: no answer\n"),
        (KeyboardInterrupt(), 130, ""),
        (SystemExit("a plugin's last word"), 1, "a plugin's last word\n"),
    ],
)
def test_what_becomes_of_an_exception(project, runner, error, code, stderr):
    runner.finished = error
    result = project(TASK).run(*RUN, "--json")
    assert result.stderr == f"a plugin that prints\n{stderr}"
    assert (result.code, result.stdout) == (code, "")


def test_an_exception_that_a_plugin_lets_through(project, runner):
    runner.finished = ValueError("a\nb")
    result = project(TASK).run(*RUN)
    plugin = r"plugin code raised ValueError: a b \(.*conftest\.py:\d+\)"
    assert result.code == 1
    assert re.search(rf"error: {plugin}; run again with --debug for the traceback\n$", result.stderr)


def test_a_fault_of_ours_is_called_so(project, monkeypatch):
    monkeypatch.setattr("fms_dgt.cli.run.load_plan", None)
    fault = "error: this is a fault in fms_dgt: TypeError: 'NoneType' object is not callable"
    result = project(TASK).run(*RUN)
    assert (result.code, result.stderr) == (1, f"{fault}; run again with --debug for the traceback\n")
    stderr = project(TASK).run(*RUN, "--debug").stderr
    assert "Traceback (most recent call last)" in stderr
    assert stderr.endswith(f"{fault}\n")


def test_a_reader_that_has_gone_away_is_no_fault(project, runner):
    runner.finished = BrokenPipeError()
    result = project(TASK).run(*RUN)
    assert (result.code, result.stderr) == (1, "")
