"""The folder of a Hugging Face dataset reads nothing outside of itself, and makes no request."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import datasets
import pytest
from hostile import ROWS, collector

from fms_dgt.core.table_source import Table
from fms_dgt.errors import InputError
from fms_dgt.safety.permissions import Permissions, under

SECRET = "the-content-of-a-private-file"


@pytest.fixture
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder elsewhere that holds rows, a text and a saved dataset."""
    folder = tmp_path_factory.mktemp("private")
    (folder / "rows.jsonl").write_text(json.dumps({"prompt": SECRET}) + "\n")
    (folder / "a.txt").write_text(SECRET + "\n")
    datasets.Dataset.from_list([{"prompt": SECRET}]).save_to_disk(folder / "saved")
    return folder


def refusal(folder: Path, **options: Any) -> str:
    """Why the rows of a folder are not read, by a task that may read below its parent, and by a program."""
    found = []
    for permissions in (Permissions(folders=(folder.parent.resolve(),)), Permissions()):
        with under(permissions), pytest.raises(InputError) as caught:
            list(Table.at(folder, **options))
        assert SECRET not in str(caught.value)
        found.append(str(caught.value))
    return found[0]


def write_card(folder: Path, data_files: Any, **more: Any) -> Path:
    """A folder whose README names its data files."""
    folder.mkdir(exist_ok=True)
    config = {"config_name": "default", "data_files": data_files, **more}
    (folder / "README.md").write_text(f"---\n{json.dumps({'configs': [config]})}\n---\n\n# Rows\n")
    return folder


@pytest.mark.parametrize(
    "written",
    [
        "OUT/rows.jsonl",
        "REL/rows.jsonl",
        "data/../REL/rows.jsonl",
        "file://OUT/rows.jsonl",
        "zip://*.jsonl::OUT/rows.jsonl",
        "OUT/a.txt",
        "~/rows.jsonl",
        ["train.jsonl", "OUT/rows.jsonl"],
        [{"split": "train", "path": ["train.jsonl", "OUT/rows.jsonl"]}],
        {"train": "OUT/rows.jsonl"},
    ],
    ids=str,
)
@pytest.mark.parametrize("card", ["README.md", ".huggingface.yaml"])
def test_a_readme_names_no_file_outside(tmp_path: Path, private: Path, written: Any, card: str) -> None:
    folder = tmp_path / "rows"
    text = json.dumps(written).replace("OUT", str(private)).replace("REL", os.path.relpath(private, folder))
    write_card(folder, json.loads(text))
    (folder / "train.jsonl").write_text('{"prompt": "a"}\n')
    if card != "README.md":
        text = (folder / "README.md").read_text().split("---")[1]
        (folder / "README.md").unlink()
        (folder / card).write_text(text)
    assert "which is outside of it" in refusal(folder)


def test_a_readme_names_no_other_place_to_look_in(tmp_path: Path, private: Path) -> None:
    folder = write_card(tmp_path / "rows", "rows.jsonl", data_dir=os.path.relpath(private, tmp_path / "rows"))
    assert "which is outside of it" in refusal(folder)


def test_a_readme_makes_no_request(project: Any) -> None:
    with collector() as server:
        made = project({"task.yaml": ROWS + "input: {path: rows, split: train}\n", "rows/a.txt": "x\n"})
        write_card(made.path / "rows", f"{server.url}/rows.jsonl")
        result = made.run("--task-paths", "task.yaml", "--config-path", "offline", "--check")
    assert result.code == 2
    assert not server.requests


@pytest.mark.parametrize("name", ["train.jsonl", "README.md", "a.txt", "dataset_infos.json"])
def test_a_link_that_leads_out_is_refused(tmp_path: Path, private: Path, name: str) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "train.csv").write_text("prompt\na\n")
    (folder / name).symlink_to(private / "rows.jsonl")
    assert "is a link to what the dataset may not read" in refusal(folder)


def test_a_link_to_the_kernel_s_files_and_a_pipe_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "a.txt").symlink_to("/proc/self/environ")
    assert "is a link" in refusal(folder)
    with under(Permissions(folders=(Path("/"),))), pytest.raises(InputError, match="not a regular file"):
        list(Table.at(folder))


