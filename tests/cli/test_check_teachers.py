"""`fms_dgt check-teachers` against the stand-in server: what is well, what is wrong, and how it is told."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from fms_dgt.cli import teachers
from fms_dgt.testing import Answer, Fault, ModelServer

KEY = "sk-this-is-a-secret"
TASK = """task_name: t
task_description: Jokes about tools.
created_by: me
data_builder: skills_sdg
seed_examples:
  - question: Tell me a joke about a saw.
    answer: I saw it.
"""
CHECK = ("check-teachers", "--config-path", "c.yaml")


def config(url: str, judge: str = "", **more: object) -> str:
    model = json.dumps({"type": "openai", "model": "m", "base_url": url, "api_key": KEY, **more})
    judge = judge or model
    return (
        "databuilders:\n  skills_sdg:\n    blocks:\n"
        f"      - {{name: generator, {model[1:]}\n"
        f"      - {{name: validator, lm_config: {judge}}}\n"
    )


def found(result):
    """The exit code, and of each model its roles, whether it answered and what was wrong."""
    said = json.loads(result.stdout)
    assert result.code == said["exit_code"]
    assert KEY not in result.stdout + result.stderr
    return said["exit_code"], [(one["roles"], one["ok"], one["error"]) for one in said["teachers"]]


def test_a_table_of_all_that_answered(project):
    made = project({"c.yaml": "databuilders: {skills_sdg: {blocks: []}}\n"})
    with ModelServer(api_key=KEY).in_thread() as server:
        made.write({"c.yaml": config(server.base_url, judge="{type: simulated}")})
        result = made.run(*CHECK)
    table = [line.split("  ") for line in result.stdout.splitlines()]
    cells = [[cell.strip() for cell in line if cell] for line in table]
    assert result.code == 0
    assert cells[0] == ["role", "model", "said in", "answer", "seconds", "tokens"]
    assert cells[1][:4] == ["generator (skills_sdg)", "openai:m", "c.yaml:4", "ok"]
    assert cells[2][:4] == ["validator (skills_sdg)", "simulated", "c.yaml:5", "ok"]
    assert len(cells) == 3
    assert KEY not in result.stdout + result.stderr


def test_the_call_is_tiny_and_keeps_the_blocks_sampling_options(project):
    made = project({})
    with ModelServer().in_thread() as server:
        made.write({"c.yaml": config(server.base_url, judge="{type: simulated}", temperature=0.3)})
        assert made.run(*CHECK).code == 0
    (asked,) = server.requests
    assert asked.body["temperature"] == 0.3
    assert asked.body["max_tokens"] <= 64


def test_equal_models_are_asked_once_and_named_together(project):
    made = project({})
    with ModelServer().in_thread() as server:
        more = {"temperature": 0, "max_tokens": 100}
        made.write({"c.yaml": config(server.base_url, **more)})
        code, models = found(made.run(*CHECK, "--json"))
    assert (code, models) == (0, [(["skills_sdg.generator", "skills_sdg.validator"], True, "")])
    assert len(server.requests) == 1


def test_a_teacher_takes_every_role(project):
    made = project({"c.yaml": config("http://127.0.0.1:9/v1")})
    said = json.loads(made.run(*CHECK, "--teacher", "simulated", "--json").stdout)
    assert {one["type"] for one in said["teachers"]} == {"simulated"}


def test_a_teacher_by_itself(project):
    code, models = found(project({}).run("check-teachers", "--teacher", "simulated", "--json"))
    assert (code, models) == (0, [(["teacher"], True, "")])


def test_what_is_said_of_every_builder_is_asked_for_each(project):
    code, models = found(project({}).run("check-teachers", "--config-path", "offline", "--json"))
    assert code == 0
    assert any("skills_sdg.generator" in roles for roles, *_ in models)


def test_a_tasks_builder_is_meant(project):
    made = project({"task.yaml": TASK})
    argv = ("check-teachers", "--config-path", "offline", "--task-paths", "task.yaml", "--json")
    _, models = found(made.run(*argv))
    assert [roles for roles, _, _ in models] == [["skills_sdg.generator"], ["skills_sdg.validator"]]


def hangs(body, index):
    return Fault(hang=True)


FAULTS = {
    "a wrong key": ({"api_key": "another"}, {}, 2, "Incorrect API key provided; check the key"),
    "a model that is not there": (
        {"faults": lambda body, index: Fault(status=404)},
        {},
        2,
        "check the model's name",
    ),
    "a request that is refused": ({"faults": lambda body, index: Fault(status=400)}, {}, 2, "400"),
    "an error of the server's": ({"faults": lambda body, index: Fault(status=500)}, {}, 1, "500"),
    "no answer that can be read": ({"faults": lambda body, index: Fault(body="{")}, {}, 1, "no valid JSON"),
    "no answer at all": (
        {"faults": hangs},
        {"timeout": "0.3"},
        1,
        "no answer within 0.3 s; if it is loading",
    ),
    "too much to do": (
        {"faults": lambda body, index: Fault(status=429, headers={"Retry-After": "500"})},
        {},
        1,
        "it asks to wait 500 s",
    ),
}


@pytest.mark.parametrize(("server", "flags", "code", "says"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong(project, monkeypatch, server, flags, code, says):
    monkeypatch.setattr("fms_dgt.runner.probe.FIRST_DELAY", 0.01)
    made = project({})
    with ModelServer(**server).in_thread() as running:
        made.write({"c.yaml": config(running.base_url, judge="{type: simulated}")})
        argv = [*CHECK, *(word for name, value in flags.items() for word in (f"--{name}", value))]
        result = made.run(*argv, "--json")
        shown = made.run(*argv)
    got, [(_, ok, error), (_, judge_ok, _)] = found(result)
    assert (got, ok, judge_ok) == (code, False, True)
    assert says in error
    assert "\ngenerator (skills_sdg):\n" in shown.stdout
    assert says in shown.stdout
    assert KEY not in shown.stdout + shown.stderr


def test_a_server_that_is_gone(project, monkeypatch):
    monkeypatch.setattr("fms_dgt.runner.probe.FIRST_DELAY", 0.01)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = project({"c.yaml": config(f"http://127.0.0.1:{port}/v1")})
    result = made.run(*CHECK)
    assert result.code == 1
    assert result.stdout.count("see whether the server runs, and check its address") == 1
    assert result.stderr.count("; trying again") == 1


def test_a_failure_that_passes_is_tried_again_and_said(project, monkeypatch):
    monkeypatch.setattr("fms_dgt.runner.probe.FIRST_DELAY", 0.01)
    made = project({})

    def once(body, index):
        return Fault(status=500) if index == 0 else None

    with ModelServer(faults=once).in_thread() as server:
        made.write({"c.yaml": config(server.base_url, judge="{type: simulated}")})
        result = made.run(*CHECK)
    assert result.code == 0
    assert "ok at try 2" in result.stdout
    assert "openai:m: " in result.stderr
    assert "; trying again" in result.stderr


def test_something_to_mend_goes_before_something_to_wait_for(project):
    made = project({})
    with ModelServer(api_key="another").in_thread() as wrong:
        judge = '{type: openai, model: j, base_url: "http://127.0.0.1:9/v1"}'
        made.write({"c.yaml": config(wrong.base_url, judge=judge)})
        code, models = found(made.run(*CHECK, "--json"))
    assert code == 2
    assert [ok for _, ok, _ in models] == [False, False]


def test_a_key_that_is_missing_is_found_without_a_call(project, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    code, models = found(project({}).run("check-teachers", "--teacher", "openai:m", "--json"))
    assert code == 2
    assert "the openai generator has no key for" in models[0][2]


def test_all_are_asked_at_once(project):
    both = asyncio.Event()
    seen: list[str] = []

    async def answer(body):
        seen.append(body["model"])
        if len(seen) == 2:
            both.set()
        await both.wait()
        return "ready"

    made = project({})
    with ModelServer(answer).in_thread() as server:
        judge = json.dumps({"type": "openai", "model": "j", "base_url": server.base_url})
        made.write({"c.yaml": config(server.base_url, judge=judge)})
        assert made.run(*CHECK).code == 0
    assert sorted(seen) == ["j", "m"]


def test_who_waits_is_told_what_for(project, monkeypatch):
    monkeypatch.setattr(teachers, "TELL_AFTER", 0.02)
    made = project({})
    with ModelServer(service=0.2).in_thread() as server:
        made.write({"c.yaml": config(server.base_url, judge="{type: simulated}")})
        assert "waiting for openai:m (" in made.run(*CHECK).stderr


def test_a_thinking_model_whose_word_is_cut_off_has_answered(project):
    made = project({})
    with ModelServer(lambda body: Answer(None, "length")).in_thread() as server:
        made.write({"c.yaml": config(server.base_url)})
        assert made.run(*CHECK).code == 0


WRONG = {
    "nothing at all": (
        (),
        "the command line: nothing says which model is meant; name --teacher TYPE:MODEL, or --config-path",
    ),
    "a builder that is not there": (
        ("--builder", "skils_sdg"),
        "the command line: --builder: there is no builder 'skils_sdg'; did you mean 'skills_sdg'?",
    ),
    "a teacher that is none": (("--teacher", "openai:"), "the command line: --teacher: 'openai:' names no"),
    "a generator that is not there": (("--teacher", "opnai:m"), "--teacher: unknown generator 'opnai'"),
    "no seconds": (("--teacher", "simulated", "--timeout", "0"), "--timeout: must be a number of seconds"),
    "a config that is not there": (
        ("--config-path", "x.yaml"),
        "there is no file or shipped config 'x.yaml'",
    ),
}


@pytest.mark.parametrize(("argv", "says"), WRONG.values(), ids=WRONG)
def test_flags_that_mean_nothing(project, argv, says):
    result = project({}).run("check-teachers", *argv)
    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr


def test_a_block_that_does_not_fit_is_told_with_its_line(project):
    made = project({"c.yaml": config("http://localhost/v1", temperatur=1)})
    result = made.run(*CHECK)
    assert result.code == 2
    assert "c.yaml:4: " in result.stderr
    assert "unknown key 'temperatur'" in result.stderr


def test_nothing_is_written(project):
    made = project({})
    assert made.run("check-teachers", "--config-path", "offline").code == 0
    assert list(made.path.iterdir()) == []
