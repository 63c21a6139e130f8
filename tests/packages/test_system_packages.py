"""Nothing but CI, and the script that is named after it, installs a package of the operating system."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALLS = re.compile(r"\b(apt-get|apt|dnf|yum|brew|apk) (update|install)\b")
ASKED_FOR = {".ci/run", "scripts/browser"}


def commands(path: Path) -> list[str]:
    """The lines of a script, without comments and without what it only prints."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not re.match(r"\s*(#|echo )", line)]


def scripts() -> list[Path]:
    paths = [ROOT / ".ci" / "run", *(ROOT / "scripts").rglob("*")]
    return [path for path in paths if path.is_file() and path.suffix in ("", ".py", ".sh")]


def named(paths: list[Path], pattern: str) -> set[str]:
    found = [path for path in paths if any(re.search(pattern, line) for line in commands(path))]
    return {path.relative_to(ROOT).as_posix() for path in found}


def test_only_the_scripts_that_are_asked_to_install_system_packages() -> None:
    assert named(scripts(), INSTALLS.pattern) == ASKED_FOR


def test_no_other_script_runs_them() -> None:
    assert named(scripts(), r"scripts/browser(?! --find)") == {".ci/run"}
