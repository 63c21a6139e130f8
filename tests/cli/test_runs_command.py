from __future__ import annotations

import json

REPORT = {
    "task": "skills/debate",
    "builder": "skills_sdg",
    "end": "reached",
    "partial": False,
    "records": 20,
    "target": 20,
    "started": "2026-01-02T03:04:05+0100",
}


def files(**reports):
    return {f"output/{name}/run.json": json.dumps(said) for name, said in reports.items()}


def test_a_table_of_what_is_there(project):
    made = project(
        files(b={**REPORT, "task": "b", "records": 3, "end": "stalled", "partial": True}, a=REPORT)
    )
    assert made.run("runs").stdout.split("\n") == [
        "task           builder     kept      end               when              path",
        "b              skills_sdg  3 of 20   stalled, partial  2026-01-02 03:04  output/b",
        "skills/debate  skills_sdg  20 of 20  reached           2026-01-02 03:04  output/a",
        "",
    ]


def test_a_task_without_a_target(project):
    made = project(files(a={**REPORT, "target": None, "end": "exhausted"}))
    assert "  20    exhausted  " in made.run("runs", "output").stdout


def test_as_json(project):
    made = project(files(a=REPORT))
    (entry,) = json.loads(made.run("runs", "--json").stdout)
    assert entry == {
        "task": "skills/debate",
        "builder": "skills_sdg",
        "kept": 20,
        "target": 20,
        "end": "reached",
        "partial": False,
        "when": "2026-01-02 03:04",
        "path": "output/a",
        "fault": "",
    }


def test_the_folder_of_the_environment(project, monkeypatch):
    made = project({"elsewhere/x/run.json": json.dumps(REPORT)})
    monkeypatch.setenv("DGT_OUTPUT_DIR", "elsewhere")
    assert "elsewhere/x" in made.run("runs").stdout


def test_reports_that_cannot_be_read(project):
    made = project({"output/a/run.json": "{", "output/b/run.json": "[]", "output/c/run.json": b"\xff"})
    result = made.run("runs")
    assert result.code == 0
    assert [line.split("  ")[0] for line in result.stdout.splitlines()[1:]] == ["a", "b", "c"]
    assert result.stdout.count("run.json is not JSON") == 2
    assert result.stdout.count("run.json is no run's report") == 1


def test_nothing_there(project):
    made = project({"output/.old/a/run.json": json.dumps(REPORT)})
    result = made.run("runs")
    assert (result.code, result.stdout) == (0, "no task has results below output\n")
    assert json.loads(made.run("runs", "--json").stdout) == []
