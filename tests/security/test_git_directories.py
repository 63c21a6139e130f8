"""A repository on this machine keeps its files in folders that the task may read, and all of them are files."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from git_environment import ENV

from fms_dgt.documents import GitDocuments, git_collection
from fms_dgt.errors import InputError
from fms_dgt.safety.permissions import Permissions, under
from fms_dgt.taxonomy import changes_since

SECRET = "The secret is kept here."


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments], cwd=folder, env=ENV, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def repository(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.md").write_text(f"# A\n\n{text}\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "m")
    return folder


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed"
    folder.mkdir()
    return folder


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A repository that the task may not read."""
    return repository(tmp_path / "private", SECRET)


def read(repo: Path, allowed: Path, permissions: Permissions | None = None) -> tuple[str, str]:
    """The problems of a repository's documents, and their texts."""
    spec = GitDocuments(repo=str(repo), commit="main", patterns=["*.md"])
    with under(permissions or Permissions(folders=(allowed,))):
        documents = git_collection(spec, cache=allowed.parent / "cache")
        problems = "\n".join(map(str, documents.problems()))
        return problems, "" if problems else "".join(document.text for document in documents)


def pointer(repo: Path, private: Path) -> None:
    repo.mkdir()
    (repo / ".git").write_text(f"gitdir: {private}/.git\n")


def pointer_by_link(repo: Path, private: Path) -> None:
    repo.mkdir()
    (private.parent / "pointer").write_text(f"gitdir: {private}/.git\n")
    (repo / ".git").symlink_to(private.parent / "pointer")


def link(repo: Path, private: Path) -> None:
    repo.mkdir()
    (repo / ".git").symlink_to(private / ".git")


