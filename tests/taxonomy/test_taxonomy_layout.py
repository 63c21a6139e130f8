from __future__ import annotations

import os
from pathlib import Path

import pytest

from fms_dgt.config.names import fault_of
from fms_dgt.errors import InputError
from fms_dgt.taxonomy import find_spots, task_names
from fms_dgt.taxonomy.layout import shown

SKILL = "compositional_skills/a/b"


def places(root: Path, path: str = "") -> list[tuple[str, str | None]]:
    return [(spot.path, spot.kind) for spot in find_spots(root / path)]


@pytest.mark.parametrize("path", ["", "compositional_skills", SKILL, f"{SKILL}/qna.yaml"])
def test_a_node_has_the_same_path_from_wherever_it_is_found(taxonomy, path):
    root = taxonomy({SKILL: ""})
    assert places(root, path) == [(SKILL, "compositional")]


def test_folders_within_are_not_taken_for_a_taxonomy(taxonomy):
    inner = "compositional_skills/extraction/knowledge/letters"
    root = taxonomy({inner: "", "knowledge/x/knowledge/y": ""})
    assert places(root, "compositional_skills/extraction") == [(inner, "compositional")]
    assert places(root, "knowledge/x") == [("knowledge/x/knowledge/y", "knowledge")]


def test_folders_around_are_not_taken_for_a_taxonomy(taxonomy):
    root = taxonomy({"knowledge/mine/compositional_skills/a": "", "knowledge/mine/knowledge/b": ""})
    assert places(root, "knowledge/mine/knowledge") == [("knowledge/b", "knowledge")]


def test_a_file_outside_any_taxonomy(taxonomy):
    root = taxonomy({"somewhere/rhymes": ""})
    assert places(root, "somewhere/rhymes/qna.yaml") == [("rhymes", None)]
    assert places(root, "somewhere") == [("rhymes", None)]


def test_folders_with_a_dot_are_read_where_instructlab_reads_them(taxonomy):
    hidden = "knowledge/.science/a"
    tools = {".venv/knowledge/b": "", "knowledge/.git/c": "", "compositional_skills/.ipynb_checkpoints": ""}
    root = taxonomy({SKILL: "", hidden: "", **tools})
    checkpoints = root / "compositional_skills/.ipynb_checkpoints"
    (checkpoints / "qna.yaml").rename(checkpoints / "qna-checkpoint.yaml")
    assert places(root) == [(SKILL, "compositional"), (hidden, "knowledge")]
    assert places(root, "knowledge/.science") == [(hidden, "knowledge")]


def test_hidden_folders_and_other_files_are_left_out(taxonomy):
    root = taxonomy({SKILL: "", ".git/a": "", "docs/template_qna.yaml": "", "knowledge/notes.yaml": ""})
    assert places(root) == [(SKILL, "compositional")]


def test_links_in_a_circle(taxonomy):
    root = taxonomy({SKILL: ""})
    (root / "compositional_skills/loop").symlink_to(root, target_is_directory=True)
    assert places(root) == [(SKILL, "compositional")]


@pytest.mark.parametrize(
    ("path", "said"), [("none", "there is no such file"), ("empty", "no qna.yaml in or below")]
)
def test_nothing_there(taxonomy, path, said):
    root = taxonomy({})
    (root / "empty").mkdir()
    with pytest.raises(InputError, match=said):
        find_spots(root / path)


def test_names_are_paths_and_never_collide():
    paths = ["knowledge/a_b/c", "knowledge/a/b_c", "knowledge/A/b_c", "knowledge/강/q 'x'"]
    names = task_names(paths)
    assert [names[path] for path in (paths[0], paths[1], paths[3])] == [paths[0], paths[1], paths[3]]
    assert names["knowledge/A/b_c"].startswith("knowledge/A/b_c~")


ODD = [
    "a/\nb",
    "a/ b",
    "a/b ",
    "a/..",
    "a\\b",
    "a/%0A",
    "a/\n",
    "x" * 300,
    "x" * 301,
    "가" * 99,
    "a/\udcff",
    "ß",
    "ss",
    "SS",
]


def test_odd_names_can_name_folders():
    names = list(task_names(ODD).values())
    assert [fault_of(name) for name in names] == [""] * len(ODD)
    assert len({name.casefold() for name in names}) == len(ODD)


def test_odd_names_are_shown_on_one_line(taxonomy):
    root = taxonomy({"knowledge/a\nb": ""})
    os.mkdir(os.fsencode(root) + b"/knowledge/\xff")
    Path(os.fsdecode(os.fsencode(root) + b"/knowledge/\xff/qna.yaml")).write_text("")
    assert [spot.shown for spot in find_spots(root)] == [
        "knowledge/a\\nb/qna.yaml",
        "knowledge/\\udcff/qna.yaml",
    ]


def test_a_path_from_elsewhere_is_shown_in_full(taxonomy, tmp_path, monkeypatch):
    root = taxonomy({SKILL: "", "other": ""})
    monkeypatch.chdir(root / "other")
    assert shown(root / SKILL) == str(root / SKILL)


def test_a_folder_that_cannot_be_looked_into_is_not_passed_over(taxonomy, monkeypatch):
    root = taxonomy({SKILL: "", "compositional_skills/closed": ""})
    scandir = os.scandir

    def closed(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert places(root)[1] == ("compositional_skills/closed", "compositional")
