"""Documents of a repository: what is fetched, which files are meant, and what is kept."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from repositories import Repository, dumb_server, smart_server

from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode
from fms_dgt.documents import Collection, GitDocuments, git_cache, git_collection
from fms_dgt.errors import InputError, Problem

FILES = {
    "README.md": "# Read me\n",
    "docs/guide.md": "# Guide\n\nHow to.\n",
    "docs/deep/more.markdown": "# More\n",
    "docs/LOUD.MD": "# Loud\n",
    "docs/with space.md": "# Space\n",
    "docs/.hidden.md": "# Hidden\n",
    "docs/한국어 문서.md": "# 한국어\n",
    "docs/" + unicodedata.normalize("NFD", "é한.md"): "# Accents\n",
    "docs/brackets[1].md": "# Brackets\n",
    "docs/picture.png": b"\x89PNG",
    "LICENSE": "Do as you like.\n",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repo")
    made.commit(FILES)
    return made


def collection(repo: Repository | str, cache: Path, *patterns: str, commit: str = "main") -> Collection:
    where = repo if isinstance(repo, str) else str(repo.folder)
    return git_collection(GitDocuments(repo=where, commit=commit, patterns=list(patterns)), cache=cache)


def texts(documents: Collection) -> dict[str, str]:
    return {document.name: document.text for document in documents}


def wrong(documents: Collection) -> str:
    problems = documents.problems()
    assert problems
    with pytest.raises(InputError):
        next(iter(documents))
    with pytest.raises(InputError):
        documents.names()
    return "\n".join(map(str, problems))


def test_the_task_key_is_read() -> None:
    problems: list[Problem] = []
    node = Node.of({"repo": "https://x/y", "commit": "abc", "patterns": ["*.md"]}, "task.yaml")
    assert decode(GitDocuments, node, problems) == GitDocuments(
        repo="https://x/y", commit="abc", patterns=["*.md"]
    )
    decode(GitDocuments, Node.of({"repo": "x", "commit": 1234567, "patterns": []}, "task.yaml"), problems)
    assert [problem.what for problem in problems] == ["must be text, not 1234567", "is empty"]


@pytest.mark.parametrize("form", ["full", "upper", "short", "branch", "tag", "annotated", "HEAD", "slashed"])
def test_a_commit_in_any_form(repo: Repository, tmp_path: Path, form: str) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.git("tag", "v1")
    repo.git("tag", "-a", "v2", "-m", "x")
    repo.git("branch", "team/next")
    if form in ("full", "upper", "short", "tag", "annotated"):
        repo.commit({"README.md": "# Later\n"})
    else:
        repo.commit({"README.md": "# Read me\n", "other.md": "x"})
    commit = {
        "full": first,
        "upper": first.upper(),
        "short": first[:7],
        "branch": "main",
        "tag": "v1",
        "annotated": "v2",
        "HEAD": "HEAD",
        "slashed": "team/next",
    }[form]
    assert texts(collection(repo, tmp_path / "c", "README.md", commit=commit)) == {"README.md": "# Read me\n"}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("README.md", ["README.md"]),
        ("./README.md", ["README.md"]),
        ("/README.md", ["README.md"]),
        ("  README.md ", ["README.md"]),
        ("readme.md", ["README.md"]),
        ("LICENSE", ["LICENSE"]),
        ("*.md", ["README.md"]),
        ("docs/*.MD", ["docs/LOUD.MD"]),
        ("docs/with space.md", ["docs/with space.md"]),
        ("docs/한국어*.md", ["docs/한국어 문서.md"]),
        ("docs/é한.md", ["docs/" + unicodedata.normalize("NFD", "é한.md")]),
        ("docs/brackets[1].md", ["docs/brackets[1].md"]),
        ("docs/.hidden.md", ["docs/.hidden.md"]),
        ("**/*.markdown", ["docs/deep/more.markdown"]),
        ("**/guide.md", ["docs/guide.md"]),
        ("**/README.md", ["README.md"]),
        ("docs//deep/", ["docs/deep/more.markdown"]),
        ("d?cs/g*.md", ["docs/guide.md"]),
        ("docs/[fg]uide.md", ["docs/guide.md"]),
    ],
)
def test_patterns_in_odd_forms(repo: Repository, tmp_path: Path, pattern: str, names: list[str]) -> None:
    documents = collection(repo, tmp_path / "c", pattern)
    assert documents.problems() == []
    assert documents.names() == names == [document.name for document in documents]


def test_a_wide_pattern_leaves_out_what_nothing_reads_and_says_so(repo: Repository, tmp_path: Path) -> None:
    documents = collection(repo, tmp_path / "c", "**", "README.md")
    assert documents.names() == sorted(set(FILES) - {"LICENSE", "docs/picture.png", "docs/.hidden.md"})
    assert any("picture.png" in note for note in documents.notes())
    assert any("LICENSE" in note for note in documents.notes())


def test_a_pattern_that_matches_nothing_lists_what_there_is(repo: Repository, tmp_path: Path) -> None:
    said = wrong(collection(repo, tmp_path / "c", "docs/guides.md", "docs/*.png"))
    assert "docs/guides.md: matches no file" in said
    assert "did you mean 'docs/guide.md'? the repository has: README.md" in said
    assert "picture.png: nothing reads .png" in said


def test_what_it_lists_is_shortened(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "repo")
    repo.commit({f"page{number:03}.md": f"# {number}\n" for number in range(300)})
    said = wrong(collection(repo, tmp_path / "c", "nothing.md"))
    assert "page000.md" in said
    assert len(said) < 500


def test_unknown_commits_and_branches(repo: Repository, tmp_path: Path) -> None:
    assert "did you mean 'main'?" in wrong(collection(repo, tmp_path / "c", "*", commit="mian"))
    assert "has no commit" in wrong(collection(repo, tmp_path / "c", "*", commit="dead" * 10))
    assert "has no commit" in wrong(collection(repo, tmp_path / "c", "*", commit="deadbee"))


def test_a_short_commit_that_means_two(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "repo")
    seen: dict[str, str] = {}
    tree = repo.git("hash-object", "-t", "tree", "-w", "/dev/null")
    parent: list[str] = []
    for number in range(3000):
        made = subprocess.run(
            ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
            cwd=repo.folder,
            input=f"tree {tree}\n{''.join(parent)}author A <a@x> {number} +0000\ncommitter A <a@x> {number} +0000\n\nx\n",
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        parent = [f"parent {made}\n"]
        if made[:4] in seen:
            break
        seen[made[:4]] = made
    repo.git("update-ref", "refs/heads/main", made)
    assert "write more of it" in wrong(collection(repo, tmp_path / "c", "*", commit=made[:4]))


def test_300_files_come_sorted_and_whole(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "repo")
    pages = {f"p/{number}.md": f"# Page {number}\n" for number in range(300)}
    repo.commit(pages)
    documents = collection(repo, tmp_path / "c", "p/*.md")
    assert list(texts(documents).items()) == sorted(pages.items())


def test_a_large_an_empty_and_a_binary_file(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "repo")
    large = "# Large\n\n" + "word " * 1_000_000 + "\n"
    repo.commit({"large.md": large, "empty.md": "", "binary.md": b"\x00\x01\x02\xff" * 100})
    documents = collection(repo, tmp_path / "c", "large.md", "empty.md")
    assert texts(documents) == {"empty.md": "", "large.md": large}
    assert ["empty.md is empty" in note for note in documents.notes()] == [True]
    said = collection(repo, tmp_path / "c", "*.md").problems()
    assert [problem.what for problem in said] == ["is binary, not text; leave it out"]
    assert "binary.md" in said[0].where


def test_names_that_are_not_utf8_stay_apart(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "repo")
    repo.commit({"n\udcfe.md": "one", "n\udcff.md": "two"})  # noqa: F601 (they differ)
    documents = collection(repo, tmp_path / "c", "*.md")
    assert {one.name: one.text for one in documents} == {"n\\xfe.md": "one", "n\\xff.md": "two"}


def test_a_branch_with_a_long_name_in_another_script(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "repo")
    repo.commit({"a.md": "one"})
    repo.git("branch", "中" * 70)
    documents = collection(repo, tmp_path / "c", "a.md", commit="中" * 70)
    assert documents.problems() == []


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "repo")
    repo.commit(
        {
            "mark.md": "\ufeffmark\r\nline\r".encode(),
            "utf16.md": "Größe".encode("utf-16"),
            "western.md": "The café costs 5 €\n".encode("cp1252"),
            "russian.md": "Просто текст на русском языке\n".encode("cp1251"),
        }
    )
    documents = collection(repo, tmp_path / "c", "mark.md", "utf16.md", "western.md")
    expected = {"mark.md": "mark\nline\n", "utf16.md": "Größe", "western.md": "The café costs 5 €\n"}
    assert texts(documents) == expected
    assert ["western.md is not UTF-8 and was read as Windows-1252" in note for note in documents.notes()] == [
        True
    ]
    said = collection(repo, tmp_path / "c", "russian.md").problems()
    assert "encoding that cannot be told; save it as UTF-8" in said[0].what


def test_the_fingerprint_follows_the_content(repo: Repository, tmp_path: Path) -> None:
    first = collection(repo, tmp_path / "c", "*.md").fingerprint()
    repo.commit({"docs/other.md": "x"})
    assert collection(repo, tmp_path / "c", "*.md").fingerprint() == first
    repo.commit({"README.md": "# Changed\n"})
    changed = collection(repo, tmp_path / "c", "*.md").fingerprint()
    repo.git("mv", "README.md", "READ.md")
    repo.commit({})
    assert len({first, changed, collection(repo, tmp_path / "c", "*.md").fingerprint()}) == 3


def test_without_network_what_is_cached_serves(repo: Repository, tmp_path: Path) -> None:
    cache, first = tmp_path / "c", repo.git("rev-parse", "HEAD")
    with smart_server(tmp_path) as server:
        url = f"{server}/repo"
        for commit in (first, first[:8], "main"):
            assert texts(collection(url, cache, "README.md", commit=commit)) == {"README.md": "# Read me\n"}
    for commit in (first, first[:8], "main"):
        documents = collection(url, cache, "README.md", commit=commit)
        assert texts(documents) == {"README.md": "# Read me\n"}
        assert ["as last fetched" in note for note in documents.notes()] == [True] * (commit == "main")
    assert "cannot be fetched" in wrong(collection(url, tmp_path / "empty", "README.md", commit=first))
    assert "cannot be fetched" in wrong(collection(url, cache, "README.md", commit="other"))


def test_a_branch_is_asked_for_anew_each_time(repo: Repository, tmp_path: Path) -> None:
    documents = collection(repo, tmp_path / "c", "README.md")
    assert texts(documents) == {"README.md": "# Read me\n"}
    repo.commit({"README.md": "# New\n"})
    assert texts(documents) == {"README.md": "# Read me\n"}
    assert texts(collection(repo, tmp_path / "c", "README.md")) == {"README.md": "# New\n"}


def test_only_one_commit_is_fetched(repo: Repository, tmp_path: Path) -> None:
    old = repo.git("rev-parse", "HEAD")
    new = repo.commit({"README.md": "# New\n"})
    with smart_server(tmp_path) as server:
        collection(f"{server}/repo", tmp_path / "c", "README.md", commit=new).names()
    (fetched,) = (tmp_path / "c").glob("git/*/commits/*")
    said = subprocess.run(["git", "cat-file", "-e", old], cwd=fetched, capture_output=True)
    assert (fetched.name, said.returncode != 0) == (new, True)


def test_a_server_of_plain_files(repo: Repository, tmp_path: Path) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.commit({"README.md": "# Later\n"})
    repo.git("update-server-info")
    with dumb_server(tmp_path) as server:
        for commit in (first, "main", first[:9]):
            documents = collection(f"{server}/repo/.git", tmp_path / commit, "README.md", commit=commit)
            expected = "# Later\n" if commit == "main" else "# Read me\n"
            assert texts(documents) == {"README.md": expected}


def test_over_ssh(repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/ssh"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nfor last; do :; done\nexec sh -c "$last"\n'
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    for number, url in enumerate([f"ssh://git@host:22{repo.folder}", f"git@host:{repo.folder}"]):
        documents = collection(url, tmp_path / f"c{number}", "README.md")
        assert texts(documents) == {"README.md": "# Read me\n"}
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) >= 4
    assert all("BatchMode=yes" in line for line in asked)


def test_a_commit_is_listed_once(repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def git(arguments: list[str], **options: object) -> bytes:
        asked.append(arguments)
        return real(arguments, **options)

    real = git_cache.git
    texts(collection(repo, tmp_path / "cache", "docs/*.md"))
    monkeypatch.setattr(git_cache, "git", git)
    monkeypatch.setattr("fms_dgt.documents.git.git", git, raising=False)
    texts(collection(repo, tmp_path / "cache", "docs/*.md"))
    assert [arguments[0] for arguments in asked if "ls-tree" in arguments] == ["ls-tree"]


def test_a_damaged_cache_is_made_anew(repo: Repository, tmp_path: Path) -> None:
    collection(repo, tmp_path / "c", "README.md").names()
    (fetched,) = (tmp_path / "c").glob("git/*/commits/*")
    for pack in fetched.rglob("*.pack"):
        pack.unlink()
    assert texts(collection(repo, tmp_path / "c", "README.md")) == {"README.md": "# Read me\n"}


KILLED = """
import os, sys
from pathlib import Path
from fms_dgt.documents import GitDocuments, git_collection, git_cache
if sys.argv[3] == "kill":
    fetch = git_cache.GitCache._fetch
    def killed(self, commit, folder):
        fetch(self, commit, folder)
        os.kill(os.getpid(), 9)
    git_cache.GitCache._fetch = killed
