from __future__ import annotations

import builtins
import subprocess
import sys

import pytest
import yaml

BASIC = ("--created-by", "me", "--description", "Find rhymes.")
NODE = "compositional_skills/writing/rhymes"
FIVE = tuple(word for number in range(5) for word in ("--example", f"q{number}", f"a{number}"))
DOCUMENT = (
    "--created-by",
    "me",
    "--domain",
    "rivers",
    "--outline",
    "Rivers.",
    "--repo",
    "https://x.org/d.git",
)
PLACE = ("--commit", "main", "--pattern", "*.md", "--pattern", "docs/**")
PAIRS = tuple(
    word
    for number in range(15)
    for word in ("--example-with-context", f"c{number % 5}", f"q{number}", f"a{number}")
)


def check(made, path):
    result = made.run("taxonomy", "check", path, "--strict")
    assert (result.code, result.stdout) == (0, "1 file: 1 valid, 0 not\n")


def test_a_skill_of_a_taxonomy(project):
    made = project({})
    result = made.run(
        "new", "task", NODE, *BASIC, *FIVE[3:], "--example-with-context", "A letter.\nShort.", "q", "a"
    )
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout == (
        f"wrote {NODE}/qna.yaml\n"
        f"wrote {NODE}/attribution.txt: complete it, with the title of the work and its licence\n"
        f"next:  fms_dgt taxonomy check {NODE}/qna.yaml\n"
    )
    assert made.read(f"{NODE}/qna.yaml").startswith(
        "version: 3\ncreated_by: me\ntask_description: Find rhymes.\nseed_examples:\n  - question: q1\n"
    )
    assert "  - context: |-\n      A letter.\n      Short.\n    question: q\n" in made.read(
        f"{NODE}/qna.yaml"
    )
    check(made, NODE)


def test_knowledge_of_a_taxonomy(project):
    made = project({})
    assert made.run("new", "task", "knowledge/rivers", *DOCUMENT, *PLACE, *PAIRS).code == 0
    said = yaml.safe_load(made.read("knowledge/rivers/qna.yaml"))
    assert [len(one["questions_and_answers"]) for one in said["seed_examples"]] == [3] * 5
    assert said["document"]["patterns"] == ["*.md", "docs/**"]
    assert (
        made.read("knowledge/rivers/attribution.txt") == "Link to work: https://x.org/d.git\nRevision: main\n"
    )
    check(made, "knowledge/rivers")


def test_a_task_file_that_runs(project):
    made = project({})
    result = made.run("new", "task", *BASIC, *FIVE[:3])
    assert result.stdout == "wrote task.yaml\nnext:  fms_dgt run task.yaml -c offline --check\n"
    ran = made.run("--task-paths", "task.yaml", "--config-path", "offline", "--num-outputs", "2", "--quiet")
    assert (ran.code, ran.stderr) == (0, "")


def test_a_task_file_about_documents(project):
    made = project({"docs/river.md": "# A river\n\nIt is long.\n"})
    for args in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "m"]):
        who = ["-c", "user.name=x", "-c", "user.email=x@y.z"]
        subprocess.run(["git", *who, *args], cwd=made.path / "docs", check=True, capture_output=True)
    about = (*DOCUMENT[:-1], "docs", *PLACE[:4])
    assert made.run("new", "task", "--knowledge", *about, *PAIRS).code == 0
    checked = made.run("--task-paths", "task.yaml", "--config-path", "offline", "--check")
    assert (checked.code, checked.stderr) == (0, "")


def test_a_qna_file_anywhere(project):
    made = project({})
    assert made.run("new", "task", "here", "--qna", *BASIC, *FIVE).code == 0
    check(made, "here/qna.yaml")


@pytest.mark.parametrize(
    "text", ["1e5", "12:30", "2020-01-01", "yes", "", " a", "a: b", "# a", "- a", "'", "null"]
)
def test_texts_that_look_like_something_else(project, text):
    made = project({})
    assert made.run("new", "task", NODE, *BASIC, *FIVE, "--example", f"x{text}", text or "-").code == 0
    check(made, NODE)
    assert yaml.safe_load(made.read(f"{NODE}/qna.yaml"))["seed_examples"][5]["answer"] == (text or "-")


