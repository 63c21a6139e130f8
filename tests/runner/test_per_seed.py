"""A number of records for each seed example, in place of a total."""

from __future__ import annotations

from pathlib import Path

import fms_dgt
import pytest
from engine import SIEVE, TOYS, shape


def test_the_target_follows_the_seeds(tmp_path: Path) -> None:
    outcome = fms_dgt.run(
        SIEVE,
        include=[TOYS / "sieve.py"],
        output_dir=tmp_path,
        records_per_seed=3,
    )
    assert len(SIEVE["seed_examples"]) == 2
    assert outcome.counts["records"] == outcome.tasks["sieve"].target == 6


@pytest.mark.parametrize(
    ("finite", "why"), [(True, "the task has an end of its own"), (False, "a number of records is said, too")]
)
def test_where_it_has_no_effect_that_is_said(tmp_path: Path, finite: bool, why: str) -> None:
    if finite:
        outcome = shape(tmp_path, "unfold", [{"number": 1}], records_per_seed=3)
    else:
        said = {"records_per_seed": 3, "num_outputs_to_generate": 4}
        outcome = fms_dgt.run(SIEVE, include=[TOYS / "sieve.py"], output_dir=tmp_path, **said)
        assert outcome.counts["records"] == 4
    assert any(note.endswith(f"records_per_seed has no effect: {why}") for note in outcome.finished.notes)
