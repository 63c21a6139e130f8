"""Data files that somebody deletes, replaces or edits, in mid-run and after, are made anew."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import fms_dgt
import pytest
from fms_dgt.errors import FolderError
from fms_dgt.runner.dataset import Dataset
from fms_dgt.runner.decide import Decision
from fms_dgt.runner.open_files import OpenFiles
from fms_dgt.safety.files import OutputFolder
from tampering import ROWS, Rows

AT = "if 'number 40.' in prompt:\n    path = OUT / 'walk' / 'data.jsonl'\n    "
DEEDS = {
    "deleted": "path.unlink()",
    "emptied": "path.write_text('')",
    "edited": "path.write_text('{\"junk\": 1}\\n')",
    "a byte edited, size and time kept": (
        "state = path.stat(); data = bytearray(path.read_bytes()); data[-5] ^= 1; path.write_bytes(data);"
        " os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))"
    ),
    "replaced": "path.with_name('x').write_text('junk\\n'); os.replace(path.with_name('x'), path)",
    "moved away": "os.replace(path, OUT / 'elsewhere')",
    "a link put in its place": "path.unlink(); path.symlink_to(OUT.parent / 'victim')",
    "its folder removed": "shutil.rmtree(OUT / 'walk'); (OUT / 'walk').mkdir()",
}


def kept(rows: Rows) -> tuple[bytes, bytes]:
    return rows.data.read_bytes(), (rows.data.parent / "rejected.jsonl").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    rows = Rows(tmp_path_factory.mktemp("undisturbed"))
    rows.run()
    return kept(rows)


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_touched_in_mid_run_is_made_anew(
    tmp_path: Path, undisturbed: tuple[bytes, bytes], deed: str
) -> None:
    (tmp_path / "victim").write_text("precious")
    rows = Rows(tmp_path, AT + DEEDS[deed])
    outcome = rows.run()
    assert outcome.complete
    assert kept(rows) == undisturbed
    assert any("was changed by another program" in note for note in outcome.finished.notes)
    assert (tmp_path / "victim").read_text() == "precious"
    again = rows.run()
    assert again.tasks["walk"].why == "complete already; nothing was asked"
    assert kept(rows) == undisturbed
    assert len(rows.asked) == ROWS


def test_what_is_touched_in_an_early_ended_run_is_made_anew(tmp_path: Path) -> None:
    rows = Rows(tmp_path, AT + "path.unlink()")
    outcome = rows.run(max_calls=50)
    assert outcome.finished.exit_code == 1
    assert len(list(outcome.records)) == outcome.counts["records"] > 40


def _same_size_and_time(path: Path) -> None:
    state = path.stat()
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


AFTER = {
    "deleted": Path.unlink,
    "edited, size and time kept": _same_size_and_time,
    "appended to": lambda path: path.write_text(path.read_text() + "{}\n"),
}


@pytest.mark.parametrize("name", ["data.jsonl", "rejected.jsonl", "run.json"])
@pytest.mark.parametrize("deed", AFTER)
def test_what_is_touched_after_a_run_is_made_anew_without_a_call(
    tmp_path: Path, undisturbed: tuple[bytes, bytes], name: str, deed: str
) -> None:
    # a rejection, so that the file has something in it
    rows = Rows(tmp_path, "if 'number 7.' in prompt:\n    return Completion('')")
    rows.run()
    before = kept(rows)
    AFTER[deed](rows.data.parent / name)
    outcome = rows.run()
    assert outcome.complete
    assert outcome.counts["calls"] == 0
    assert kept(rows) == before
    assert json.loads((rows.data.parent / "run.json").read_text())["records"] == ROWS - 1
    assert rows.run().tasks["walk"].why == "complete already; nothing was asked"


def test_a_copied_folder_is_complete_by_its_content(tmp_path: Path) -> None:
    rows = Rows(tmp_path)
    rows.run()
    for name in ("data.jsonl", "rejected.jsonl", "run.json"):
        path = rows.data.parent / name
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    assert rows.run().tasks["walk"].why == "complete already; nothing was asked"


def test_an_old_note_of_a_missing_file_does_not_make_a_folder_complete(tmp_path: Path) -> None:
    rows = Rows(tmp_path)
    rows.run()
    with sqlite3.connect(rows.journal) as db:
        ended = json.loads(db.execute("SELECT ended FROM tasks").fetchone()[0])
        ended["files"] = {"data.jsonl": [], "rejected.jsonl": []}
        db.execute("UPDATE tasks SET ended = ?", (json.dumps(ended),))
        db.execute("DELETE FROM checks")
    db.close()
    rows.data.unlink()
    outcome = rows.run()
    assert outcome.counts["calls"] == 0
    assert len(list(outcome.records)) == ROWS


@pytest.mark.parametrize("among", [64, 1], ids=["open", "closed meanwhile"])
@pytest.mark.parametrize("deed", ["edit", "delete"])
def test_a_source_never_reads_records_that_somebody_changed(tmp_path: Path, deed: str, among: int) -> None:
    dataset = Dataset(OutputFolder(tmp_path), {}, OpenFiles(among), keep_places=True)
    dataset.add(Decision(records=[{"text": "first"}, {"text": "second"}]))
    dataset.publish()
    dataset.show()
    assert dataset.record(1) == {"text": "second"}
    if deed == "edit":
        data = (tmp_path / "data.jsonl").read_bytes()
        (tmp_path / "data.jsonl").write_bytes(data.replace(b"second", b"2econd"))
    else:
        (tmp_path / "data.jsonl").unlink()
        if among > 1:
            # what is open is what was written, whoever removed its name
            assert dataset.record(1) == {"text": "second"}
            return
        dataset.add(Decision(rejections=[{"reason": "another file takes its turn"}]))
        dataset.show()
    with pytest.raises(FolderError, match=r"data\.jsonl"):
        dataset.record(1)


def test_outcomes_can_be_read_from_python_after_a_repair(tmp_path: Path) -> None:
    outcome = Rows(tmp_path, AT + "path.unlink()").run()
    assert isinstance(outcome, fms_dgt.Outcome)
    assert [record["number"] for record in outcome.records] == list(range(ROWS))