def test_examples_of_a_file(project):
    seeds = [{"question": f"q{number}", "answer": "a"} for number in range(5)]
    for said in (seeds, {"seed_examples": seeds}):
        made = project({"seeds.yaml": yaml.safe_dump(said)})
        (made.path / NODE / "qna.yaml").unlink(missing_ok=True)
        assert made.run("new", "task", NODE, *BASIC, "--examples", "seeds.yaml").code == 0
        check(made, NODE)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((NODE, *BASIC, *FIVE[3:]), "seed_examples: has 4 seed examples, and 5 are the least; add 1 more"),
        ((NODE, *BASIC, *FIVE[3:], *FIVE[3:6]), "seed_examples[4]: is the same"),
        ((NODE, *BASIC, *FIVE, "--example", "q", ""), "seed_examples[5].answer: is empty"),
        (("knowledge/a", *DOCUMENT, *PLACE, *PAIRS[:12]), "has 1 pair, and 3 are the least"),
        (("knowledge/a", *DOCUMENT, *PLACE, *FIVE), "--example: knowledge has no example without a context"),
        (("x.yaml", "--qna", *BASIC, *FIVE), "PATH: a taxonomy's file is called qna.yaml"),
        ((NODE, *BASIC, "--examples", "none.yaml"), "none.yaml: there is no such file"),
        ((NODE, *FIVE), "nothing says 'created_by'; add --created-by NAME, or run it on a terminal"),
        (("knowledge/a",), "nothing says 'created_by'"),
    ],
)
def test_what_is_refused(project, argv, said):
    made = project({})
    result = made.run("new", "task", *argv)
    assert (result.code, result.stdout) == (2, "")
    assert said in result.stderr
    assert list(made.path.iterdir()) == []


def test_all_that_is_missing_is_said_at_once(project):
    result = project({}).run("new", "task", "knowledge/a")
    assert len(result.stderr.splitlines()) == 7
    assert "add --example-with-context CONTEXT QUESTION ANSWER" in result.stderr


def test_nothing_is_overwritten(project):
    made = project({"task.yaml": "mine\n", f"{NODE}/attribution.txt": "mine\n"})
    assert (
        made.run("new", "task", *BASIC, *FIVE).stderr
        == "error: task.yaml would be overwritten; name another\n"
    )
    assert made.run("new", "task", NODE, *BASIC, *FIVE).code == 0
    assert (made.read("task.yaml"), made.read(f"{NODE}/attribution.txt")) == ("mine\n", "mine\n")


def test_it_makes_tasks_only(project):
    result = project({}).run("new", "builder")
    assert (result.code, result.stderr) == (
        2,
        "error: 'fms_dgt new' makes no 'builder'; 'fms_dgt new task' is what there is\n",
    )


def answering(monkeypatch, *lines):
    """A user who writes these lines."""
    left = list(lines)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(builtins, "input", lambda prompt: left.pop(0))
    return left


def test_it_asks_for_what_is_missing(project, monkeypatch):
    made = project({})
    examples = [line for number in range(5) for line in (".", f"q{number}", ".", "one", "", "two", ".")]
    examples[0:1] = ["A letter.", "."]
    left = answering(monkeypatch, "", "Find rhymes.", *examples, "n")
    assert made.run("new", "task", NODE, "--created-by", "me").code == 0
    seeds = yaml.safe_load(made.read(f"{NODE}/qna.yaml"))["seed_examples"]
    assert (left, len(seeds)) == ([], 5)
    assert seeds[:2] == [
        {"context": "A letter.", "question": "q0", "answer": "one\n\ntwo"},
        {"question": "q1", "answer": "one\n\ntwo"},
    ]


def test_it_asks_for_knowledge(project, monkeypatch):
    made = project({})
    pairs = [line for number in range(3) for line in (f"q{number}", ".", "a", ".")]
    contexts = [
        line for number in range(6) for line in (f"c{number}", ".", *pairs, *(["y"] if number == 4 else []))
    ]
    left = answering(
        monkeypatch, "me", "rivers", "Rivers.", "https://x.org", "main", "a.md, b.md", *contexts, ""
    )
    assert made.run("new", "task", "knowledge/rivers").code == 0
    said = yaml.safe_load(made.read("knowledge/rivers/qna.yaml"))
    assert (left, len(said["seed_examples"]), said["document"]["patterns"]) == ([], 6, ["a.md", "b.md"])
    monkeypatch.undo()
    check(made, str(made.path / "knowledge/rivers"))


def test_an_end_of_the_input_writes_nothing(project, monkeypatch):
    made = project({})
    answering(monkeypatch)

    def end(prompt):
        raise EOFError

    monkeypatch.setattr(builtins, "input", end)
    result = made.run("new", "task", NODE)
    assert (result.code, "the input ended" in result.stderr) == (2, True)
    assert list(made.path.iterdir()) == []
