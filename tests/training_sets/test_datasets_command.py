from __future__ import annotations

import json
import sys

import pytest
from knowledge_made import lines, read, record, records, skill

TASK = """
task_name: debate
created_by: us
task_description: to argue
data_builder: skills_sdg
seed_examples:
  - {question: "Why?", answer: "Because."}
"""


@pytest.fixture
def made(project):
    return project(
        {
            "output/prices/data.jsonl": lines(records()),
            "output/debate/data.jsonl": lines([skill(n) for n in range(10)]),
            "task.yaml": TASK,
            "recipe.yaml": "datasets:\n- {path: training/knowledge_phase2.jsonl, sampling_size: 0.5}\n"
            "- {path: training/skills.jsonl, sampling_size: 20}\n",
        }
    )


def test_from_a_run_to_a_mixture(made):
    result = made.run("datasets", "knowledge", "output")
    assert result.code == 0
    assert result.stdout.splitlines() == [
        "wrote training/knowledge_phase1.jsonl: 70 rows (40 question with document, 30 summary)",
        "wrote training/knowledge_phase2.jsonl: 70 rows (40 raft, 30 summary)",
    ]
    assert result.stderr == "note: output/debate/data.jsonl: left out, its rows are no knowledge rows\n"
    assert (
        made.run("datasets", "skills", "output").stdout == "wrote training/skills.jsonl: 10 rows (10 free)\n"
    )
    mixed = made.run("datasets", "mix", "recipe.yaml", "-o", "mixed.jsonl")
    assert mixed.stdout == "wrote mixed.jsonl: 45 rows (35 knowledge_phase2.jsonl, 10 skills.jsonl)\n"
    assert mixed.stderr == "note: training/skills.jsonl: has 10 rows, all are taken; 20 were asked for\n"
    assert len(read(made.path / "mixed.jsonl")) == 45


def test_flags_of_the_knowledge_sets(made):
    flags = [
        "--phase",
        "2",
        "--golden-share",
        "1",
        "--context-documents",
        "2",
        "--no-auxiliary",
        "--seed",
        "4",
    ]
    assert made.run("datasets", "knowledge", "output/prices", "-o", "here", *flags).code == 0
    rows = read(made.path / "here/knowledge_phase2.jsonl")
    assert not (made.path / "here/knowledge_phase1.jsonl").exists()
    assert {row["messages"][0]["content"].count("Document:\n") for row in rows} == {2}
    assert all(json.loads(row["metadata"])["golden_in_context"] for row in rows)


def test_parquet(made):
    pytest.importorskip("pyarrow")
    made.run("datasets", "skills", "output/debate", "--format", "parquet")
    assert made.run("datasets", "mix", "recipe.yaml", "-o", "m.jsonl").code == 2, "it names JSONL"
    made.write({"recipe.yaml": "datasets:\n- path: training/skills.parquet\n"})
    assert made.run("datasets", "mix", "recipe.yaml", "-o", "m.jsonl").code == 0
    assert len(read(made.path / "m.jsonl")) == 10