def common_directory(repo: Path, private: Path) -> None:
    (repo / ".git").mkdir(parents=True)
    (repo / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (repo / ".git/commondir").write_text(f"{private}/.git\n")


def empty(repo: Path, private: Path) -> Path:
    """A repository that has the branch of the private one, and none of its objects."""
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    (repo / ".git/refs/heads/main").write_text(git(private, "rev-parse", "HEAD") + "\n")
    return repo / ".git"


def alternates(repo: Path, private: Path) -> None:
    (empty(repo, private) / "objects/info/alternates").write_text(f"# x\n{private}/.git/objects\n")


def relative_alternates(repo: Path, private: Path) -> None:
    path = os.path.relpath(private / ".git/objects", repo / ".git/objects")
    (empty(repo, private) / "objects/info/alternates").write_text(f"{path}\n")


def quoted_alternates(repo: Path, private: Path) -> None:
    (empty(repo, private) / "objects/info/alternates").write_text(f'"{private}/.git/objects"\n')


def nested_alternates(repo: Path, private: Path) -> None:
    middle = repo.parent / "middle"
    (middle / "info").mkdir(parents=True)
    (middle / "info/alternates").write_text(f"{private}/.git/objects\n")
    (empty(repo, private) / "objects/info/alternates").write_text(f"{middle}\n")


def alternates_of_a_linked_folder(repo: Path, private: Path) -> None:
    """The folder has been looked through as the target of a link before it is one of alternates."""
    nested_alternates(repo, private)
    (repo / ".git/before").symlink_to(repo.parent / "middle")


def long_alternates(repo: Path, private: Path) -> None:
    alternates(repo, private)
    file = repo / ".git/objects/info/alternates"
    file.write_text("#" * (1 << 20) + "\n" + file.read_text())


def alternates_with_nul(repo: Path, private: Path) -> None:
    (empty(repo, private) / "objects/info/alternates").write_text(f"{private}/.git/objects\0x\n")


def linked_objects(repo: Path, private: Path) -> None:
    folder = empty(repo, private)
    shutil.rmtree(folder / "objects")
    (folder / "objects").symlink_to(private / ".git/objects")


def linked_objects_deeper(repo: Path, private: Path) -> None:
    folder = empty(repo, private)
    for path in (private / ".git/objects").iterdir():
        if not (folder / "objects" / path.name).exists():
            (folder / "objects" / path.name).symlink_to(path)


def linked_references(repo: Path, private: Path) -> None:
    folder = empty(repo, private)
    shutil.rmtree(folder / "refs")
    (folder / "refs").symlink_to(private / ".git/refs")


def included_settings(repo: Path, private: Path) -> None:
    repository(repo, "x")
    with (repo / ".git/config").open("a") as config:
        config.write(f'[core] bare = false\n[InCLude]\n\tpath = "{private}/.git/config"\n')


def included_on_a_condition(repo: Path, private: Path) -> None:
    repository(repo, "x")
    (repo / ".git/more").write_text(f'[includeIf "gitdir:/.path"]\npath={private}/.git/config\n')
    git(repo, "config", "include.path", "more")


def hidden_beside(repo: Path, private: Path) -> None:
    shutil.move(private, repo.parent / ".private")
    pointer(repo, repo.parent / ".private")


def nested_repository(repo: Path, private: Path) -> None:
    """git takes x/.git where it is given x, and x/.git/.git where that is there."""
    repository(repo, "x")
    (repo / ".git/.git").write_text(f"gitdir: {private}/.git\n")


def broken_with_another_suffix(repo: Path, private: Path) -> None:
    """git tries x.git where x is not a repository."""
    repo.mkdir()
    (repo.parent / f"{repo.name}.git").write_text(f"gitdir: {private}/.git\n")


def bundle(repo: Path, private: Path) -> None:
    git(private, "bundle", "create", "-q", "all", "main")
    repo.mkdir()
    (repo / ".git").write_text(f"gitdir: {private}/all\n")


REFUSED = [
    *(pointer, pointer_by_link, link, common_directory, alternates, relative_alternates, quoted_alternates),
    *(long_alternates, alternates_with_nul, nested_alternates, alternates_of_a_linked_folder, linked_objects, linked_objects_deeper),
    *(linked_references, included_settings, included_on_a_condition, hidden_beside, bundle),
]


@pytest.mark.parametrize("made", REFUSED, ids=lambda made: made.__name__)
def test_a_repository_that_leads_elsewhere_is_refused(
    made: Callable[[Path, Path], None], allowed: Path, private: Path
) -> None:
    made(allowed / "repo", private)
    problems, _ = read(allowed / "repo", allowed)
    assert "the repository is not read" in problems
    assert not (allowed.parent / "cache").exists()


@pytest.mark.parametrize("made", [nested_repository, broken_with_another_suffix], ids=lambda made: made.__name__)
def test_git_looks_for_no_other_repository(
    made: Callable[[Path, Path], None], allowed: Path, private: Path
) -> None:
    made(allowed / "repo", private)
    problems, text = read(allowed / "repo", allowed)
    assert SECRET not in text
    assert problems or "x" in text


@pytest.mark.parametrize("name", ["HEAD", "packed-refs", "config", "config.worktree", "refs/heads/other", "commondir"])
def test_a_pipe_in_a_git_directory_is_not_waited_for(name: str, allowed: Path) -> None:
    repo = repository(allowed / "repo", "x")
    (repo / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(repo / ".git" / name)
    assert "not a regular file" in read(repo, allowed)[0]
    with pytest.raises(InputError, match="not a regular file"):
        changes_since(repo, "main")


def test_a_pipe_that_is_called_gitignore_is_not_waited_for(allowed: Path) -> None:
    repo = repository(allowed / "repo", "x")
    (repo / "folder").mkdir()
    os.mkfifo(repo / "folder/.gitignore")
    with pytest.raises(InputError, match="not a regular file"):
        changes_since(repo, "main")


def test_an_included_pipe_is_not_waited_for(allowed: Path) -> None:
    repo = repository(allowed / "repo", "x")
    with (repo / ".git/config").open("a") as config:
        config.write("[include]\npath = ../pipe\n")
    os.mkfifo(repo / "pipe")
    assert "not a regular file" in read(repo, allowed)[0]
    with pytest.raises(InputError, match="not a regular file"):
        changes_since(repo, "main")


def worktree(main: Path, repo: Path) -> None:
    git(main, "worktree", "add", "-q", str(repo))


def submodule(main: Path, repo: Path) -> None:
    git(repository(repo.parent, "top"), "submodule", "--quiet", "add", str(main), repo.name)


def shared_clone(main: Path, repo: Path) -> None:
    git(main, "clone", "-q", "--shared", str(main), str(repo))


def bare_clone(main: Path, repo: Path) -> None:
    git(main, "clone", "-q", "--bare", str(main), str(repo))


def separate_git_directory(main: Path, repo: Path) -> None:
    git(main, "clone", "-q", f"--separate-git-dir={main.parent / 'separate'}", str(main), str(repo))


def included(main: Path, repo: Path) -> None:
    """As `actions/checkout` keeps its credentials; and a hook, a socket and a worktree's own settings."""
    git(main, "clone", "-q", str(main), str(repo))
    git(repo, "config", "includeIf.gitdir:x/.path", str(main / "settings"))
    git(repo, "config", "include.path", "missing")
    (main / "settings").write_text("[user]\nname = x\n")
    (repo / ".git/hooks").mkdir(exist_ok=True)
    (repo / ".git/hooks/pre-commit").symlink_to("/usr/bin/env")


HONEST = [worktree, submodule, shared_clone, bare_clone, separate_git_directory, included]


@pytest.mark.parametrize("made", HONEST, ids=lambda made: made.__name__)
def test_an_honest_repository_is_read(made: Callable[[Path, Path], None], allowed: Path) -> None:
    main = repository(allowed / "main", "Text.")
    made(main, allowed / "top/repo")
    assert read(allowed / "top/repo", allowed) == ("", "# A\n\nText.\n")


@pytest.mark.parametrize("made", [worktree, shared_clone, separate_git_directory], ids=lambda made: made.__name__)
def test_folders_of_a_repository_that_are_elsewhere_are_allowed_by_name_and_noted(
    made: Callable[[Path, Path], None], allowed: Path, private: Path
) -> None:
    made(private, allowed / "repo")
    problems, _ = read(allowed / "repo", allowed)
    folder = problems.partition("--allow-path ")[2].split()[0].rstrip(";.)")
    permissions = Permissions(folders=(allowed, private, Path(folder)))
    assert SECRET in read(allowed / "repo", allowed, permissions)[1]
    assert folder in permissions.uses.files


def test_a_socket_of_git_itself_is_no_fault(allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = repository(allowed / "repo", "Text.")
    monkeypatch.chdir(repo / ".git")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("fsmonitor--daemon.ipc")
        assert read(repo, allowed) == ("", "# A\n\nText.\n")
