"""`--task-paths TAXONOMY`: which tasks come of it, and what is said of files that are wrong."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from qna_samples import knowledge, skill, written

from fms_dgt.binding.bind import bind
from fms_dgt.config import Flags, PlanRequest, load_plan
from fms_dgt.plugins import Plugins

A, B, FOUND, KNOWN = (
    "compositional_skills/a",
    "compositional_skills/b/c",
    "foundational_skills/f",
    "knowledge/k",
)
SIMPLE = ("--records-per-seed", "1", "--pipeline", "simple")
OFFLINE = ("--config-path", "offline", "--num-outputs", "1")


def tree(made, nodes, below="tree"):
    made.write(
        {
            f"{below}/{node}/qna.yaml": said if isinstance(said, str) else written(said)
            for node, said in nodes.items()
        }
    )
    made.write({f"{below}/{node}/attribution.txt": "Creator names: someone\n" for node in nodes})


def checked(made, *paths, more=()):
    result = made.run("--task-paths", *paths, "--config-path", "offline", "--check", "--json", *more)
    assert result.code == 0, result.stderr
    report = json.loads(result.stdout)
    return [task["task"] for task in report["tasks"]], report["notes"]


def git(folder, *args):
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ["-c", "user.name=x", "-c", "user.email=x@y.z"]
    subprocess.run(["git", *who, *args], cwd=folder, env=env, check=True, capture_output=True)


def repository(folder):
    for args in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "m"]):
        git(folder, *args)


@pytest.fixture
def made(project):
    one = project({})
    tree(one, {A: skill(), B: skill(None, seeds=1), FOUND: skill(None)})
    return one


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["tree"], [A, B]),
        (["tree/compositional_skills/b"], [B]),
        ([f"tree/{A}/qna.yaml"], [A]),
        (["tree/foundational_skills"], [FOUND]),
        ([f"tree/{FOUND}/qna.yaml", f"tree/{A}"], [FOUND, A]),
        (["tree", f"tree/{A}", f"tree/{A}/qna.yaml", "./tree"], [A, B]),
        (["tree/*/*/qna.yaml"], [A, FOUND]),
    ],
)
def test_a_taxonomy_a_part_of_one_or_a_file(made, paths, names):
    assert checked(made, *paths)[0] == names


def test_in_a_config_from_its_own_folder(made):
    made.write({"deep/config.yaml": "task_files: [../tree]\n"})
    found = made.run("--config-path", "deep/config.yaml", "--teacher", "simulated", "--check", "--json")
    assert [task["task"] for task in json.loads(found.stdout)["tasks"]] == [A, B]


def test_task_files_in_a_taxonomy_are_tasks_too_unless_only_changes_are_wanted(made):
    task = "created_by: me\ntask_description: x\ndata_builder: skills_sdg\nseed_examples: [{question: q, answer: a}]\n"
    made.write({"tree/mine/task.yaml": f"task_name: mine\n{task}"})
    assert checked(made, "tree")[0] == ["mine", A, B]
    assert checked(made, "tree", more=("--changed", "empty"))[0] == [A, B]


def test_one_bad_file_does_not_stop_the_others(made):
    said = knowledge(document={"repo": "../../../no", "commit": "main", "patterns": ["*.md"]})
    bad = {
        "compositional_skills/bad": "version: 3\ntask_description: |text\n",
        "compositional_skills/few": skill(seeds=2),
        KNOWN: said,
    }
    tree(made, bad)
    names, notes = checked(made, "tree")
    assert names == [A, B]
    told = [note for note in notes if note.startswith("left out: ")]
    assert told[0].startswith("left out: tree/compositional_skills/bad/qna.yaml:2: is not valid YAML: ")
    assert told[1] == (
        "left out: tree/compositional_skills/few/qna.yaml:4: seed_examples: "
        "has 2 seed examples, and 5 are the least; add 3 more"
    )
    assert told[2].startswith(f"left out: tree/{KNOWN}/qna.yaml:")
    assert ": document" in told[2]
    ran = made.run("--task-paths", "tree", *OFFLINE)
    assert ran.code == 0
    # before the first call, and in the summary
    assert ran.stderr.count("left out: tree/compositional_skills/few/qna.yaml:4") == 2


def test_strict_stops_at_what_instructlab_would_refuse(made):
    pytest.importorskip("instructlab.schema")
    (made.path / "tree" / A / "attribution.txt").unlink()
    tree(made, {"compositional_skills/few": skill(seeds=2)})
    result = made.run("--task-paths", "tree", *OFFLINE, "--strict")
    assert result.code == 2
    assert f"tree/{A}/attribution.txt: there is no attribution.txt" in result.stderr
    assert "tree/compositional_skills/few/qna.yaml:4: seed_examples: has 2" in result.stderr


def test_nothing_but_bad_files(project):
    made = project({})
    tree(made, {A: skill(seeds=2), KNOWN: knowledge(1)})
    result = made.run("--task-paths", "tree", *OFFLINE)
    assert result.code == 2
    assert "knowledge of version 1 is no longer read" in result.stderr
    assert f"error: tree/{A}/qna.yaml:4: seed_examples: has 2" in result.stderr


def test_what_is_wrong_with_the_config_leaves_no_node_out(made):
    made.write({"config.yaml": "databuilders: {skills_sdg: {request_batch_siz: 3}}\n"})
    result = made.run("--task-paths", "tree", "--config-path", "config.yaml", "--teacher", "simulated")
    assert (result.code, "request_batch_siz" in result.stderr) == (2, True)
    assert "left out" not in result.stderr


def test_only_what_changed(made):
    repository(made.path / "tree")
    result = made.run("--task-paths", "tree", "--changed", "main", *OFFLINE)
    assert (result.code, result.stdout) == (2, "")
    assert "--changed: nothing is different from main in tree; name another base" in result.stderr
    tree(
        made,
        {A: skill(created_by="me"), "compositional_skills/new": skill(), FOUND: skill(seeds=1, version=None)},
    )
    assert checked(made, "tree", more=("--changed", "main"))[0] == [A, "compositional_skills/new"]
    assert checked(made, "tree/foundational_skills", more=("--changed", "main"))[0] == [FOUND]
    assert checked(made, "tree", more=("--changed", "empty"))[0] == [A, B, "compositional_skills/new"]
    assert (
        "git knows no branch, tag or commit 'origin/main'"
        in made.run("--task-paths", "tree", "--changed").stderr
    )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (
            ("tree", "--changed", "main"),
            "is in no git repository; name a folder of one, or '--changed empty'",
        ),
        (("task.yaml", "--changed", "empty"), "--changed: is for taxonomies, and no path leads to one"),
        (("tree", "--pipeline", "quick"), "--pipeline: cannot be the text 'quick'; it may be: full, simple"),
    ],
)
def test_flags_that_do_not_fit(made, argv, said):
    made.write({"task.yaml": "data_builder: skills_sdg\n"})
    result = made.run("--task-paths", *argv, *OFFLINE)
    assert (result.code, said in result.stderr) == (2, True), result.stderr


def test_nodes_never_collide_and_names_may_be_odd(project):
    made = project({})
    nodes = ["a_b/c", "a/b_c", "A/b_c", "강 b", "x%y", 'it\'s "q"', "-o"]
    paths = [f"compositional_skills/{node}" for node in nodes]
    tree(made, {path: skill(None, seeds=1) for path in paths})
    assert made.run("--task-paths", "tree", *OFFLINE, "--quiet").code == 0
    said = [json.loads(path.read_text())["taxonomy_path"] for path in made.path.glob("output/**/data.jsonl")]
    assert sorted(said) == sorted(paths)


def test_mixed_seeds_many_seeds_and_many_pairs(project):
    made = project({"docs/r.md": "# A river\n\nIt is long, deep and carries ships.\n"})
    repository(made.path / "docs")
    document = {"repo": "../../../docs", "commit": "main", "patterns": "*.md, *.md"}
    tree(
        made,
        {A: skill(seeds=6, grounded=3), B: skill(2, seeds=210), KNOWN: knowledge(3, 7, 7, document=document)},
    )
    result = made.run("--task-paths", "tree", "--config-path", "offline", *SIMPLE, "--quiet")
    assert result.code == 0, result.stderr
    kinds = {bool(json.loads(line)["context"]) for line in made.read(f"output/{A}/data.jsonl").splitlines()}
    assert kinds == {True, False}
    assert len(made.read(f"output/{B}/data.jsonl").splitlines()) == 210
    assert made.read(f"output/{KNOWN}/data.jsonl")


def test_a_node_is_made_from_the_same_whatever_stands_beside_it(made):
    def fingerprints():
        flags = Flags(teacher="simulated", num_outputs_to_generate=1)
        plan = load_plan(PlanRequest(tasks=["tree"], flags=flags, cwd=made.path))
        return {task.name: task.fingerprint for task in bind(plan, Plugins.discover())}

    before = fingerprints()
    tree(
        made,
        {"compositional_skills/b": skill(), "compositional_skills/A": skill(), "knowledge/b/c": "bad: ["},
    )
    after = fingerprints()
    assert {name: after[name] for name in before} == before


def test_many_tasks_are_shown_once_where_they_are_alike(project):
    made = project({})
    tree(made, {f"compositional_skills/n{number}": skill(None, seeds=1) for number in range(9)})
    out = made.run("--task-paths", "tree", "--config-path", "offline", "--check").stdout
    assert out.count("skills_sdg, 20 records") == 9
    assert out.count("blocks.generator.type = simulated") == 1
    assert [line for line in out.splitlines() if line.startswith("note: ")] == [
        "note: compositional_skills/n0: no number of records is given; making 20 "
        "(--num-outputs-to-generate) (and 8 other tasks)"
    ]
