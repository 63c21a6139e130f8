"""Child processes: started in one place, without secrets, and never with what the working folder holds."""

from __future__ import annotations

import ast
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_repository import QNA, HostileRepository

import fms_dgt
from fms_dgt.safety import child
from fms_dgt.safety.git import Remote, git
from fms_dgt.taxonomy import CheckOptions, check_files, find_spots

PACKAGE = Path(fms_dgt.__file__).parent
MODULES = ("subprocess", "multiprocessing", "pty", "concurrent.futures.process")
NAMES = ("ProcessPoolExecutor", "create_subprocess_exec", "create_subprocess_shell", "subprocess_exec")
OF_OS = ("system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "startfile")
# started by `safety.child`, or watched by it
ALLOWED = {"safety/child.py", "safety/worker.py"}

SECRETS = (
    *("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "RITS_API_KEY", "WATSONX_API_KEY", "HF_TOKEN"),
    *("LLAMA_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "GIT_PASSWORD", "DATABASE_URL"),
)
# what a worker, git or llama.cpp's loader would import if the working folder came first
IMPORTED = (
    *("multiprocessing", "yaml", "pickle", "json", "re", "selectors", "struct", "hashlib", "pathlib"),
    *("signal", "encodings", "fms_dgt", "xllamacpp", "sitecustomize", "jsonschema"),
)


def test_only_one_module_starts_processes() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)}:{line} {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).as_posix() not in ALLOWED
        for line, name in started_in(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert wrong == []


def started_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Attribute):
            names = [f"{node.value.id}.{node.attr}" if isinstance(node.value, ast.Name) else node.attr]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # importlib.import_module("subprocess")
            names = [node.value] if node.value in MODULES else []
        else:
            continue
        yield from ((node.lineno, name) for name in names if starts(name))


def starts(name: str) -> bool:
    first, _, last = name.rpartition(".")
    is_module = any(name == module or name.startswith(f"{module}.") for module in MODULES)
    of_os = first == "os" and (last in OF_OS or last.startswith(("exec", "spawn")))
    return is_module or last in NAMES or of_os


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess",
        "from subprocess import run as x",
        "import multiprocessing.pool",
        "from concurrent.futures import ProcessPoolExecutor",
        "import concurrent.futures\nconcurrent.futures.ProcessPoolExecutor()",
        "import os\nos.execv('x', [])",
        "import os\nos.system('x')",
        "from os import popen",
        "import asyncio\nasyncio.create_subprocess_exec('x')",
        "import importlib\nimportlib.import_module('subprocess')",
    ],
)
def test_the_walk_sees_every_way(code: str) -> None:
    assert list(started_in(ast.parse(code)))


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A working folder with a module of every name that might be imported, and the file they would write."""
    folder = tmp_path / "work"
    for name in IMPORTED:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'a').write({name!r})\n")
    return folder


def with_files(folder: Path, count: int = 210) -> Path:
    for number in range(count):
        node = folder / f"taxonomy/compositional_skills/n{number}"
        node.mkdir(parents=True)
        (node / "qna.yaml").write_text(QNA.format("someone"))
    return folder / "taxonomy"


def test_checking_a_taxonomy_imports_nothing_from_the_working_folder(hostile: Path) -> None:
    with_files(hostile)
    program = Path(sys.executable).with_name("fms_dgt")
    if not program.exists():
        pytest.skip("the command is not installed")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [program, "taxonomy", "check", "taxonomy"], cwd=hostile, env=environment, capture_output=True, text=True
    )
    assert "210 files" in done.stdout, done.stderr
    assert not (hostile.parent / "canary").exists()


def test_asking_llama_cpp_why_imports_nothing_from_the_working_folder(
    hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xllamacpp")
    from fms_dgt.generators.llama_cpp.engine import EngineSettings, last_words

    monkeypatch.chdir(hostile)
    assert "no.gguf" in last_words(EngineSettings("no.gguf", 16, 1))
    assert not (hostile.parent / "canary").exists()


def test_files_are_checked_from_a_script_without_a_guard(tmp_path: Path) -> None:
    with_files(tmp_path)
    (tmp_path / "script.py").write_text(
        "from pathlib import Path\n"
        "from fms_dgt.taxonomy import CheckOptions, check_files, find_spots\n"
        "reports = check_files(find_spots(Path('taxonomy')), CheckOptions(), processes=2)\n"
        "print(len(reports), all(report.valid for report in reports))\n"
    )
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("210 True\n", "")


@pytest.fixture
def environments(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The environments of the children that are started, while ours is full of secrets."""
    seen: list[dict[str, str]] = []

    class Watched(subprocess.Popen):
        def __init__(self, *arguments: object, **options: object) -> None:
            seen.append(dict(options["env"]))
            super().__init__(*arguments, **options)

    for name in SECRETS:
        monkeypatch.setenv(name, f"canary-{name}")
    monkeypatch.setattr(child.subprocess, "Popen", Watched)
    return seen


