"""What a run gives back and shows where it is started from a notebook or a program."""

from __future__ import annotations

import inspect
import io
import json
import re
import sys
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import fms_dgt
from fms_dgt.api import Settings
from fms_dgt.core.events import RecordKept, RunFinished, RunStarted, TaskFinished, TaskStarted
from fms_dgt.hooks.display import Display
from fms_dgt.json_lines import JsonLines

DEBATE = "instructlab/skills/writing/freeform/debate"


@pytest.fixture
def outcome(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return fms_dgt.run(DEBATE, generator="simulated", num_outputs_to_generate=5, output_dir="out")


def test_records_are_a_sequence(outcome):
    records = outcome.records
    lines = Path("out", DEBATE, "data.jsonl").read_text().splitlines()
    all_of_them = [json.loads(line) for line in lines]
    assert len(records) == 5
    assert records[0] == all_of_them[0]
    assert records[-1] == all_of_them[-1]
    assert records[1:3] == all_of_them[1:3]
    assert records[::-2] == all_of_them[::-2]
    assert records[9:] == []
    assert list(records) == list(records) == all_of_them
    assert list(reversed(records)) == all_of_them[::-1]
    with pytest.raises(IndexError, match="there is no row 5: there are 5"):
        records[5]
    with pytest.raises(IndexError):
        records[-6]
    assert repr(records) == f"<5 rows of out/{DEBATE}/data.jsonl>"
    assert len(outcome.rejections) == outcome.counts["rejected"]


def test_the_output_folder(outcome, tmp_path):
    assert outcome.output_dir == tmp_path / "out"


@pytest.mark.parametrize("sizes", [(0,), (1,), (256,), (257,), (600,), (3, 0, 700), (0, 0)])
def test_every_row_of_several_files_by_its_number(tmp_path, sizes):
    rows, paths = [], []
    for number, size in enumerate(sizes):
        mine = [{"file": number, "row": row, "text": "é" * (row % 7)} for row in range(size)]
        paths.append(tmp_path / f"{number}.jsonl")
        paths[-1].write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in mine))
        rows += mine
    found = JsonLines(paths)
    assert len(found) == len(rows)
    assert [found[at] for at in range(len(rows))] == rows
    assert list(found) == rows
    for wanted in (
        slice(None),
        slice(250, 270),
        slice(1, -1, 3),
        slice(None, None, -1),
        slice(5, 2),
        slice(-4, None),
    ):
        assert found[wanted] == rows[wanted]


def test_a_file_that_is_written_anew_is_read_anew(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"a": 1}\n')
    rows = JsonLines([path])
    assert len(rows) == 1
    other = tmp_path / "other.jsonl"
    other.write_text('{"a": 2}\n{"a": 3}\n')
    other.replace(path)
    assert (len(rows), rows[1]) == (2, {"a": 3})


def test_a_row_of_a_large_file_takes_little_memory(tmp_path):
    path = tmp_path / "data.jsonl"
    line = json.dumps({"text": "x" * 990}) + "\n"
    path.write_text(line * 20_000)
    rows = JsonLines([path])
    tracemalloc.start()
    assert rows[19_999]["text"].startswith("x")
    assert len(rows[10_000:10_010]) == 10
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert attrs == []

    def handle_data(self, data):
        self.text.append(data)


def test_the_picture_of_an_outcome(outcome):
    cells = Cells()
    cells.feed(outcome._repr_html_())
    assert cells.text[:2] == ["complete", ", in out"]
    assert cells.text[2:10] == [
        *("task", "records", "rejected", "end"),
        *(DEBATE, "5 of 5", str(outcome.counts["rejected"]), "reached"),
    ]
    assert "instruction" in cells.text
    assert outcome.records[0]["instruction"][:40] in "".join(cells.text)
    assert repr(outcome) == f"Outcome({DEBATE}: 5 of 5 records, reached; in out)"


