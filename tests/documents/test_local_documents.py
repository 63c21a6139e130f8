"""Files, folders and globs of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fms_dgt.documents import Document, local_collection
from fms_dgt.errors import InputError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    for name in (
        "a.md",
        "docs/b.txt",
        "docs/deep/c.MD",
        "docs/.hidden/d.md",
        "docs/x.png",
        "docs/e f.md",
        "NOTES",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    (tmp_path / "beside.md").write_text("beside\n")
    return folder


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a.md"], ["a.md"]),
        (["docs"], ["docs/b.txt", "docs/deep/c.MD", "docs/e f.md"]),
        (["docs/*.md", "a.md", "docs/e f.md"], ["a.md", "docs/e f.md"]),
        (["docs/**/*"], ["docs/b.txt", "docs/deep/c.MD", "docs/e f.md"]),
        (["NOTES"], ["NOTES"]),
        (["../beside.md", "./a.md"], ["../beside.md", "a.md"]),
        (["../*.md"], ["../beside.md"]),
        (["a.md", "./a.md", "docs/../a.md", "../root/a.md"], ["a.md"]),
        (["docs/.hid*/*"], ["docs/.hidden/d.md"]),
        (["*/*.md"], ["docs/e f.md"]),
    ],
)
def test_files_folders_and_globs(root: Path, paths: list[str], names: list[str]) -> None:
    documents = local_collection(paths, root=root)
    assert documents.problems() == []
    assert documents.names() == names == [document.name for document in documents]


def test_absolute_paths(root: Path) -> None:
    documents = local_collection([root / "a.md", str(root / "docs/*.txt")], root=root)
    assert list(documents) == [Document("a.md", "# a.md\n"), Document("docs/b.txt", "# docs/b.txt\n")]


def test_what_is_left_out_is_said(root: Path) -> None:
    (note,) = local_collection(["docs"], root=root).notes()
    assert note == "docs: not read, for want of a converter: 1 .png"


def test_links_that_lead_out_are_not_followed(root: Path) -> None:
    os.symlink(root.parent / "beside.md", root / "docs/link.md")
    os.symlink(root.parent, root / "docs/up")
    os.symlink(root / "docs/b.txt", root / "docs/inside.md")
    for path in ("docs", "docs/**/*.*"):
        documents = local_collection([path], root=root)
        assert "docs/inside.md" in documents.names()
        assert not {"docs/link.md", "docs/up/beside.md"} & set(documents.names())
        assert any("out of it" in note and "not followed" in note for note in documents.notes())
    assert local_collection(["docs/link.md"], root=root).names() == ["docs/link.md"]


def test_links_that_go_round_in_circles(root: Path) -> None:
    for name in ("one", "two"):
        os.symlink(root / "docs", root / "docs" / name)
    for path in ("docs", "docs/**/*.md"):
        assert local_collection([path], root=root).names()[-1] == "docs/e f.md"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("b.md", "b.md: there is no such file; beside it there is: NOTES, a.md, docs"),
        ("no/b.md", "its folder does not exist either"),
        ("docs/*.rst", "docs/*.rst: no file there can be read; what can be read: "),
        ("*/../x", "leads out"),
        ("~nobody-of-this-name/x", "there is no such file"),
        ("x" * 5000, "File name too long"),
        ("docs/x.png", "nothing reads '.png' files; what can be read: "),
    ],
)
def test_what_is_not_there_or_cannot_be_read(root: Path, path: str, said: str) -> None:
    documents = local_collection([path], root=root)
    assert said in "\n".join(map(str, documents.problems()))
    with pytest.raises(InputError):
        documents.fingerprint()


def test_a_file_of_a_folder_that_cannot_be_read_is_named(root: Path) -> None:
    os.mkfifo(root / "docs" / "pipe.md")
    (problem,) = local_collection(["docs"], root=root).problems()
    assert str(problem).startswith("docs/pipe.md: is not a regular file")


def test_names_that_are_no_utf_8_stay_apart(root: Path) -> None:
    for letter in (b"\xfe", b"\xff"):
        with open(os.fsencode(root) + b"/docs/n" + letter + b".md", "wb") as file:  # noqa: PTH123 (bytes)
            file.write(letter)
    names = local_collection(["docs/n*.md"], root=root).names()
    assert names == ["docs/n\\xfe.md", "docs/n\\xff.md"]


def test_all_problems_come_at_once(root: Path) -> None:
    os.mkfifo(root / "pipe.md")
    said = list(map(str, local_collection(["b.md", "pipe.md", "none/*.md"], root=root).problems()))
    assert [line.partition(":")[0] for line in said] == ["b.md", "pipe.md", "none/*.md"]
    assert [problem.what for problem in local_collection([], root=root).problems()] == [
        "no documents are named"
    ]


def test_the_fingerprint_follows_the_content(root: Path) -> None:
    def fingerprint() -> str:
        return local_collection(["*.md"], root=root).fingerprint()

    first = fingerprint()
    assert fingerprint() == first
    (root / "a.md").write_text("changed")
    second = fingerprint()
    (root / "a.md").rename(root / "z.md")
    assert len({first, second, fingerprint()}) == 3


def test_only_one_document_is_held(root: Path) -> None:
    documents = iter(local_collection(["docs"], root=root))
    assert next(documents).name == "docs/b.txt"
    (root / "docs/deep/c.MD").write_text("written later")
    assert next(documents).text == "written later"
