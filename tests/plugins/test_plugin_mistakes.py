"""Ten mistakes in plugins, each on two rows: the screen names the line and what to write instead.

The screens are in `mistakes/`. `UPDATE_SCREENS=1` writes them anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fms_dgt.cli.main import main

SCREENS = Path(__file__).parent / "mistakes"
PLUGINS = Path(__file__).parents[1] / "thirdparty" / "mistakes"
TASK = "task_name: shout\ntask_description: Shouts.\ncreated_by: me\ndata_builder: shout\nwords: [hello, world]\n"
# what could be refused before the run; what a row was lost to; what lost none
CODES = {
    "stage_raises": 1,
    "validator_raises": 1,
    "generate_raises": 1,
    "map_gives_datetime": 1,
    "undeclared_column": 2,
    "stage_not_async": 2,
    "task_not_dataclass": 2,
    "validator_gives_bool": 1,
    "await_forgotten": 1,
    "sleep_blocks": 0,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "task.yaml").write_text(TASK)
    return tmp_path


def run(folder: Path, name: str, *flags: str) -> int:
    shutil.copy(PLUGINS / f"{name}.py", folder)
    return main(["--task-paths", "task.yaml", "--include", f"{name}.py", *flags])


def scrubbed(text: str) -> str:
    text = re.sub(r"\d:\d\d:\d\d", "0:00:00", text)
    return re.sub(r"for \d\.\d s", "for 1.0 s", text)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.alone) if name == "sleep_blocks" else name for name in CODES],
)
def test_the_screen_names_the_line_and_the_fix(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code = run(folder, name)
    out, err = capsys.readouterr()
    screen = scrubbed(f"{err}exit code {code}\n")
    file = SCREENS / f"{name}.txt"
    if os.environ.get("UPDATE_SCREENS"):
        file.write_text(screen)
    assert screen == file.read_text()
    assert out == ""
    assert code == CODES[name]
    assert f"{name}.py" in screen


def test_every_mistake_has_its_screen() -> None:
    assert (
        {path.stem for path in SCREENS.iterdir()}
        == set(CODES)
        == {p.stem for p in PLUGINS.iterdir() if p.suffix}
    )


@pytest.mark.parametrize("name", [name for name, code in CODES.items() if code == 1])
def test_the_rejected_rows_have_text_file_and_line(folder: Path, name: str) -> None:
    run(folder, name, "--quiet")
    rejected = [
        json.loads(line) for line in (folder / "output/shout/rejected.jsonl").read_text().splitlines()
    ]
    assert len(rejected) == 2
    for row in rejected:
        assert re.fullmatch(rf"{name}\.py:\d+", row["evidence"]["at"])
        assert row["evidence"]["error"]


def test_debug_shows_the_whole_traceback(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, "generate_raises", "--debug")
    err = capsys.readouterr().err
    assert err.count("Traceback (most recent call last):") == 1
    assert 'generate_raises.py", line 23, in generate' in err
    run(folder, "stage_raises", "--output-dir", "other")
    assert "Traceback" not in capsys.readouterr().err


def test_of_thirty_rows_an_error_is_shown_once_and_counted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ", ".join(f"w{number}" for number in range(30))
    (folder / "task.yaml").write_text(TASK.replace("hello, world", f"hello, {words}"))
    shutil.copy(PLUGINS / "stage_raises.py", folder)
    text = (folder / "stage_raises.py").read_text()
    (folder / "stage_raises.py").write_text(
        text.replace(
            'row["word"].upper()', 'row["text"] if row["text"] == "hello" else str(1 / len(row["text"][3:4]))'
        )
    )
    assert main(["--task-paths", "task.yaml", "--include", "stage_raises.py"]) == 1
    err = capsys.readouterr().err
    assert err.count("error: the stage 'shout': ZeroDivisionError: division by zero") == 1
    assert "30 errors in the stage 'shout': ZeroDivisionError: division by zero (stage_raises.py:20)" in err


@pytest.mark.parametrize("flag", ["--quiet", "--json"])
def test_where_nothing_else_is_shown_it_is_shown_too(folder: Path, flag: str) -> None:
    shutil.copy(PLUGINS / "stage_raises.py", folder)
    command = [
        sys.executable,
        "-m",
        "fms_dgt",
        "--task-paths",
        "task.yaml",
        "--include",
        "stage_raises.py",
        flag,
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "error: the stage 'shout': KeyError: 'word'\n  at stage_raises.py:20: " in done.stderr
    assert "2 errors in the stage 'shout'" in done.stderr
