"""Links in an output folder that others may write: nothing behind them is written, emptied or appended to."""

from __future__ import annotations

import os
from pathlib import Path

import fms_dgt
import pytest
from fms_dgt.datasets.row_file import in_place_of
from fms_dgt.errors import FolderError, UserError
from fms_dgt.safety.files import OutputFolder, read_at_most

TASK = {
    "task_name": "a/t",
    "task_description": "Words.",
    "created_by": "the tests",
    "data_builder": "pipeline",
    "seed_examples": [{"x": n} for n in range(5)],
    "flow": [{"generate": {"prompt": "Say {{ x }}.", "into": "y"}}],
    "runner_config": {"save_formatted_output": True},
    "instruction_format": {"text": "{{ y }}"},
}
PRECIOUS = "precious\n"


def go(folder: Path, **settings: object) -> fms_dgt.Outcome:
    return fms_dgt.run(TASK, generator="simulated", output_dir=folder, **settings)  # type: ignore[arg-type]


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_text(PRECIOUS)
    return path


NAMES = [
    ".lock",
    ".space",
    "run.log",
    "journal.sqlite",
    "journal.sqlite-wal",
    "journal.sqlite-shm",
    "journal.sqlite-journal",
    "a/t/data.jsonl",
    "a/t/data.jsonl.part",
    "a/t/rejected.jsonl",
    "a/t/rejected.jsonl.part",
    "a/t/formatted.jsonl",
    "a/t/formatted.jsonl.part",
    "a/t/run.json",
    "a/t/run.json.part",
]


@pytest.mark.parametrize("again", [False, True], ids=["a new folder", "a folder gone on with"])
@pytest.mark.parametrize("name", NAMES)
def test_what_a_link_names_stays_as_it_is(tmp_path: Path, victim: Path, name: str, again: bool) -> None:
    out = tmp_path / "out"
    if again:
        go(out, max_calls=2)
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(victim)
    try:
        go(out, restart=name.endswith(".jsonl") and not again)
    except FolderError as error:
        assert path.name in str(error)
    assert victim.read_text() == PRECIOUS
    assert sorted(os.listdir(tmp_path)) == ["out", "victim"]


@pytest.mark.parametrize("name", ["a", "a/t", "a/t/earlier", "a/t/earlier/1"])
def test_a_folder_that_is_a_link_is_not_entered(tmp_path: Path, name: str) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "data.jsonl").write_text(PRECIOUS)
    if "earlier" in name:
        go(out)
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(elsewhere)
    with pytest.raises(FolderError, match="is a symbolic link, and links in there are not followed"):
        go(out, restart=True)
    assert os.listdir(elsewhere) == ["data.jsonl"]
    assert (elsewhere / "data.jsonl").read_text() == PRECIOUS


def test_the_output_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    assert go(tmp_path / "out").complete
    assert (tmp_path / "disk" / "a" / "t" / "data.jsonl").is_file()


@pytest.mark.parametrize(
    "name", [".lock", "run.log", "journal.sqlite", "a/t/data.jsonl.part", "a/t/run.json"]
)
@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    try:
        go(tmp_path / "out")
    except UserError as error:
        assert path.name in str(error) or str(path.parent) in str(error)


def test_prompts_and_addresses_are_for_their_owner(tmp_path: Path) -> None:
    go(tmp_path / "out")
    for name in ("journal.sqlite", "run.log"):
        assert (tmp_path / "out" / name).stat().st_mode & 0o777 == 0o600


def test_an_old_file_keeps_its_mode(tmp_path: Path) -> None:
    go(tmp_path / "out", max_calls=2)
    (tmp_path / "out" / "journal.sqlite").chmod(0o640)
    (tmp_path / "out" / "run.log").chmod(0o640)
    go(tmp_path / "out")
    for name in ("journal.sqlite", "run.log"):
        assert (tmp_path / "out" / name).stat().st_mode & 0o777 == 0o640


def test_an_export_is_written_to_a_name_that_nobody_knows_before(tmp_path: Path, victim: Path) -> None:
    (tmp_path / f".a.jsonl.{os.getpid()}.part").symlink_to(victim)
    with in_place_of(tmp_path / "a.jsonl") as part:
        part.write_text("data")
    assert victim.read_text() == PRECIOUS
    assert (tmp_path / "a.jsonl").read_text() == "data"


@pytest.mark.parametrize("name", ["../x", "a/../../x"])
def test_no_name_leads_out(tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises((OSError, ValueError)):
        OutputFolder(tmp_path / "out", tmp_path / "out" / name).make()
    assert not (tmp_path / "x").exists()


def test_a_device_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="is not a regular file"):
        read_at_most(Path("/dev/zero"))
    (tmp_path / "big").write_bytes(b"x" * 11)
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_at_most(tmp_path / "big", 10)