def secrets_in(environments: list[dict[str, str]]) -> list[str]:
    return [name for environment in environments for name, value in environment.items() if "canary-" in value]


def test_workers_get_no_secret(tmp_path: Path, environments: list[dict[str, str]]) -> None:
    assert all(
        report.valid for report in check_files(find_spots(with_files(tmp_path)), CheckOptions(), processes=2)
    )
    assert len(environments) == 2
    assert secrets_in(environments) == []


def test_git_gets_no_secret(tmp_path: Path, environments: list[dict[str, str]]) -> None:
    repo = HostileRepository(tmp_path / "tree")
    environments.clear()
    git(["rev-parse", "HEAD"], folder=repo.folder)
    git(["ls-remote", "--", str(repo.folder)], folder=tmp_path, remote=Remote(protocols=("file",)))
    assert len(environments) == 2
    assert secrets_in(environments) == []


def test_the_loader_of_llama_cpp_gets_no_secret(environments: list[dict[str, str]]) -> None:
    pytest.importorskip("xllamacpp")
    from fms_dgt.generators.llama_cpp.engine import EngineSettings, last_words

    assert last_words(EngineSettings("no.gguf", 16, 1))
    assert len(environments) == 1
    assert secrets_in(environments) == []


def test_a_child_sees_what_is_listed_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in SECRETS:
        monkeypatch.setenv(name, "canary")
    code = "import json, os, sys; print(json.dumps([dict(os.environ), sys.path]))"
    done = child.run(
        child.python_command("-c", code), environment=child.child_environment(), seconds=60, largest=1 << 16
    )
    environment, path = json.loads(done.stdout)
    assert environment.keys() <= {*child.INHERITED, "LC_CTYPE"}
    assert "" not in path
    assert os.getcwd() not in path


@pytest.mark.parametrize("entry", ["", ".", "bin"])
def test_a_program_in_the_working_folder_is_not_taken_for_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    repo = HostileRepository(tmp_path / "tree")
    for folder in (tmp_path, tmp_path / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "git").write_text(repo.program.read_text())
        (folder / "git").chmod(stat.S_IRWXU)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{entry}{os.pathsep}{os.environ['PATH']}")
    git(["rev-parse", "HEAD"], folder=repo.folder)
    assert not repo.canary.exists()


def test_a_child_that_writes_without_end_is_stopped() -> None:
    command = child.python_command("-c", "import os\nwhile True: os.write(1, b'x' * 65536)")
    with pytest.raises(child.ChildFailed, match="more than 1,000,000 bytes"):
        child.run(command, environment=child.child_environment(), seconds=60, largest=1_000_000)


def test_a_child_that_does_not_end_is_stopped_with_its_own_children() -> None:
    command = ["/bin/sh", "-c", "sleep 1000 & echo $!; wait"]
    started = child.start(command, environment=child.child_environment())
    assert started.stdout is not None
    number = int(started.stdout.readline())
    child.stop(started)
    with pytest.raises(child.ChildFailed, match="no answer"):
        child.run(command, environment=child.child_environment(), seconds=0.2, largest=1_000)
    state = Path(f"/proc/{number}/stat")
    if Path("/proc/self/stat").exists():
        assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