def test_no_text_of_a_model_or_a_task_is_markup(tmp_path):
    evil = '<script>alert(1)</script><img src=x onerror="x">&amp;\ud800'
    file = tmp_path / "data.jsonl"
    file.write_text(json.dumps({evil: evil, "long": "<b>" * 500}) + "\n")
    task = TaskFinished(evil, "stalled", 1, 5, 0, files={"data.jsonl": file})
    drawn = fms_dgt.Outcome(RunFinished(tmp_path / evil[:8], [task], {}, 1.0, 1, 0))._repr_html_()
    cells = Cells()
    cells.feed(drawn)
    assert cells.tags <= {"p", "b", "table", "thead", "tbody", "tr", "th", "td"}
    assert "not complete" in cells.text
    drawn.encode()
    assert len(drawn) < 3_000


def test_a_picture_without_its_files_still_has_the_tasks(outcome):
    Path("out", DEBATE, "data.jsonl").unlink()
    assert DEBATE in outcome._repr_html_()


@pytest.mark.parametrize("function", [fms_dgt.run, fms_dgt.arun])
def test_help_has_every_parameter(function):
    parameters = inspect.signature(function).parameters
    assert list(parameters)[:7] == [
        "task",
        "builder",
        "data",
        "generator",
        "config",
        "progress",
        "num_outputs_to_generate",
    ]
    assert set(Settings.__annotations__) < set(parameters)
    assert parameters["max_cost"].annotation == "float | None"
    assert parameters["restart"].default is False
    assert all(entry.kind is not entry.VAR_KEYWORD for entry in parameters.values())


def test_a_parameter_at_its_default_is_as_good_as_none(outcome, tmp_path):
    usual = {
        name: entry.default
        for name, entry in inspect.signature(fms_dgt.run).parameters.items()
        if name in Settings.__annotations__
    }
    again = fms_dgt.run(
        DEBATE, generator="simulated", **{**usual, "num_outputs_to_generate": 5, "output_dir": "out"}
    )
    assert (again.complete, again.counts["calls"]) == (True, 0)


@pytest.fixture
def notebook(monkeypatch):
    """What IPython says of itself in a kernel; it is not installed here."""
    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    return ipython


def run(capsys, **more):
    fms_dgt.run(DEBATE, generator="simulated", num_outputs_to_generate=3, output_dir="out", **more)
    return capsys.readouterr()


def test_in_a_notebook_a_run_says_how_it_gets_on(project, notebook, capsys):
    project({})
    said = run(capsys)
    assert said.err == ""
    assert "  3 of 3 kept, " in said.out
    assert "note: the data of this run is simulated" in said.out


def test_in_a_program_a_run_is_silent_unless_it_is_told(project, capsys):
    project({})
    assert run(capsys) == ("", "")
    said = run(capsys, progress=True)
    assert (said.out, "3 of 3 kept" in said.err) == ("", True)


def test_a_shell_of_ipython_is_no_notebook(project, notebook, capsys):
    notebook.get_ipython = lambda: SimpleNamespace()
    project({})
    assert run(capsys) == ("", "")


def test_a_notebook_can_be_told_to_be_silent(project, notebook, capsys):
    project({})
    assert run(capsys, progress=False) == ("", "")


def test_the_line_of_a_notebook_is_written_over():
    now = [0.0]
    stream = io.StringIO()
    view = Display(stream, lambda: now[0])
    view.run_started(RunStarted(Path("out"), ["t"], "notebook"))
    view.task_started(TaskStarted("t", Path("out/t"), ["write"], 20))
    for number in range(3):
        now[0] += 2.0
        view.record_kept(RecordKept("t", number + 1, {}))
    view.run_finished(RunFinished(Path("out"), [TaskFinished("t", "reached", 3, 20, 0)], {}, 6.0, 0, 0))
    text = stream.getvalue()
    first, rest = text.split("\n", maxsplit=1)
    parts = first.split("\r")
    assert [re.sub(r",.*", "", part).strip() for part in parts] == [
        "",
        "t 1/20 kept",
        "t 2/20 kept",
        "t 3/20 kept",
        "",
        "",
    ]
    assert "\r" not in rest
    assert "3 of 20 kept" in rest
