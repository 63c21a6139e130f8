from __future__ import annotations

import json
import os
import subprocess

import pytest

SKILL = "compositional_skills/writing/rhymes"
FILE = f"{SKILL}/qna.yaml"
BAD = "compositional_skills/writing/bad/qna.yaml"
SEEDS = "".join(f"  - question: q{number}\n    answer: a\n" for number in range(5))
GOOD = f"version: 3\ncreated_by: me\ntask_description: d\nseed_examples:\n{SEEDS}"
FILES = {FILE: GOOD, f"{SKILL}/attribution.txt": "me\n"}
UNTIDY = {FILE: GOOD.replace("me\n", "me \n"), f"{SKILL}/attribution.txt": "me\n"}
STYLE = f"{FILE}:2: spaces at the end of the line; remove them; 'fms_dgt taxonomy check --fix' does\n"
MISSING = f"{BAD}:1: the key 'created_by' is missing; add 'created_by: ...', your GitHub name\n"


def git(folder, *args):
    who = ["-c", "user.name=x", "-c", "user.email=x@y.z"]
    subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True)


def test_all_is_well(project):
    result = project(FILES).run("taxonomy", "check")
    assert (result.code, result.stdout, result.stderr) == (0, "1 file: 1 valid, 0 not\n", "")


def test_what_is_wrong_is_said_with_place_and_mend(project):
    made = project({**UNTIDY, BAD: GOOD.replace("created_by: me\n", "")})
    result = made.run("taxonomy", "check", ".")
    attribution = (
        "warning: compositional_skills/writing/bad/attribution.txt: there is no attribution.txt beside qna.yaml; "
        "write title, link, licence and creator of the work into it\n"
    )
    summary = "2 files: 1 valid, 1 not; 1 error, 2 warnings\n"
    assert (result.code, result.stderr) == (1, "")
    assert result.stdout == f"{attribution}error: {MISSING}warning: {STYLE}{summary}"


def test_strict_and_quiet(project):
    made = project(UNTIDY)
    assert made.run("taxonomy", "check").code == 0
    assert made.run("taxonomy", "check", "--quiet").stdout == ""
    result = made.run("taxonomy", "check", FILE, "--strict", "--quiet")
    assert (result.code, result.stdout) == (1, f"error: {STYLE}")


def test_fix(project):
    made = project(UNTIDY)
    result = made.run("taxonomy", "check", "--fix", "--strict")
    assert (result.code, result.stdout) == (0, "1 file: 1 valid, 0 not; 1 file fixed\n")
    assert made.read(FILE) == GOOD


def test_check_as_json(project):
    made = project({**UNTIDY, BAD: "a: 'b"})
    result = made.run("taxonomy", "check", "--json")
    said = json.loads(result.stdout)
    assert (result.code, said["invalid"], said["errors"], said["warnings"]) == (1, 1, 1, 1)
    bad, good = said["files"]
    assert (bad["valid"], bad["findings"][0]["rule"], bad["findings"][0]["line"]) == (False, "unreadable", 1)
    assert {key: value for key, value in good.items() if key != "findings"} == {
        "file": FILE,
        "path": SKILL,
        "kind": "compositional",
        "version": 3,
        "seeds": 5,
        "grounded": 0,
        "pairs": 5,
        "words": 32,
        "size": len(GOOD) + 1,
        "fixed": False,
        "valid": True,
    }
    (finding,) = good["findings"]
    assert (finding["level"], finding["rule"], finding["line"]) == ("warning", "trailing-spaces", 2)


def test_without_the_package_the_rest_is_checked(project, monkeypatch):
    monkeypatch.setattr("fms_dgt.taxonomy.schema.is_installed", lambda: False)
    monkeypatch.setattr("fms_dgt.taxonomy.style.is_installed", lambda: False)
    made = project({**UNTIDY, BAD: "version: 3\n"})
    result = made.run("taxonomy", "check")
    assert (result.code, STYLE in result.stdout, f"error: {MISSING}" in result.stdout) == (1, True, True)
    assert result.stdout.endswith("pip install 'fms-dgt[taxonomy]'\n")
    strict = made.run("taxonomy", "check", "--strict")
    assert (strict.code, strict.stdout) == (2, "")
    assert strict.stderr == (
        "error: the package 'instructlab-schema' is missing, and --strict asks for its verdict; "
        "pip install 'fms-dgt[taxonomy]'\n"
    )


def test_tree(project):
    grounded = GOOD.replace("q0\n", "q0\n    context: c\n")
    made = project({**FILES, "foundational_skills/x/qna.yaml": grounded, BAD: "a: 'b"})
    result = made.run("taxonomy", "tree")
    assert result.code == 1
    rows = [line.split("  ") for line in result.stdout.splitlines()[:4]]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows] == [
        ["node", "kind", "version", "seeds", "pairs", "words", "bytes", "verdict"],
        ["compositional_skills/writing/bad", "compositional", "-", "0", "0", "0", "5", "1 error"],
        [SKILL, "compositional", "3", "5", "5", "32", str(len(GOOD)), "ok"],
        ["foundational_skills/x", "foundational", "3", "5 (1 grounded)", "5", "34", str(len(grounded)), "ok"],
    ]
    assert result.stdout.splitlines()[4:] == [
        "compositional skills: 2 nodes, 5 seed examples, 32 words",
        "foundational skills: 1 node, 5 seed examples, 34 words",
        "1 node with errors: fms_dgt taxonomy check says which",
    ]
    said = json.loads(made.run("taxonomy", "tree", "--json").stdout)
    assert [node["path"] for node in said["nodes"]][1:] == [SKILL, "foundational_skills/x"]


