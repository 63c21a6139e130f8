"""A taxonomy that was unpacked with its `.git` runs no program when it is compared with a commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from git_environment import ENV
from hostile_repository import HostileRepository
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fms_dgt.documents import GitDocuments, git_collection
from fms_dgt.errors import InputError
from fms_dgt.taxonomy import changes_since

# settings that name a program, or make git look for one; {program} is one that leaves a trace
SETTINGS = [
    *(("core.fsmonitor", "{program}"), ("core.hooksPath", "hooks"), ("core.pager", "{program}")),
    *(("core.editor", "{program}"), ("core.sshCommand", "{program}"), ("core.gitProxy", "{program}")),
    *(("core.askPass", "{program}"), ("core.alternateRefsCommand", "{program}")),
    *(("core.autocrlf", "true"), ("core.untrackedCache", "true"), ("core.splitIndex", "true")),
    *(("diff.external", "{program}"), ("diff.own.command", "{program}"), ("diff.own.textconv", "{program}")),
    *(
        ("filter.own.clean", "{program}"),
        ("filter.own.process", "{program}"),
        ("filter.own.required", "true"),
    ),
    *(("filter.own.smudge", "{program}"), ("merge.own.driver", "{program}"), ("gpg.program", "{program}")),
    *(("log.showSignature", "true"), ("credential.helper", "!{program}"), ("pager.diff", "{program}")),
    *(("pager.ls-files", "{program}"), ("alias.diff", "!{program}"), ("alias.ls-tree", "!{program}")),
    *(("alias.rev-parse", "!{program}"), ("submodule.x.update", "!{program}"), ("gc.auto", "1")),
    *(("extensions.partialClone", "origin"), ("remote.origin.promisor", "true")),
    *(("remote.origin.url", "ext::{program}"), ("remote.origin.url", "{folder}")),
    *(("remote.origin.url", "ssh://localhost/x"), ("remote.origin.vcs", "program")),
    *(("remote.origin.uploadpack", "{program}"), ("remote.origin.proxy", "http://127.0.0.1:9")),
    *(("uploadpack.packObjectsHook", "{program}"), ("protocol.allow", "always")),
    *(("protocol.ext.allow", "always"), ("include.path", "other"), ("includeIf.gitdir:/.path", "other")),
    *(("trace2.normalTarget", "{canary}"), ("interactive.diffFilter", "{program}")),
    *(("diff.renames", "copies"), ("diff.relative", "true"), ("status.showUntrackedFiles", "no")),
]


@pytest.fixture
def repo(tmp_path: Path) -> HostileRepository:
    return HostileRepository(tmp_path / "tree")


def changes(folder: Path, base: str = "main") -> list[tuple[str, str]]:
    return [(change.status, change.spot.path) for change in changes_since(folder, base).entries]


def test_a_clean_filter_is_not_run(repo: HostileRepository) -> None:
    repo.configure(("filter.own.clean", str(repo.program)))
    repo.write(repo.A, "me")
    assert changes(repo.folder) == [("changed", "compositional_skills/a")]
    assert not repo.canary.exists()


def promisor(repo: HostileRepository) -> list[tuple[str, str]]:
    return [
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", str(repo.folder)),
        ("remote.origin.uploadpack", str(repo.program)),
    ]


def test_a_partial_clone_fetches_nothing(repo: HostileRepository) -> None:
    """The content of a renamed file is missing: it is not compared, and the rest is."""
    blob = repo.git("rev-parse", f"HEAD:{repo.A}")
    repo.git("mv", "compositional_skills/a", "compositional_skills/b")
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.configure(*promisor(repo))
    repo.write("compositional_skills/b/qna.yaml", "me")
    repo.lose(blob)
    assert changes(repo.folder) == [
        ("deleted", "compositional_skills/a"),
        ("added", "compositional_skills/b"),
    ]
    assert not repo.canary.exists()


def test_a_partial_clone_without_its_folders_is_refused(repo: HostileRepository) -> None:
    tree = repo.git("rev-parse", "HEAD^{tree}")
    repo.configure(*promisor(repo))
    repo.lose(tree)
    with pytest.raises(InputError, match="git ls-tree failed"):
        changes(repo.folder)
    assert not repo.canary.exists()


@given(chosen=st.lists(st.sampled_from(SETTINGS), min_size=1, max_size=12), lost=st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_setting_runs_a_program(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[tuple[str, str]], lost: bool
) -> None:
    repo = HostileRepository(tmp_path_factory.mktemp("hostile") / "tree")
    repo.git("mv", "compositional_skills/a", "compositional_skills/b")
    blob = repo.git("rev-parse", f"HEAD:{repo.A}")
    names = {"program": repo.program, "canary": repo.canary, "folder": repo.folder}
    said = [(key, value.format(**names)) for key, value in chosen]
    (repo.folder / ".git/other").write_text(f"[core]\n\tfsmonitor = {repo.program}\n")
    with (repo.folder / ".git/config").open("a") as config:
        config.writelines(f'[{section}]\n\t{key} = "{value}"\n' for section, key, value in map(_parts, said))
    repo.write("compositional_skills/b/qna.yaml", "me")
    if lost:
        repo.lose(blob)
    try:
        found = changes(repo.folder)
    except InputError:
        found = []
    assert found or any("extensions" in key or "vcs" in key for key, _ in said)
    assert not repo.canary.exists()


def _parts(setting: tuple[str, str]) -> tuple[str, str, str]:
    section, *middle, key = setting[0].split(".")
    return f'{section} "{".".join(middle)}"' if middle else section, key, setting[1]


def test_only_git_is_started(repo: HostileRepository, tmp_path: Path) -> None:
    """All settings at once, seen by strace: a program that leaves no trace is noticed, too."""
    log = tmp_path / "started"
    strace = ["strace", "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-o", str(log)]
    if shutil.which("strace") is None or subprocess.run([*strace, "true"], capture_output=True).returncode:
        pytest.skip("strace is not there, or may not trace")
    names = {"program": repo.program, "canary": repo.canary, "folder": repo.folder}
    repo.configure(*((key, value.format(**names)) for key, value in SETTINGS if "vcs" not in key))
    (repo.folder / ".git/other").write_text("")
    repo.write(repo.A, "me")
    command = [sys.executable, "-m", "fms_dgt", "taxonomy", "diff", str(repo.folder), "--base", "main"]
    done = subprocess.run([*strace, *command], cwd=tmp_path, env=ENV, capture_output=True, text=True)
    assert "changed" in done.stdout, done.stderr
    lines = [line for line in log.read_text().splitlines() if "execve(" in line and line.endswith("= 0")]
    started = [line.partition('execve("')[2].partition('"')[0] for line in lines]
    assert started[0] == sys.executable
    assert {os.path.basename(path) for path in started[1:]} == {"git"}


def test_a_working_tree_elsewhere_is_refused(repo: HostileRepository, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    repo.configure(("core.worktree", str(tmp_path / "home")))
    with pytest.raises(InputError, match="its files are in"):
        changes(repo.folder)


def test_a_folder_that_looks_like_a_repository_is_none(repo: HostileRepository) -> None:
    """What git takes for a bare repository can be committed like any folder."""
    inner = repo.folder / "compositional_skills/inner"
    shutil.copytree(repo.folder / ".git", inner)
    (inner / "config").write_text(f"[core]\n\tbare = true\n\tfsmonitor = {repo.program}\n")
    (inner / "qna.yaml").write_text("")
    with pytest.raises(InputError, match="is in no git repository"):
        changes(inner)
    assert not repo.canary.exists()


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(repo: HostileRepository) -> None:
    (repo.folder / repo.A).unlink()
    os.mkfifo(repo.folder / repo.A)
    assert changes(repo.folder) == [("changed", "compositional_skills/a")]


def test_a_linked_folder_is_not_looked_into(repo: HostileRepository, tmp_path: Path) -> None:
    """As for git, what is behind it is not a file of the taxonomy."""
    shutil.move(repo.folder / "compositional_skills/a", tmp_path / "a")
    (repo.folder / "compositional_skills/a").symlink_to(tmp_path / "a")
    assert changes(repo.folder) == [("deleted", "compositional_skills/a")]


def test_line_ends_of_a_checkout_are_no_change(repo: HostileRepository) -> None:
    file = repo.folder / repo.A
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert changes(repo.folder) == []


def test_a_repository_of_sha256_ids(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    made = HostileRepository(tmp_path / "other")
    shutil.copytree(made.folder / "compositional_skills", folder / "compositional_skills")
    for arguments in (
        ["init", "-q", "-b", "main", "--object-format=sha256"],
        ["add", "-A"],
        ["commit", "-qm", "m"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, env=ENV, check=True, capture_output=True)
    assert changes(folder) == []


def test_a_renamed_file_that_was_changed_a_little(repo: HostileRepository) -> None:
    repo.configure()
    repo.git("mv", "compositional_skills/a", "compositional_skills/b")
    repo.write("compositional_skills/b/qna.yaml", "somebody")
    assert changes(repo.folder) == [("renamed", "compositional_skills/b")]


def test_what_a_sparse_checkout_leaves_out_is_not_deleted(repo: HostileRepository) -> None:
    repo.configure()
    repo.git("update-index", "--skip-worktree", repo.A)
    (repo.folder / repo.A).unlink()
    assert changes(repo.folder) == []


def test_documents_of_a_hostile_repository(repo: HostileRepository, tmp_path: Path) -> None:
    """A path in a task: the repository's own settings are read by the git that hands its files out."""
    (repo.folder / "a.md").write_text("# A\n")
    repo.git("add", "a.md")
    repo.git("commit", "-qm", "m")
    repo.configure(
        ("core.fsmonitor", str(repo.program)),
        ("uploadpack.packObjectsHook", str(repo.program)),
        ("core.alternateRefsCommand", str(repo.program)),
        *promisor(repo),
    )
    repo.lose(repo.git("rev-parse", f"HEAD:{repo.A}"))
    repo.canary.unlink(missing_ok=True)
    spec = GitDocuments(repo=str(repo.folder), commit="main", patterns=["a.md"])
    git_collection(spec, cache=tmp_path / "c").problems()
    assert not repo.canary.exists()