spec = GitDocuments(repo=sys.argv[1], commit="main", patterns=["*.md"])
print(git_collection(spec, cache=Path(sys.argv[2])).names())
"""


def launch(repo: Repository, cache: Path, how: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", KILLED, str(repo.folder), str(cache), how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_killed_in_the_middle_of_a_fetch(repo: Repository, tmp_path: Path) -> None:
    process = launch(repo, tmp_path / "c", "kill")
    process.communicate()
    assert process.returncode == -9
    assert not list((tmp_path / "c").glob("git/*/commits/[0-9a-f]*"))
    assert texts(collection(repo, tmp_path / "c", "*.md")) == {"README.md": "# Read me\n"}


def test_several_processes_at_once(repo: Repository, tmp_path: Path) -> None:
    processes = [launch(repo, tmp_path / "c", "") for _ in range(3)]
    assert {process.communicate()[0] for process in processes} == {"['README.md']\n"}
    assert len(list((tmp_path / "c").glob("git/*/commits/*"))) == 1
    assert not list((tmp_path / "c").glob("git/*/commits/.part*"))


def test_where_the_cache_is(repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = GitDocuments(repo="repo", commit="main", patterns=["*.md"])
    monkeypatch.delenv("FMS_DGT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert git_collection(spec, root=tmp_path).names() == ["README.md"]
    assert (tmp_path / "xdg/fms_dgt/git").is_dir()
    monkeypatch.setenv("FMS_DGT_CACHE", str(tmp_path / "named"))
    assert git_collection(spec, root=tmp_path).names() == ["README.md"]
    assert (tmp_path / "named/git").is_dir()


def test_a_cache_that_cannot_be_written(repo: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "FMS_DGT_CACHE" in wrong(collection(repo, tmp_path / "file", "*.md"))


def test_git_that_is_not_there(repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert "the program 'git' is missing" in wrong(collection(repo, tmp_path / "c", "*.md"))
