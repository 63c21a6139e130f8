from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest
from plugin_sources import Package


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder at the head of sys.path; what was imported from it is forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.delenv("FMS_DGT_DISABLE_PLUGINS", raising=False)
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def package(site: Path) -> Package:
    """Make an installed distribution: `package("x", {"generators": {"a": "mod:A"}}, mod="...")`."""

    def make(
        name: str,
        groups: Mapping[str, Mapping[str, str]],
        *,
        version: str = "1.0",
        at: Path | None = None,
        **modules: str,
    ) -> Path:
        root = at or site
        info = root / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = []
        for group, entries in groups.items():
            lines.append(f"[fms_dgt.{group}]")
            lines.extend(f"{key} = {value}" for key, value in entries.items())
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for module, text in modules.items():
            (root / f"{module}.py").write_text(dedent(text))
        importlib.invalidate_caches()
        return info

    return make


@pytest.fixture
def python_file(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a Python file to include: `python_file("haiku.py", "...")`."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / "included" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return path

    return write


@pytest.fixture
def ours(package: Package) -> Mapping[str, Mapping[str, str]]:
    """fms_dgt's own entry points as pyproject.toml declares them, installed or not."""
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    groups = tomllib.loads(text)["project"]["entry-points"]
    package("fms-dgt", {key.removeprefix("fms_dgt."): entries for key, entries in groups.items()})
    return groups
