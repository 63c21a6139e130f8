"""Nothing of the working folder is imported: it may be a stranger's repository."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

SCRIPT = Path(sysconfig.get_path("scripts")) / "fms_dgt"
MODULES = (
    "json", "yaml", "jinja2", "numpy", "aiohttp", "argparse", "asyncio", "dataclasses", "signal", "re2", "pluggy",
    "multiprocessing", "sqlite3", "logging", "inspect", "typing", "tomllib", "__future__", "sitecustomize", "evil",
)
TASK = "instructlab/skills/writing/freeform/debate"
RUN = ("--task-paths", TASK, "--config-path", "offline", "--num-outputs-to-generate", "2")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with modules of well-known names, and a distribution with plugins of every kind."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    leaves = f"from pathlib import Path; Path({str(tmp_path)!r}, 'ran-' + __name__).touch()\n"
    for name in MODULES:
        (folder / f"{name}.py").write_text(leaves)
    (folder / "rich").mkdir()
    (folder / "rich/__init__.py").write_text(leaves)
    info = folder / "evil-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    kinds = ("builders", "generators", "validators", "converters", "hooks")
    points = "".join(f"[fms_dgt.{kind}]\nevil = evil:Evil\n" for kind in kinds)
    (info / "entry_points.txt").write_text(points)
    return folder


@pytest.mark.parametrize("arguments", [("plugins",), (*RUN, "--check"), RUN, ("--version",)], ids=str)
@pytest.mark.parametrize(
    "command",
    [[SCRIPT], [sys.executable, "-m", "fms_dgt"], [sys.executable, "-m", "fms_dgt.watsonx"]],
    ids=["script", "module", "older module"],
)
def test_nothing_of_it_runs(hostile: Path, tmp_path: Path, command: list, arguments: tuple[str, ...]) -> None:
    ran = [*map(str, command), *arguments]
    done = subprocess.run(ran, cwd=hostile, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.glob("ran-*")] == []
    assert "evil" not in done.stdout

