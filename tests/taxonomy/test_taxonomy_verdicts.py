"""Each class of file that people have written: our verdict, our words, and InstructLab's verdict."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from qna_samples import CASES, Case
from upstream import accepts

from fms_dgt.taxonomy import CheckOptions, FileReport, check_file, find_spots

CHECKOUT = "FMS_DGT_TAXONOMY"
named = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def report_of(taxonomy, case: Case, *, strict: bool = False) -> FileReport:
    # the other node makes it a taxonomy, whatever the case's own folder is called
    root = taxonomy({"compositional_skills/other": "", case.path: case.text})
    (spot,) = (spot for spot in find_spots(root) if spot.path == case.path)
    return check_file(spot, CheckOptions(strict=strict))


@named
def test_the_verdict_and_what_is_said(taxonomy, case):
    report = report_of(taxonomy, case)
    said = [f"{finding.level}: {finding.problem}" for finding in report.findings]
    assert (report.valid, bool(said)) == (case.valid, bool(case.says)), said
    assert any(case.says in line for line in said) or not case.says, said


@named
def test_strict_makes_errors_of_style(taxonomy, case):
    assert report_of(taxonomy, case, strict=True).valid == case.strict_valid


@named
def test_instructlab_says_the_same(taxonomy, case):
    if case.differs:
        pytest.skip(case.differs)
    file = taxonomy({case.path: case.text}) / case.path / "qna.yaml"
    assert (accepts(file), accepts(file, strict=True)) == (case.valid, case.strict_valid)


def test_every_problem_of_a_file_is_found_in_one_pass(taxonomy):
    text = "version: 3\nseed_examples:\n  - question: 42\n    anwser: b\n  - c\nx: 1 \n"
    root = taxonomy({"compositional_skills/a": text})
    (spot,) = find_spots(root)
    assert [str(finding.problem) for finding in check_file(spot, CheckOptions()).findings] == [
        "compositional_skills/a/qna.yaml:1: the key 'created_by' is missing; add 'created_by: ...', your GitHub name",
        "compositional_skills/a/qna.yaml:1: the key 'task_description' is missing; "
        "add 'task_description: ...', one sentence on what is wanted",
        "compositional_skills/a/qna.yaml:2: seed_examples: has 2 seed examples, and 5 are the least; add 3 more",
        "compositional_skills/a/qna.yaml:3: seed_examples[0]: the key 'answer' is missing; "
        "add 'answer: ...', what the model should reply",
        "compositional_skills/a/qna.yaml:3: seed_examples[0].question: must be text, not the number 42; put it in quotes",
        "compositional_skills/a/qna.yaml:4: seed_examples[0].anwser: unknown key 'anwser'; "
        "did you mean 'answer'? known keys: answer, context, question",
        "compositional_skills/a/qna.yaml:5: seed_examples[1]: must be a seed example, not text; "
        "write its keys below the '- '",
        "compositional_skills/a/qna.yaml:6: x: unknown key 'x'; "
        "known keys: created_by, seed_examples, task_description, version",
        "compositional_skills/a/qna.yaml:6: spaces at the end of the line; "
        "remove them; 'fms_dgt taxonomy check --fix' does",
    ]


@pytest.mark.parametrize(
    "name", ["qna.yml", "QNA.yaml", "Qna.YML", "qna2.yaml", "qua.yaml", "movie_qna.yaml"]
)
def test_a_misspelt_file_name(taxonomy, name):
    root = taxonomy({f"compositional_skills/a/{name}": CASES[7].text})
    (spot,) = find_spots(root)
    (finding,) = check_file(spot, CheckOptions()).findings
    assert (finding.level, finding.mend) == ("error", "rename it to qna.yaml")


@pytest.mark.skipif(CHECKOUT not in os.environ, reason=f"{CHECKOUT} names no checkout of a taxonomy")
@pytest.mark.slow
def test_a_whole_taxonomy_and_its_history(tmp_path):
    """Every version of every file that git has, or every file where it is not a repository."""
    checkout = Path(os.environ[CHECKOUT])
    files = list(_versions(checkout, tmp_path)) or [spot.file for spot in find_spots(checkout)]
    differing = []
    for file in files:
        (spot,) = find_spots(file)
        for strict in (False, True):
            report = check_file(spot, CheckOptions(strict=strict))
            # attribution stands beside a file, not in it
            ours = not [finding for finding in report.errors if finding.rule != "attribution"]
            if ours != accepts(file, strict=strict):
                differing.append((spot.path, strict, [str(one.problem) for one in report.errors]))
    print(f"{len(files)} files compared, {len(differing)} verdicts differ")
    assert not differing


def _versions(checkout: Path, folder: Path):
    def git(*args: str) -> bytes:
        return subprocess.run(["git", "-C", str(checkout), *args], capture_output=True, check=True).stdout

    if not (checkout / ".git").exists():
        return
    lines = git("rev-list", "--objects", "--all").decode(errors="replace").splitlines()
    for line in lines:
        blob, _, path = line.partition(" ")
        if Path(path).name == "qna.yaml":
            file = folder / blob / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(git("cat-file", "blob", blob))
            yield file
