"""What a generator of a third party gives and the journal cannot hold costs its own row, once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from fms_dgt.core.generator import Completion
from fms_dgt.runner.completions import checked_completion
from tampering import ROWS, Rows

AT = "if 'number 7.' in prompt:\n    "
SAVED = {
    "NaN in extra": "return Completion('fine', extra={'good': 1, 'logprob': float('nan')})",
    "bytes in extra": "return Completion('fine', extra={'good': 1, 'raw': b'x'})",
    "an object in extra": "return Completion('fine', extra={'good': 1, 'response': object()})",
    "extra nested too deep": (
        "deep = []\n    for _ in range(5000): deep = [deep]\n    "
        "return Completion('fine', extra={'good': 1, 'deep': deep})"
    ),
    "extra that is not a mapping": "return Completion('fine', extra=[1, 2])",
    "2^70 tokens": "return Completion('fine', input_tokens=2**70)",
    "tokens below zero": "return Completion('fine', output_tokens=-5)",
    "tokens as text": "return Completion('fine', input_tokens='12')",
    "tokens missing": "return Completion('fine', input_tokens=None)",
    "NaN tokens": "return Completion('fine', input_tokens=float('nan'))",
}
LOST = {
    "bytes as text": "return Completion(b'fine')",
    "no text": "return Completion(None)",
    "a list as finish": "return Completion('fine', finish=['stop'])",
    "a dict": "return {'text': 'fine'}",
}


@pytest.mark.parametrize("name", SAVED)
def test_an_answer_with_something_odd_beside_its_text_is_kept(tmp_path: Path, name: str) -> None:
    rows = Rows(tmp_path, AT + SAVED[name])
    outcome = rows.run()
    assert outcome.complete
    assert [record["number"] for record in outcome.records] == list(range(ROWS))
    assert any("the generator 'hands_on' gave" in note for note in outcome.finished.notes)
    rows.data.unlink()
    again = rows.run()
    assert again.counts["calls"] == 0
    assert set(Counter(rows.asked).values()) == {1}
    assert [record["text"] for record in again.records][7] == "fine"


@pytest.mark.parametrize("name", LOST)
def test_an_answer_without_text_costs_its_row_and_is_not_asked_for_again(tmp_path: Path, name: str) -> None:
    rows = Rows(tmp_path, AT + LOST[name])
    outcome = rows.run()
    assert [record["number"] for record in outcome.records] == [n for n in range(ROWS) if n != 7]
    [rejected] = outcome.rejections
    assert (rejected["stage"], rejected["reason"]) == ("grain", "failed")
    assert "the generator 'hands_on'" in rejected["evidence"]["error"]
    rows.data.unlink()
    assert rows.run().counts["calls"] == 0
    assert set(Counter(rows.asked).values()) == {1}
    rows.does("pass")
    assert rows.run(retry_failed=True).counts["records"] == ROWS


def test_an_answer_larger_than_any_costs_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fms_dgt.journal.entries.LARGEST_BODY", 10_000)
    monkeypatch.setattr("fms_dgt.journal.journal._PLAIN_TEXT", 1_000)
    rows = Rows(tmp_path, AT + "return Completion('x' * 20_000)")
    outcome = rows.run()
    [rejected] = outcome.rejections
    assert rejected["reason"] == "failed"
    assert "cannot be kept" in rejected["evidence"]["error"]
    assert outcome.counts["records"] == ROWS - 1


def test_numbers_of_other_libraries_are_numbers() -> None:
    class Number:
        def __index__(self) -> int:
            return 7

    notes: list[str] = []
    given = Completion("x", input_tokens=Number(), output_tokens=True)  # type: ignore[arg-type]
    completion = checked_completion(given, "g", notes)
    assert (completion.input_tokens, completion.output_tokens) == (7, 1)
    assert notes == []
