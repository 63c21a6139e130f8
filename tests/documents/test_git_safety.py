"""Neither an address nor a repository can run a command, ask, wait, or read what is not its own."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from loopback import redirecting, refusing
from repositories import Repository, smart_server

from fms_dgt.documents import GitDocuments, git_collection
from fms_dgt.safety.git import GitFailed, Remote, git


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repo")
    made.commit({"a.md": "# A\n"})
    return made


def problems(repo: str, tmp_path: Path, *patterns: str, commit: str = "main") -> str:
    spec = GitDocuments(repo=repo, commit=commit, patterns=list(patterns) or ["*.md"])
    found = git_collection(spec, cache=tmp_path / "c", root=tmp_path).problems()
    return "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("repo", "said"),
    [
        ("ext::sh -c 'touch pwned'", "remote helper, which runs commands"),
        ("EXT::sh -c 'touch pwned'", "remote helper"),
        ("fd::17", "remote helper"),
        ("file:///etc", "write the path itself"),
        ("--upload-pack=touch pwned", "option of git"),
        ("-u./repo", "option of git"),
        ("ssh://-oProxyCommand=touch%20pwned/x", "option"),
        ("ssh://-oProxyCommand=x@host/x", "option"),
        ("-oProxyCommand=touch pwned:x", "option"),
        ("git@-oProxyCommand=x:y", "option"),
        ("ssh://`touch${IFS}pwned`/x", "a command"),
        ("git@$(touch pwned):x", "a command"),
        ("ssh://a;touch@host/x", "a command"),
        ("host:--upload-pack=x", "is not an address"),
        ("git://example.com/x", "has the scheme 'git://'"),
        ("ftp://example.com/x", "has the scheme 'ftp://'"),
        ("javascript://example.com/x", "has the scheme"),
        ("https:///x", "has no host"),
        ("https://exa mple.com:99999999/x", "is not an address"),
        ("https://example.com/x\n--upload-pack=x", "control character"),
        (" https://example.com/x", "space at its beginning"),
        (" ", "is empty"),
        ("x" * 5000, "there is no such folder"),
        ("host:" + "x" * 5000, "cannot be fetched"),
        ("~nobody-of-this-name/x", "there is no such folder"),
    ],
)
def test_addresses_that_are_refused(tmp_path: Path, repo: str, said: str) -> None:
    assert said in problems(repo, tmp_path)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    "commit",
    ["--upload-pack=x", "-x", "a b", "a..b", "a:b", "main@{1}", "^main", "x\ny", "refs/*", "", "x" * 256],
)
def test_commits_that_are_refused(repo: Repository, tmp_path: Path, commit: str) -> None:
    assert "is not a commit, branch or tag" in problems(str(repo.folder), tmp_path, commit=commit)


@pytest.mark.parametrize("pattern", ["../secret.md", "a/../../x", "/..", "a\nb", "", "/"])
def test_patterns_that_are_refused(repo: Repository, tmp_path: Path, pattern: str) -> None:
    assert f"the pattern '{pattern}'" in problems(str(repo.folder), tmp_path, pattern)


def test_links_are_not_followed(repo: Repository, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    os.symlink(tmp_path / "secret.md", repo.folder / "link.md")
    os.symlink(tmp_path, repo.folder / "folder")
    repo.commit({})
    assert "link.md: links are not followed" in problems(str(repo.folder), tmp_path, "link.md")
    assert "matches no file" in problems(str(repo.folder), tmp_path, "folder/secret.md")
    spec = GitDocuments(repo=str(repo.folder), commit="main", patterns=["**/*.md"])
    documents = git_collection(spec, cache=tmp_path / "c")
    assert [document.text for document in documents] == ["# A\n"]
    assert any("link.md: links are not followed" in note for note in documents.notes())


def test_what_a_repository_brings_along_has_no_turn(repo: Repository, tmp_path: Path) -> None:
    witness = tmp_path / "pwned"
    hook = repo.folder / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    for name in ("post-checkout", "post-upload-pack", "reference-transaction"):
        (hook.parent / name).write_text(f"#!/bin/sh\ntouch {witness}\n")
        (hook.parent / name).chmod(stat.S_IRWXU)
    repo.git("config", "uploadpack.packObjectsHook", f"touch {witness}")
    repo.git("config", "core.fsmonitor", f"touch {witness}")
    repo.git("config", "filter.evil.smudge", f"touch {witness}; cat")
    repo.git("config", "core.sshCommand", f"touch {witness}")
    modules = f'[submodule "x"]\n\tpath = x\n\turl = ext::touch {witness}\n'
    witness.unlink(missing_ok=True)
    repo.commit({".gitattributes": "*.md filter=evil\n", ".gitmodules": modules, "lfs.md": POINTER})
    witness.unlink(missing_ok=True)
    spec = GitDocuments(repo=str(repo.folder), commit="main", patterns=["a.md"])
    assert [document.text for document in git_collection(spec, cache=tmp_path / "c")] == ["# A\n"]
    assert not witness.exists()
    assert "its content is in Git LFS" in problems(str(repo.folder), tmp_path, "lfs.md")


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


def test_a_submodule_is_not_fetched(repo: Repository, tmp_path: Path) -> None:
    commit = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},module.md")
    repo.git("commit", "-q", "-m", "x")
    assert "submodules are not fetched" in problems(str(repo.folder), tmp_path, "module.md")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GIT_DIR", "/nowhere"),
        ("GIT_WORK_TREE", "/nowhere"),
        ("GIT_OBJECT_DIRECTORY", "/nowhere"),
        ("GIT_SSH_COMMAND", "touch {witness}"),
        ("GIT_EXTERNAL_DIFF", "touch {witness}"),
        ("GIT_TRACE", "{witness}"),
        ("GIT_TEMPLATE_DIR", "/nowhere"),
        ("GIT_ALLOW_PROTOCOL", "ext"),
        ("GIT_CONFIG_PARAMETERS", "'protocol.allow=always' 'uploadpack.packObjectsHook=touch {witness}'"),
    ],
)
def test_gits_own_variables_have_no_say(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    witness = tmp_path / "pwned"
    with monkeypatch.context() as patch:
        patch.setenv(name, value.format(witness=witness))
        assert problems(str(repo.folder), tmp_path) == ""
    assert not witness.exists()


def test_the_users_insteadof_cannot_lead_to_a_command(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = tmp_path / "pwned"
    config = f'[url "ext::touch {witness} "]\n\tinsteadOf = https://evil.example/\n[protocol "ext"]\n\tallow = always\n'
    (tmp_path / ".gitconfig").write_text(config)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "cannot be fetched: transport 'ext' not allowed" in problems("https://evil.example/x", tmp_path)
    assert not witness.exists()


def test_nobody_is_asked_for_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    witness = tmp_path / "asked"
    program = tmp_path / "askpass"
    program.write_text(f"#!/bin/sh\ntouch {witness}\necho secret\n")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("GIT_ASKPASS", str(program))
    monkeypatch.setenv("SSH_ASKPASS", str(program))
    with refusing() as url:
        said = problems(f"{url}/x?token=hush", tmp_path)
    assert "cannot be fetched" in said
    assert "hush" not in said
    assert not witness.exists()


def test_credentials_are_not_shown(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = problems(f"https://me:hush@127.0.0.1:{port}/x.git?key=hush", tmp_path)
    assert f"https://127.0.0.1:{port}/x.git" in said
    assert "hush" not in said


def test_a_redirect_to_another_protocol_is_not_followed(tmp_path: Path) -> None:
    with redirecting("file:///etc/") as url:
        assert "cannot be fetched" in problems(f"{url}/x", tmp_path)


def test_only_allowed_protocols_run(repo: Repository, tmp_path: Path) -> None:
    with smart_server(tmp_path) as url, pytest.raises(GitFailed, match="transport 'http' not allowed"):
        git(["ls-remote", "--", f"{url}/repo"], folder=tmp_path, remote=Remote(protocols=("https",)))
    with pytest.raises(GitFailed, match="transport 'file' not allowed"):
        git(["ls-remote", "--", str(repo.folder)], folder=tmp_path, remote=Remote(protocols=("https",)))