@pytest.mark.parametrize(
    "name", ["REL/data-00000-of-00001.arrow", "OUT/data-00000-of-00001.arrow", "../x", 1]
)
def test_the_state_of_a_saved_dataset_names_no_file_outside(
    tmp_path: Path, private: Path, name: str | int
) -> None:
    folder = tmp_path / "rows"
    datasets.Dataset.from_list([{"prompt": "a"}]).save_to_disk(folder)
    saved = private / "saved"
    state = json.loads((folder / "state.json").read_text())
    if isinstance(name, str):
        name = name.replace("OUT", str(saved)).replace("REL", os.path.relpath(saved, folder))
    state["_data_files"] = [{"filename": name}]
    (folder / "state.json").write_text(json.dumps(state))
    assert "which is not a plain name" in refusal(folder)


def test_the_splits_of_a_saved_dataset_are_folders_in_it(tmp_path: Path, private: Path) -> None:
    folder = tmp_path / "rows"
    datasets.DatasetDict(train=datasets.Dataset.from_list([{"prompt": "a"}])).save_to_disk(folder)
    split = os.path.relpath(private / "saved", folder)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": [split]}))
    assert "which is not a plain name" in refusal(folder, split=split)


@pytest.mark.parametrize("saved", [False, True])
def test_a_row_that_names_a_picture_does_not_fetch_it(tmp_path: Path, saved: bool) -> None:
    folder = tmp_path / "rows"
    with collector() as server:
        row = {"prompt": "a", "image": {"path": f"{server.url}/a.png", "bytes": None}}
        features = datasets.Features(prompt=datasets.Value("string"), image=datasets.Image())
        rows = datasets.Dataset.from_list([row], features=features)
        if saved:
            rows.save_to_disk(folder)
        else:
            folder.mkdir()
            rows.to_parquet(folder / "train.parquet")
        # writing them looks the picture up, too
        server.requests.clear()
        assert list(Table.at(folder)) == [row]
    assert not server.requests


def test_kinds_of_files_that_name_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.h5").write_bytes(b"\x89HDF\r\n")
    assert "holds files of the kind 'hdf5', which are not read" in refusal(tmp_path / "rows")


def test_each_file_that_is_read_is_noted(tmp_path: Path) -> None:
    folder = write_card(tmp_path / "rows", [{"split": "train", "path": "data/*.jsonl"}])
    (folder / "data").mkdir()
    for number in range(2):
        (folder / "data" / f"{number}.jsonl").write_text(f'{{"a": {number}}}\n')
    permissions = Permissions(folders=(tmp_path.resolve(),))
    with under(permissions):
        assert list(Table.at(folder)) == [{"a": 0}, {"a": 1}]
    assert {str(folder / "data" / "0.jsonl"), str(folder / "data" / "1.jsonl")} <= set(permissions.uses.files)


def test_links_of_the_hub_s_cache_are_followed(tmp_path: Path) -> None:
    snapshot, blobs = tmp_path / "snapshots" / "c1", tmp_path / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    (blobs / "b1").write_text('{"a": 1}\n')
    (snapshot / "train.jsonl").symlink_to("../../blobs/b1")
    assert list(Table.at(snapshot)) == [{"a": 1}]


def test_a_dataset_on_the_hub_names_no_file_here(tmp_path: Path, private: Path, monkeypatch: Any) -> None:
    card = write_card(tmp_path / "card", str(private / "rows.jsonl")) / "README.md"
    loaded: list[Any] = []
    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", lambda *_, **__: type("Info", (), {"sha": "c"}))
    empty = tmp_path / "empty"
    empty.touch()
    files = {"README.md": card, ".huggingface.yaml": empty}
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda _, name, **__: str(files[name]))
    monkeypatch.setattr(datasets, "load_dataset", lambda *given, **_: loaded.append(given))
    with pytest.raises(InputError, match="which is outside of it"):
        list(Table.at("nobody/rows"))
    assert not loaded
