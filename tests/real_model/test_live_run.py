"""A short run on the model itself."""

from __future__ import annotations

import pytest
from real_runs import run

pytest.importorskip("xllamacpp")


@pytest.mark.slow
def test_magpie_makes_records_with_a_real_model(smollm2, tmp_path, capsys):
    figures = run("magpie", tmp_path / "run", answers=tmp_path / "answers.jsonl", live=str(smollm2))
    with capsys.disabled():
        print(f"\nmagpie: {figures}")
    assert figures.failed == 0
    assert figures.readable >= figures.calls / 2