def test_as_json(made):
    result = made.run("datasets", "knowledge", "output/prices", "--json")
    assert (result.code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {
        "files": [
            {
                "path": "training/knowledge_phase1.jsonl",
                "set": "knowledge, phase 1",
                "rows": 70,
                "kinds": {"question with document": 40, "summary": 30},
            },
            {
                "path": "training/knowledge_phase2.jsonl",
                "set": "knowledge, phase 2",
                "rows": 70,
                "kinds": {"raft": 40, "summary": 30},
            },
        ],
        "notes": [],
    }


def test_instructlabs_files(made):
    run = ["datasets", "instructlab", "output", "-o", "lab", "--stamp", "T"]
    result = made.run(*run, "--task-paths", "task.yaml", "--system-prompt", "Be kind.")
    assert (result.code, result.stderr) == (0, "")
    assert read(made.path / "lab/test_T.jsonl") == [
        {"system": "Be kind.", "user": "Why?", "assistant": "Because."}
    ]
    assert "wrote lab/skills_recipe_T.yaml: a mixture of 2" in result.stdout
    assert made.run(*run).code == 2
    again = made.run(*run, "--force")
    assert again.code == 0
    assert again.stderr.startswith("note: no test file: what was given keeps no seed examples")


def test_the_time_ends_the_names(made):
    made.run("datasets", "instructlab", "output/debate", "-o", "lab")
    (name,) = [path.name for path in (made.path / "lab").glob("train_*")]
    assert name[len("train_") :].replace("T", "-").replace("_", "-")[:-6].count("-") == 5
    assert ":" not in name


def test_many_nodes_are_one_line(made):
    rows = [skill(taxonomy_path=f"compositional_skills/n{n}") for n in range(20)]
    made.write({"many.jsonl": lines(rows)})
    out = made.run("datasets", "instructlab", "many.jsonl", "-o", "lab", "--stamp", "T").stdout
    assert "wrote lab/node_datasets_T: 20 files, 20 rows" in out
    assert "wrote lab/skills_train_msgs_T.jsonl: 20 rows\n" in out
    assert len(out.splitlines()) == 5


def test_a_file_of_no_known_format(made):
    made.run("datasets", "skills", "output/debate", "-o", ".")
    made.write({"recipe.yaml": "datasets:\n- path: skills.jsonl\n"})
    result = made.run("datasets", "mix", "recipe.yaml", "-o", "x.csv")
    assert (result.code, "let it end in .jsonl or .parquet" in result.stderr) == (2, True)


def test_nothing_is_written_over(made):
    made.write({"training/knowledge_phase2.jsonl": "mine"})
    result = made.run("datasets", "knowledge", "output")
    assert result.code == 2
    assert result.stderr == (
        "error: training/knowledge_phase2.jsonl: is there already; name another, or write over it: --force\n"
    )
    assert not (made.path / "training/knowledge_phase1.jsonl").exists(), "it is looked at first"
    assert made.run("datasets", "knowledge", "output", "--force").code == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "an action is missing; actions: instructlab, knowledge, mix, preference, skills"),
        (["knowlege"], "there is no 'fms_dgt datasets knowlege'; did you mean 'knowledge'?"),
        (["knowledge"], "the following arguments are required: RUN"),
        (["knowledge", "nowhere"], "nowhere: there is no such file or folder"),
        (["knowledge", "output/debate/data.jsonl"], "its rows are skills rows: fms_dgt datasets skills"),
        (
            ["knowledge", "output", "--golden-share", "4"],
            "the share of golden documents is 4; it is from 0 to 1",
        ),
        (["knowledge", "output", "--phaze", "1"], "unknown flag '--phaze'; did you mean '--phase'?"),
        (["skills", "output/prices"], "its rows are knowledge rows: fms_dgt datasets knowledge"),
        (["mix", "recipe.yaml"], "the following arguments are required: -o"),
        (
            ["mix", "recipe.yaml", "-o", "x.jsonl"],
            "recipe.yaml:2: datasets[0].path: there is no file 'training/",
        ),
        (["instructlab", "output", "--task-paths", "no.yaml"], "no.yaml"),
    ],
)
def test_slips(made, argv, words):
    result = made.run("datasets", *argv)
    assert result.code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "argv", [["--help"], ["knowledge", "--help"], ["mix", "--help"], ["instructlab", "-h"]]
)
def test_help(made, argv):
    result = made.run("datasets", *argv)
    assert result.code == 0
    assert result.stdout.startswith("usage: fms_dgt datasets ")


def test_a_terminal_sees_how_far_it_is(made, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    result = made.run("datasets", "skills", "output/debate")
    assert result.stderr.startswith("\r\x1b[Kskills.jsonl: 0 rows")
    assert result.stderr.endswith("\r\x1b[K")


def test_a_bad_row_names_its_line(made):
    made.write({"bad.jsonl": lines([record(), record(response="")])})
    result = made.run("datasets", "knowledge", "bad.jsonl")
    assert (result.code, result.stdout) == (2, "")
    assert (
        result.stderr
        == "error: bad.jsonl:2: 'response' is empty, and must be text; change the row or take it out\n"
    )
