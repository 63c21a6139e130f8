from __future__ import annotations

from fms_dgt.config import PlanRequest, load_plan


def test_it_writes_a_task_and_a_config_that_load(project, monkeypatch):
    made = project({})
    result = made.run("init", "first steps")
    assert result.stdout.splitlines()[-1] == (
        "next:  fms_dgt run 'first steps/task.yaml' -c 'first steps/config.yaml'"
    )
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    plan = load_plan(PlanRequest(tasks=["first steps/task.yaml"], config="first steps/config.yaml"))
    (task,) = plan.tasks
    assert (task.name, task.builder, task.settings.num_outputs_to_generate) == (
        "plain_words",
        "skills_sdg",
        20,
    )
    assert len(task.said.plain()["seed_examples"]) == 5
    assert (list(plan.other_builders), plan.notes) == ([], ())


def test_it_overwrites_nothing(project):
    made = project({"config.yaml": "mine\n"})
    result = made.run("init")
    assert result.code == 2
    assert result.stderr == "error: config.yaml would be overwritten; name another folder: fms_dgt init DIR\n"
    assert made.read("config.yaml") == "mine\n"
    assert not (made.path / "task.yaml").exists()


def test_it_writes_here_unless_told_otherwise(project):
    made = project({})
    assert "next:  fms_dgt run task.yaml -c config.yaml\n" in made.run("init").stdout
    assert (made.path / "task.yaml").exists()


def test_the_command_that_it_names_runs(project):
    made = project({})
    command = made.run("init").stdout.splitlines()[-1].removeprefix("next:  fms_dgt ")
    result = made.run(*command.split(), "--num-outputs-to-generate", "3", "--quiet")
    assert (result.code, result.stdout, result.stderr) == (0, "", "")
    assert len(made.read("output/plain_words/data.jsonl").splitlines()) == 3
