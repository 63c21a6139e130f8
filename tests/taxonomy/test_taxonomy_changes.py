from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from git_environment import ENV
from qna_samples import skill, written

from fms_dgt.errors import InputError
from fms_dgt.taxonomy import changes_since

A, B, C = (f"compositional_skills/{name}" for name in "abc")


class Repo:
    """A git repository with a few words for what is done to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.path, env=ENV, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, *folders: str, by: str = "someone") -> None:
        for folder in folders:
            file = self.path / folder / "qna.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            # unlike each other, so that none is taken for another one renamed
            file.write_text(written(skill(created_by=f"{by} of {folder}", seeds=5 + len(folder) % 7)))

    def commit(self, *folders: str, by: str = "someone") -> str:
        self.write(*folders, by=by)
        self.git("add", "-A")
        self.git("commit", "-qm", "m", "--allow-empty")
        return self.git("rev-parse", "HEAD")

    def changes(self, base: str = "main", path: str = "") -> list[tuple[str, str]]:
        found = changes_since(self.path / path, base)
        return [(change.status, change.spot.path) for change in found.entries]


@pytest.fixture
def repo(tmp_path):
    """One with A and B on `main`, and `topic` checked out, which is as far."""
    path = tmp_path / "tree"
    path.mkdir()
    made = Repo(path)
    made.git("init", "-q", "-b", "main")
    made.commit(A, B)
    made.git("checkout", "-qb", "topic")
    return made


def test_nothing_changed(repo):
    assert repo.changes() == []


def test_committed_uncommitted_staged_and_untracked(repo):
    repo.commit(C)
    repo.write(A, by="me")
    repo.write("compositional_skills/staged")
    repo.git("add", "-A")
    repo.write(B, by="me")
    repo.write("compositional_skills/z")
    assert repo.changes() == [
        ("changed", A),
        ("changed", B),
        ("added", C),
        ("added", "compositional_skills/staged"),
        ("untracked", "compositional_skills/z"),
    ]


def test_renamed_and_deleted(repo):
    repo.git("mv", A, C)
    (repo.path / B / "qna.yaml").unlink()
    found = changes_since(repo.path, "main")
    assert [(change.status, change.spot.path, change.was) for change in found.entries] == [
        ("deleted", B, ""),
        ("renamed", C, f"{A}/qna.yaml"),
    ]
    assert [spot.path for spot in found.spots] == [C]


def test_forgotten_by_git_but_there(repo):
    repo.git("rm", "-q", "--cached", f"{A}/qna.yaml")
    assert repo.changes() == [("changed", A)]


def test_other_files_and_ignored_ones_do_not_count(repo):
    (repo.path / A / "attribution.txt").write_text("x")
    (repo.path / ".gitignore").write_text("knowledge\n")
    repo.write("knowledge/x")
    assert repo.changes() == []


def test_only_below_the_path(repo):
    repo.write(A, B, by="me")
    assert repo.changes(path=A) == repo.changes(path=f"{A}/qna.yaml") == [("changed", A)]


def test_what_the_base_did_since_does_not_count(repo):
    repo.commit(C)
    repo.git("checkout", "-q", "main")
    repo.commit(A, by="others")
    repo.git("checkout", "-q", "topic")
    assert repo.changes() == [("added", C)]


def test_the_base_merged_into_the_branch(repo):
    """What came in by the merge is shown: the comparison is with where the branch's own line parted."""
    repo.commit(C)
    repo.git("checkout", "-q", "main")
    repo.commit("compositional_skills/d")
    repo.git("checkout", "-q", "topic")
    repo.git("merge", "-q", "--no-edit", "main")
    assert repo.changes() == [("added", C), ("added", "compositional_skills/d")]


def test_another_branch_merged_into_the_branch(repo):
    repo.git("checkout", "-qb", "other", "main")
    repo.commit("compositional_skills/d")
    repo.git("checkout", "-q", "topic")
    repo.commit(C)
    repo.git("merge", "-q", "--no-edit", "other")
    assert repo.changes() == [("added", C), ("added", "compositional_skills/d")]


def test_the_branch_merged_into_the_base(repo):
    repo.commit(C)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "--no-edit", "topic")
    repo.git("checkout", "-q", "topic")
    assert repo.changes() == []


def test_in_the_middle_of_a_conflict(repo):
    repo.commit(A, by="me")
    repo.git("checkout", "-q", "main")
    repo.commit(A, by="others")
    repo.git("checkout", "-q", "topic")
    with pytest.raises(subprocess.CalledProcessError):
        repo.git("merge", "main")
    assert repo.changes() == [("changed", A)]


def test_a_detached_head(repo):
    repo.commit(C)
    repo.git("checkout", "-q", "--detach")
    assert repo.changes() == [("added", C)]