def test_diff(project):
    made = project(FILES)
    git(made.path, "init", "-q", "-b", "main")
    git(made.path, "add", "-A")
    git(made.path, "commit", "-qm", "m")
    assert made.run("taxonomy", "diff", "--base", "main").stdout.startswith("nothing changed against commit ")
    made.write({"knowledge/강\n/qna.yaml": "a: 'b", FILE: f"{GOOD}\n"})
    result = made.run("taxonomy", "diff", "--base", "main")
    first, *lines = result.stdout.splitlines()
    assert (result.code, first.startswith("2 files changed against commit ")) == (1, True)
    assert lines == [
        f"  changed   {FILE}",
        "  untracked knowledge/강\\n/qna.yaml",
        f"warning: {FILE}:15: too many blank lines (1 > 0); leave 2 at most, and none at the beginning or end; "
        "'fms_dgt taxonomy check --fix' does",
        "error: knowledge/강\\n/qna.yaml:1: is not valid YAML: a quote is opened and never closed; close it",
        "2 files: 1 valid, 1 not; 1 error, 1 warning",
    ]


def test_diff_as_json(project):
    made = project(FILES)
    git(made.path, "init", "-q")
    result = made.run("taxonomy", "diff", "--base", "empty", "--json")
    said = json.loads(result.stdout)
    assert (result.code, said["base"], said["commit"]) == (0, "empty", "")
    assert said["changes"] == [{"status": "untracked", "file": FILE, "path": SKILL, "was": ""}]
    assert [report["file"] for report in said["files"]] == [FILE]


def test_diff_without_the_base_says_what_to_do(project):
    made = project(FILES)
    git(made.path, "init", "-q")
    result = made.run("taxonomy", "diff")
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr == (
        "error: --base: git knows no branch, tag or commit 'origin/main' here; "
        "name another, or 'empty' for everything that is there\n"
    )


def test_documents(project):
    document = "document:\n  repo: /no/such/folder\n  commit: main\n  patterns:\n    - a.md\n"
    pairs = "".join(f"      - question: q{number}\n        answer: a\n" for number in range(3))
    seeds = "".join(f"  - context: c{number}\n    questions_and_answers:\n{pairs}" for number in range(5))
    head = "version: 3\ncreated_by: me\ndomain: d\ndocument_outline: o\n"
    made = project({"knowledge/a/qna.yaml": f"{head}{document}seed_examples:\n{seeds}"})
    assert made.run("taxonomy", "check", "--quiet").code == 0
    result = made.run("taxonomy", "check", "--documents", "--quiet")
    assert result.code == 1
    assert result.stdout.startswith("error: knowledge/a/qna.yaml:5: document: ")


@pytest.mark.parametrize("argv", [(), ("--help",), ("-h",)])
def test_help(project, argv):
    result = project({}).run("taxonomy", *argv)
    assert (result.code, result.stderr) == (0, "")
    assert "check|diff|tree" in result.stdout


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("chekc",), "'fms_dgt taxonomy' has no 'chekc'; did you mean 'check'?"),
        (("check", "none"), "none: there is no such file or folder"),
        (("check",), ".: there is no qna.yaml in or below it"),
        (("check", "--strct"), "unknown flag '--strct'; did you mean '--strict'?"),
        (("tree", "--fix"), "unknown flag '--fix'"),
    ],
)
def test_what_is_wrong_with_the_command(project, argv, said):
    result = project({}).run("taxonomy", *argv)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {said}")


def test_a_bar_is_shown_on_a_terminal_only(project, monkeypatch):
    """On stderr, so that what is written to stdout can be read by programs."""
    made = project({f"compositional_skills/n{number}/qna.yaml": GOOD for number in range(60)})
    assert made.run("taxonomy", "check", "--strict").stderr == ""
    leader, follower = os.openpty()
    with os.fdopen(follower, "w") as stderr:
        monkeypatch.setattr("sys.stderr", stderr)
        made.run("taxonomy", "tree")
    assert b"checking" in os.read(leader, 10_000)
    os.close(leader)


def test_a_file_cannot_write_to_the_terminal(project):
    made = project({FILE: f'{GOOD}"\\e[31m\\n": 1\n'})
    result = made.run("taxonomy", "check", "--quiet")
    assert "unknown key '\\x1b[31m\\n'" in result.stdout
    assert ("\x1b" in result.stdout, result.stdout.count("\n")) == (False, 1)
