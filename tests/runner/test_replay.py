"""`--replay RUN`: a run answered by an earlier one's journal, with no model at all."""

from __future__ import annotations

from pathlib import Path

import fms_dgt
import pytest
from engine import sieve


def test_a_replay_gives_the_same_data_and_asks_nobody(tmp_path: Path) -> None:
    first = sieve(tmp_path / "first", 70)
    again = sieve(tmp_path / "again", 70, replay=tmp_path / "first", max_concurrency=3)
    assert list(again.records) == list(first.records)
    assert list(again.rejections) == list(first.rejections)
    assert again.counts["calls"] == 0
    assert again.counts["replayed"] > 0


def test_what_was_never_asked_is_said(tmp_path: Path) -> None:
    sieve(tmp_path / "first", num_outputs_to_generate=5)
    with pytest.raises(
        fms_dgt.UserError, match="has no answer to what first asks for row .* of sieve; replay"
    ):
        sieve(tmp_path / "again", replay=tmp_path / "first", num_outputs_to_generate=50)


def test_a_replay_needs_a_journal(tmp_path: Path) -> None:
    with pytest.raises(fms_dgt.UserError, match="holds no journal"):
        sieve(tmp_path / "again", replay=tmp_path)


def test_a_run_cannot_replay_itself(tmp_path: Path) -> None:
    with pytest.raises(fms_dgt.UserError, match="replay: is the folder that this run writes to"):
        sieve(tmp_path, replay=tmp_path)
