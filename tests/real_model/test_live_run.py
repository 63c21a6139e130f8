"""A short run on the model itself; SMOLLM2_GGUF names the file where no fixture brings it."""

from __future__ import annotations

import os

import pytest
from real_runs import run

pytest.importorskip("xllamacpp")


@pytest.fixture
def model() -> str:
    path = os.environ.get("SMOLLM2_GGUF", "")
    if not path:
        pytest.skip("SMOLLM2_GGUF names no GGUF file of SmolLM2-135M-Instruct")
    return path


@pytest.mark.slow
def test_magpie_makes_records_with_a_real_model(model, tmp_path, capsys):
    figures = run("magpie", tmp_path / "run", answers=tmp_path / "answers.jsonl", live=model)
    with capsys.disabled():
        print(f"\nmagpie: {figures}")
    assert figures.failed == 0
    assert figures.readable >= figures.calls / 2