def test_a_commit_or_a_tag_stands_for_itself(repo):
    first = repo.commit(C)
    repo.git("tag", "v1")
    repo.commit(A, by="me")
    for base in (first, first[:8], "v1", "HEAD~1", "refs/tags/v1"):
        assert repo.changes(base) == [("changed", A)]


def test_a_branch_of_a_remote(repo, tmp_path):
    repo.git("checkout", "-q", "main")
    repo.git("clone", "-q", ".", str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone")
    clone.commit(C)
    assert clone.changes("origin/main") == [("added", C)]
    assert clone.changes("main") == []


def test_a_branch_with_a_slash_that_is_no_remote_s(repo):
    repo.git("branch", "some/topic")
    repo.commit(C)
    assert repo.changes("some/topic") == [("added", C)]


def test_no_remote(repo):
    said = "git knows no branch, tag or commit 'origin/main' here; name another, or 'empty' .* main, topic"
    with pytest.raises(InputError, match=said):
        repo.changes("origin/main")


def test_a_shallow_clone(repo, tmp_path):
    repo.commit(C)
    repo.commit("compositional_skills/d")
    url = repo.path.as_uri()
    repo.git(
        "clone", "-q", "--depth", "1", "--branch", "topic", "--no-single-branch", url, str(tmp_path / "s")
    )
    clone = Repo(tmp_path / "s")
    assert clone.changes("origin/topic") == []
    with pytest.raises(InputError, match="git fetch --unshallow"):
        clone.changes("origin/main")
    assert len(clone.changes("empty")) == 4


def test_branches_without_a_common_commit(repo):
    repo.git("checkout", "-q", "--orphan", "new")
    repo.commit(C)
    with pytest.raises(InputError, match="no commit in common"):
        repo.changes()


def test_before_the_first_commit(tmp_path):
    made = Repo(tmp_path)
    made.git("init", "-q", "-b", "main")
    made.write(A)
    with pytest.raises(InputError, match="no branch, tag or commit 'main'"):
        made.changes()
    assert made.changes("empty") == [("untracked", A)]


@pytest.mark.parametrize("name", ["강", 'it\'s "b"', "a\nb", "-o", "\ttab", " ", ":(top)x", "*"])
def test_odd_names(repo, name):
    path = f"knowledge/{name}/x"
    repo.write(path)
    assert repo.changes() == [("untracked", path)]
    repo.commit()
    assert repo.changes() == [("added", path)]
    repo.git("mv", "--", f"knowledge/{name}", "knowledge/plain")
    assert repo.changes(repo.git("rev-parse", "HEAD")) == [("renamed", "knowledge/plain/x")]


def test_a_name_that_is_no_text(repo):
    folder = os.fsencode(repo.path) + b"/knowledge/\xff"
    os.makedirs(folder)
    Path(os.fsdecode(folder + b"/qna.yaml")).write_text("")
    assert repo.changes() == [("untracked", "knowledge/\udcff")]


@pytest.mark.parametrize(
    "base", ["--output=x", "-", "", "a\nb", "no", "main..topic", "main:compositional_skills"]
)
def test_odd_bases(repo, base):
    with pytest.raises(InputError, match="git knows no branch, tag or commit"):
        repo.changes(base)
    assert not (repo.path / "x").exists()


def test_programs_that_a_repository_names_are_not_run(repo):
    marker = repo.path / "ran"
    script = f"touch {marker}; false"
    for key in ("core.fsmonitor", "diff.external", "core.pager", "diff.own.textconv", "diff.own.command"):
        repo.git("config", key, script)
    (repo.path / ".gitattributes").write_text("* diff=own\n")
    repo.write(A, by="me")
    assert repo.changes() == [("changed", A)]
    assert not marker.exists()


def test_settings_and_variables_of_others_do_not_count(repo, tmp_path, monkeypatch):
    repo.git("config", "diff.relative", "true")
    repo.git("config", "diff.renames", "false")
    repo.git("config", "status.showUntrackedFiles", "no")
    repo.git("mv", A, C)
    repo.write("knowledge/x")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "none"))
    assert repo.changes(path="compositional_skills") == [("renamed", C)]
    assert repo.changes() == [("renamed", C), ("untracked", "knowledge/x")]


def test_a_taxonomy_in_a_folder_of_a_repository(repo):
    repo.write("data/taxonomy/compositional_skills/x")
    assert repo.changes(path="data/taxonomy") == [("untracked", "compositional_skills/x")]


def test_through_a_link(repo, tmp_path):
    (tmp_path / "link").symlink_to(repo.path)
    repo.write(A, by="me")
    found = changes_since(tmp_path / "link", "main")
    assert [change.spot.path for change in found.entries] == [A]


def test_no_repository(tmp_path):
    with pytest.raises(InputError, match="is in no git repository; name a folder of one, or '--base empty'"):
        changes_since(tmp_path, "main")


def test_no_such_path(repo):
    with pytest.raises(InputError, match="there is no such file or folder"):
        repo.changes(path="nothing")
