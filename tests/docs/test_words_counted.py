"""scripts/words: which words it counts, and that their number can only go down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "words"
CODE = '''
"""The block stands here."""

class Row:
    said: str

    def first(self, found):
        # nobody reads this
        one = f"{self.said} is no {found}"
        return one, "add a name, say 'x'", "mend it"
'''
USUAL = '''
def understand(spare, once):
    """A stand-in, what stands for a value, and one that is no longer there; there is no other."""
    return f"standard {spare}: mending" if once else "they said so, and go on the list"
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "fms_dgt" / "core").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "fms_dgt" / "core" / "row.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "docs" / "a.md").write_text("It is\ntold here.\n\nIt stands there.\n", encoding="utf-8")
    return tmp_path


def words(root: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, "--root", root, *argv]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def counts(root: Path) -> dict[str, int]:
    assert words(root, "--write").returncode == 0
    return json.loads((root / "scripts/words.json").read_text(encoding="utf-8"))


def test_each_kind_is_counted(root: Path) -> None:
    assert counts(root) == {"messages": 3, "docs": 2, "comments": 2, "names": 3, "classes twice": 0}


def test_usual_english_is_not_counted(root: Path) -> None:
    before = counts(root)
    (root / "fms_dgt" / "usual.py").write_text(USUAL.replace("mending", "a fix"), encoding="utf-8")
    assert counts(root) == before


@pytest.mark.parametrize(
    ("word", "places"),
    [
        ("mend", ["fms_dgt/core/row.py:10: messages"]),
        ("is no", ["fms_dgt/core/row.py:9: messages"]),
        ("nobody", ["fms_dgt/core/row.py:8: comments"]),
        ("said", ["fms_dgt/core/row.py:5: names"]),
        ("is told", ["docs/a.md:1: docs"]),
        ("stands", ["docs/a.md:4: docs", "fms_dgt/core/row.py:2: comments"]),
    ],
)
def test_places_are_shown(root: Path, word: str, places: list[str]) -> None:
    assert words(root, "--show", word).stdout.splitlines() == places


def test_a_class_name_that_exists_twice_is_listed(root: Path) -> None:
    (root / "fms_dgt" / "batch.py").write_text("class Row: ...\nclass Other: ...\n", encoding="utf-8")
    assert "  Row: batch.py, core/row.py" in words(root).stdout.splitlines()
    assert counts(root)["classes twice"] == 2


def test_a_count_that_grows_fails_the_check(root: Path) -> None:
    counts(root)
    assert words(root, "--check").returncode == 0
    with (root / "docs" / "a.md").open("a", encoding="utf-8") as file:
        file.write("Nobody mends it.\n")
    done = words(root, "--check")
    assert done.returncode == 1
    assert "words to avoid in docs: 4, and scripts/words.json allows 2" in done.stderr


def test_a_count_that_goes_down_passes(root: Path) -> None:
    counts(root)
    (root / "docs" / "a.md").write_text("Nothing.\n", encoding="utf-8")
    assert words(root, "--check").returncode == 0
