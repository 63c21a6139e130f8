"""One place for each version: the package's own, and those of tools whose releases change what they find."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

import fms_dgt

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINNED = dict(line.split("==") for line in PROJECT["optional-dependencies"]["dev"] if "==" in line)


def test_the_installed_version_is_the_one_in_the_package() -> None:
    assert importlib.metadata.version("fms-dgt") == fms_dgt.__version__
    assert PROJECT["dynamic"] == ["version"]


def test_the_changelog_begins_with_this_version() -> None:
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == fms_dgt.__version__


@pytest.mark.parametrize("versions", ["known-good", "lowest"])
def test_pinned_tools_are_the_same_everywhere(versions: str) -> None:
    lines = (ROOT / "constraints" / f"{versions}.txt").read_text(encoding="utf-8").splitlines()
    assert {"mypy", "ruff"} <= PINNED.keys()
    assert {f"{name}=={version}" for name, version in PINNED.items()} <= set(lines)
