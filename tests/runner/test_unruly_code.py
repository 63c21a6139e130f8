"""Whatever code of a third party does, at whatever place: it costs its row, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from engine import TOYS, listening
from fms_dgt import Flow, Map, Row, Together, hookimpl, stage
from fms_dgt.errors import InputError, RunError, UserError
from fms_dgt.runner import tries

sys.path.insert(0, str(TOYS))
import unruly

TASK = {
    "task_name": "unruly",
    "task_description": "Whatever.",
    "created_by": "the tests",
    "data_builder": "unruly",
}
# at these places nothing that is given goes into the data
NO_VALUES = {"record", "generate", "add"}
# where nothing is awaited, code that cancels its own task changes nothing
SYNCHRONOUS = {"map", "list", "find", "record"}
# where a value goes into a record, whose class makes a list of a set
MADE = {"map", "stage", "steps", "own task", "list", "Together", "ForEach"}
STAGE_OF = {
    "map": "made",
    "rejection": "reject",
    "stage": "_stage",
    "steps": "_steps",
    "own task": "_own_task",
    "list": "_listed",
    "Together": "together_made_idle",
    "ForEach": "each_item",
    "validator": "unruly",
    "generate": "ask",
    "completion": "ask",
}
PLACES = [place for place in unruly._PLACES if place not in ("open", "close", "source", "hook")]
RAISED = [*unruly.RAISED, *unruly.CANCELLED]


def run(folder: Path, place: str, kinds: list[str], kind: str = "", **settings: Any) -> fms_dgt.Outcome:
    generator = {"type": "rough", "fails_at": place, "fault": kind}
    said = {**TASK, "place": place, "kinds": ["", *kinds]}
    return fms_dgt.run(
        said, include=[TOYS / "unruly.py"], generator=generator, output_dir=folder, progress=False, **settings
    )


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "FIRST_DELAY", 0.001)


def kinds_of(place: str) -> list[str]:
    raised = [kind for kind in RAISED if kind not in unruly.CANCELLED or place != "add"]
    # (commit runs in the task of the whole run where outcomes come from the journal)
    return [*raised, *([] if place in NO_VALUES else unruly.VALUES)]


def kept_all_the_same(place: str) -> set[str]:
    kept = {"cancels itself"} if place in SYNCHRONOUS else set()
    kept |= {"a set"} if place in MADE else set()
    # an item alone is left out
    return kept | ({"a reason that is not text"} if place == "ForEach" else set())


def made_again(folder: Path, outcome: fms_dgt.Outcome, place: str, kinds: list[str]) -> bool:
    """Whether a second run makes the same files from the journal alone."""
    files = {path: path.read_bytes() for path in outcome.tasks["unruly"].files.values()}
    for path in files:
        path.unlink()
    again = run(folder, place, kinds, max_concurrency=4)
    return again.counts["calls"] == 0 and all(path.read_bytes() == data for path, data in files.items())


@pytest.mark.parametrize("place", PLACES)
def test_a_row_pays_for_its_own_code_alone(tmp_path: Path, place: str) -> None:
    bad = kinds_of(place)
    among = [each for kind in bad for each in ("", kind)]
    outcome = run(tmp_path, place, among, max_concurrency=4)
    task = outcome.tasks["unruly"]
    assert task.end == "exhausted"
    assert (outcome.finished.exit_code, outcome.complete) == ((1, False) if task.failed else (0, True))
    records = list(outcome.records)
    if place != "list":  # whose first row of two is fine
        assert {record["kind"] for record in records} - {""} == kept_all_the_same(place)
    assert sum(not record["kind"] for record in records) == (len(bad) + 1) * (2 if place == "list" else 1)
    rejected = list(outcome.rejections)
    assert len(rejected) == len(set(bad) - kept_all_the_same(place))
    assert all(row["reason"] for row in rejected)
    assert {row["stage"] for row in rejected} <= {STAGE_OF.get(place, place), "record"}
    assert made_again(tmp_path, outcome, place, among)


@pytest.mark.parametrize("kind", unruly.WRITABLE)
def test_what_json_can_hold_is_kept(tmp_path: Path, kind: str) -> None:
    outcome = run(tmp_path, "map", [kind])
    assert [record["kind"] for record in outcome.records] == ["", kind]
    assert made_again(tmp_path, outcome, "map", [kind])


@pytest.mark.parametrize("kind", RAISED)
def test_a_backend_that_does_not_open_stops_the_run_before_it_costs_anything(
    tmp_path: Path, kind: str
) -> None:
    with pytest.raises(UserError, match="cannot be opened|the disk is on fire"):
        run(tmp_path, "open", ["", ""], kind)
    assert (tmp_path / "unruly" / "run.json").exists()
    assert run(tmp_path, "open", ["", ""]).counts["records"] == 3


@pytest.mark.parametrize("kind", RAISED)
def test_a_backend_that_does_not_close_changes_nothing(tmp_path: Path, kind: str) -> None:
    outcome = run(tmp_path, "close", ["", ""], kind)
    assert outcome.complete
    assert outcome.counts["records"] == 3


@pytest.mark.parametrize("kind", [*RAISED, "NaN", "hostile", "5,000 levels"])
def test_a_source_that_fails_stops_the_run_and_what_there_was_is_kept(tmp_path: Path, kind: str) -> None:
    if kind == "cancels itself":
        pytest.skip("a source runs in the task of the whole run")
    error = UserError if kind == "an error of ours" else RunError
    with pytest.raises((error, UserError), match="the source of unruly failed at unit 1|fire|wanted"):
        run(tmp_path, "source", [kind])
    assert json.loads((tmp_path / "unruly" / "run.json").read_text())["end"] == "stopped"


@pytest.mark.parametrize("kind", [kind for kind in RAISED if kind not in unruly.CANCELLED])
def test_a_hook_is_switched_off(tmp_path: Path, kind: str) -> None:
    class Hook:
        @hookimpl
        def record_kept(self) -> None:
            unruly.misbehave(kind)

    with listening(Hook()):
        outcome = run(tmp_path, "hook", ["", ""])
    assert outcome.complete
    assert [note for note in outcome.finished.notes if "switched off" in note]


@pytest.mark.parametrize(
    ("place", "kind", "code"),
    [
        ("own task", "sys.exit(0)", 1),
        ("steps", "sys.exit(0)", 1),
        ("open", "sys.exit(0)", 2),
        ("close", "sys.exit('text')", 0),
    ],
)
def test_the_exit_code_is_that_of_the_outcome(tmp_path: Path, place: str, kind: str, code: int) -> None:
    kinds = [kind] * 12 if code == 1 else [""]
    (tmp_path / "task.yaml").write_text(json.dumps({**TASK, "place": place, "kinds": ["", *kinds]}))
    blocks = [{"name": "generator", "type": "rough", "fails_at": place, "fault": kind}]
    (tmp_path / "config.yaml").write_text(json.dumps({"databuilders": {"unruly": {"blocks": blocks}}}))
    command = [
        *(sys.executable, "-m", "fms_dgt", "--task-paths", "task.yaml", "--config-path", "config.yaml"),
        *("--include", str(TOYS / "unruly.py"), "--output-dir", "out", "--num-outputs-to-generate", "2"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    report = json.loads((tmp_path / "out" / "unruly" / "run.json").read_text())
    assert (done.returncode == 0) == report["complete"]
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_half_a_character_in_a_reason_is_written(tmp_path: Path) -> None:
    def half(row):
        raise fms_dgt.Rejected("half \ud800", "half \ud800")

    outcome = fms_dgt.run(Flow(Map(half, needs=["x"])), data=[{"x": 1}], output_dir=tmp_path)
    assert outcome.counts["rejected"] == 1
    assert "half ?" in (tmp_path / "flow" / "run.json").read_text()


def test_a_row_of_another_unit_is_no_answer(tmp_path: Path) -> None:
    first: list[Row] = []

    @stage(needs={"x"}, makes={"x"})
    async def cached(row, kit):
        first.append(row)
        return first[0]

    outcome = fms_dgt.run(Flow(cached), data=[{"x": 1}, {"x": 2}], output_dir=tmp_path, max_concurrency=1)
    assert [record["x"] for record in outcome.records] == [1]
    [row] = outcome.rejections
    assert "a stage gives the row that it got" in row["evidence"]["error"]


def test_stages_that_give_lists_may_be_many(tmp_path: Path) -> None:
    @stage(needs={"x"}, makes={"x"})
    async def more(row, kit):
        return [row.with_(x=row["x"] + 1)]

    many = [more.named(f"more_{number}") for number in range(900)]
    outcome = fms_dgt.run(Flow(*many), data=[{"x": 0}], output_dir=tmp_path)
    assert [record["x"] for record in outcome.records] == [900]


def test_stages_inside_stages_have_an_end(tmp_path: Path) -> None:
    inner = Map(lambda row: {}, name="inner")
    for number in range(60):
        inner = Together(inner, name=f"around_{number}")
    with pytest.raises(InputError, match="more than 50 deep"):
        fms_dgt.run(Flow(inner), data=[{"x": 0}], output_dir=tmp_path)


def test_a_stage_that_fails_on_the_first_rows_is_broken_at_any_concurrency(tmp_path: Path) -> None:
    def stumble(row):
        if row["x"] < 10:
            raise ValueError(row["x"])
        return {}

    for concurrency in (1, 64):
        with pytest.raises(RunError, match="the stage 'stumble' of flow fails on every row: ValueError: 0"):
            fms_dgt.run(
                Flow(Map(stumble, needs=["x"])),
                data=[{"x": number} for number in range(40)],
                output_dir=tmp_path / str(concurrency),
                max_concurrency=concurrency,
            )
