from __future__ import annotations

import json
import os

from fms_dgt.journal import FolderLock

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


def test_a_folder_that_is_being_worked_on(project):
    made = project(
        {
            "output/journal.sqlite": b"",
            "output/skills/debate/data.jsonl": "{}\n{}\n",
            "output/a/data.jsonl.part": "",
        }
    )
    with FolderLock(made.path / "output"):
        said = json.loads((made.path / "output/.lock").read_text())
        result = made.run("runs")
        assert result.stdout.split("\n") == [
            "task           builder  kept  end               when  path",
            "a              -        0     running, partial  -     output/a",
            "skills/debate  -        2     running, partial  -     output/skills/debate",
            f"output: running (process {os.getpid()} on {said['host']} since {said['since']})",
            "",
        ]
        assert {entry["end"] for entry in json.loads(made.run("runs", "--json").stdout)} == {"running"}


def test_a_folder_of_a_run_that_was_killed(project):
    """A lock that its holder could not let go of still says who it was."""
    left = json.dumps({"host": "h", "pid": 1, "since": "then"})
    made = project({"output/journal.sqlite": b"", "output/.lock": left, "output/a/data.jsonl": "{}\n"})
    assert made.run("runs").stdout.split("\n")[1:] == [
        "a     -        1     unfinished, partial  -     output/a",
        "output: unfinished; run the same command (without --restart) to continue",
        "",
    ]


def test_a_run_killed_before_its_first_task_began(project):
    made = project({"output/b/journal.sqlite": b""})
    assert made.run("runs").stdout == "output/b: unfinished; run the same command (without --restart) to continue\n"


def test_a_run_that_goes_on_has_the_report_of_the_one_before(project):
    made = project(
        {"output/journal.sqlite": b"", **files(a={**REPORT, "end": "interrupted"}, b={**REPORT, "task": "b"})}
    )
    with FolderLock(made.path / "output"):
        ends = {entry["path"]: entry["end"] for entry in json.loads(made.run("runs", "--json").stdout)}
    assert ends == {"output/a": "running", "output/b": "reached"}
    assert "running" not in made.run("runs").stdout
