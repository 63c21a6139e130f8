"""Files that a stranger names: regular files alone, lines and searches of a bounded size."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from fms_dgt.core.source import file_digest
from fms_dgt.core.table_source import Table
from fms_dgt.documents import local_collection
from fms_dgt.errors import InputError
from fms_dgt.safety import folders, lines
from fms_dgt.safety.folders import matching

TASK = """
task_name: t
task_description: Rows.
created_by: the tests
data_builder: pipeline
flow:
  - set: {n: 1}
"""


def run(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process that may take 3 GB and a minute."""
    return subprocess.run(
        [sys.executable, "-m", "fms_dgt", "--task-paths", "task.yaml", "--config-path", "offline", *argv],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, 3_000_000_000)),
    )


@pytest.mark.parametrize("target", ["/dev/zero", "/dev/tty", "/proc/self/environ", "pipe"])
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "rows.parquet"])
def test_a_table_that_is_no_file(tmp_path, target, name) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / name).symlink_to(target if target.startswith("/") else tmp_path / target)
    (tmp_path / "task.yaml").write_text(TASK + f"input: {name}\n")
    result = run(tmp_path, "--check", "--allow-path", "/")
    assert result.returncode == 2
    assert f"{name}: is not a regular file" in result.stderr or "No such device" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("target", ["/dev/zero", "/proc/self/environ", "pipe"])
@pytest.mark.parametrize(
    "said",
    [
        "include: {seed_examples: link.jsonl}",
        "include: [link.yaml]",
        "flow: link.yaml",
        "flow: [{generate: {template: link.yaml, into: a}}]",
    ],
)
def test_a_part_of_a_task_that_is_no_file(tmp_path, target, said) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("link.jsonl", "link.yaml"):
        (tmp_path / name).symlink_to(target if target.startswith("/") else tmp_path / target)
    task = TASK if said.startswith("include") else TASK.partition("flow:")[0] + "seed_examples: [{a: 1}]\n"
    (tmp_path / "task.yaml").write_text(task + said + "\n")
    result = run(tmp_path, "--check")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("target", ["/dev/zero", "/proc/self/environ", "pipe"])
def test_a_document_that_is_no_file(tmp_path, target) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.md").symlink_to(target if target.startswith("/") else tmp_path / target)
    (problem,) = local_collection(["a.md"], root=tmp_path).problems()
    assert "is not a regular file" in str(problem)


def test_a_pipe_is_not_waited_for_by_a_digest(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is not a regular file"):
        file_digest(tmp_path / "pipe")


# --- sizes ----------------------------------------------------------------------------------------------


@pytest.fixture
def short_lines(monkeypatch) -> None:
    for module in (lines, sys.modules["fms_dgt.core.table_file"]):
        monkeypatch.setattr(module, "LONGEST_LINE", 1000)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": "' + "b" * 2000 + '"}\n'),
        ("a.csv", "a\n" + "b" * 2000 + "\n"),
        ("a.csv", 'a,b\n"' + "b\n" * 2000),
        ("a.csv", "a" * 2000),
    ],
    ids=["JSONL", "a long cell", "a quote without an end", "no line break"],
)
def test_a_line_that_is_too_long(tmp_path, short_lines, name, text) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=rf"{name}:\d: has more than \d+ MB in one line"):
        list(Table.at(tmp_path / name))


def test_a_row_without_a_line_break_is_not_read_whole(tmp_path) -> None:
    for name in ("rows.jsonl", "rows.csv"):
        with (tmp_path / name).open("wb") as file:
            # no byte of it is on the disk
            file.truncate(4_000_000_000)
        (tmp_path / "task.yaml").write_text(TASK + f"input: {name}\n")
        result = run(tmp_path, "--check")
        assert result.returncode == 2
        assert f"{name}:1: has more than 16 MB in one line" in result.stderr


@pytest.mark.parametrize("number", ["9" * 20_000, "-" + "9" * 5000])
def test_a_number_of_very_many_digits_in_a_row(tmp_path, number) -> None:
    (tmp_path / "rows.jsonl").write_text(f'{{"a": 1}}\n{{"a": {number}}}\n')
    (tmp_path / "task.yaml").write_text(TASK + "input: rows.jsonl\n")
    result = run(tmp_path, "--check")
    assert "rows.jsonl:2: has a number of more than 4,300 digits; put it in quotes" in result.stderr


def test_nesting_in_a_row(tmp_path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}\n")
    (tmp_path / "task.yaml").write_text(TASK + "input: rows.jsonl\n")
    assert "rows.jsonl:1: is nested too deeply" in run(tmp_path, "--check").stderr


# --- searches -------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(folders, "MOST_ENTRIES", 50)
    for number in range(30):
        (tmp_path / f"d{number}").mkdir()
        (tmp_path / f"d{number}/a.md").write_text("text")
    return tmp_path


def test_a_pattern_that_means_too_many_files(tree) -> None:
    with pytest.raises(InputError, match="means looking through more than 50 files"):
        matching(tree / "**/*.md")
    (problem,) = local_collection(["**/*.md"], root=tree).problems()
    assert "means looking through more than 50 files" in str(problem)
    (problem,) = local_collection(["."], root=tree).problems()
    assert "means looking through more than 50 files" in str(problem)


def test_an_include_of_the_whole_disk_is_told_at_its_place(tree, project, monkeypatch) -> None:
    made = project({"task.yaml": TASK + f"include: ['{tree}/**/*.yaml']\n"})
    result = made.run("--task-paths", "task.yaml", "--config-path", "offline", "--check")
    assert result.code == 2
    assert "task.yaml:8: include[0]: " in result.stderr
    assert "means looking through more than 50 files" in result.stderr


def test_a_search_does_not_go_round_in_circles_or_out_of_its_folder(tmp_path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/b.md").write_text("text")
    (tmp_path / "in/a.md").write_text("text")
    (tmp_path / "in/loop").symlink_to(tmp_path / "in")
    (tmp_path / "in/out").symlink_to(tmp_path / "out")
    assert matching(tmp_path / "in/**/*.md") == [tmp_path / "in/a.md"]


def test_a_search_finds_what_a_shell_would(tmp_path) -> None:
    for name in ("a.yaml", "b/c.yaml", "b/.d/e.yaml", ".f/g.yaml", "b/c/d/h.yaml", "b/c/i.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    for pattern in (
        "*.yaml",
        "**/*.yaml",
        "b/**",
        "*/c/*",
        "b/[ac]*",
        "**/.d/*",
        "b/c/../c.yaml",
        "nothing/*",
    ):
        import glob

        found = sorted({str(Path(hit)) for hit in glob.glob(str(tmp_path / pattern), recursive=True)})
        assert [str(path) for path in matching(tmp_path / pattern)] == found
