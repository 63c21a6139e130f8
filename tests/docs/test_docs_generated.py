"""scripts/docs: what is generated is up to date, and a change is noticed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from doc_snippets import ROOT


def docs(root: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", root / "scripts" / "docs", *argv], capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The documents and what generates them, with the package itself in a link."""
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "docs", tmp_path / "scripts" / "docs")
    (tmp_path / "fms_dgt").symlink_to(ROOT / "fms_dgt")
    return tmp_path


def test_everything_generated_is_up_to_date() -> None:
    done = docs(ROOT, "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_part_that_is_out_of_date_is_shown_and_left_alone(copy: Path) -> None:
    page = copy / "docs" / "hooks.md"
    before = page.read_text().replace("`record_kept` |", "`record_found` |")
    page.write_text(before)
    done = docs(copy, "--check")
    assert done.returncode == 1
    assert "-| `record_found` |" in done.stdout
    assert "+| `record_kept` |" in done.stdout
    assert "scripts/docs" in done.stderr
    assert page.read_text() == before


def test_without_check_it_is_written_anew(copy: Path) -> None:
    page = copy / "docs" / "hooks.md"
    after = page.read_text()
    page.write_text(after.replace("`record_kept` |", "`record_found` |"))
    done = docs(copy)
    assert done.returncode == 0
    assert done.stdout == "wrote docs/hooks.md\n"
    assert page.read_text() == after


def test_a_part_that_nobody_generates_is_an_error(copy: Path) -> None:
    (copy / "README.md").write_text("<!-- generated: nothing -->\n<!-- end -->\n")
    done = docs(copy, "--check")
    assert done.returncode == 1
    assert "there is no generated part 'nothing'; there are: commands," in done.stderr


def test_a_flag_nobody_knows_is_refused(copy: Path) -> None:
    assert docs(copy, "--chekc").returncode == 2
