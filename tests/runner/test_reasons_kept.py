"""What a row was rejected for is kept, whatever its evidence, its error's text or its size."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from fms_dgt import Check, Flow, Map, Rejected
from fms_dgt.runner.own_cancellation import taking_back
from tampering import ROWS, Rows

AT = "if 'number 7.' in prompt: "


def rejected(folder: Path, fail: Any) -> tuple[fms_dgt.Outcome, Any]:
    outcome = fms_dgt.run(
        Flow(Map(fail, needs=["x"], name="choose")), data=[{"x": 1}, {"x": 2}], output_dir=folder
    )
    [row] = outcome.rejections
    return outcome, row


def raises(error: BaseException) -> Any:
    def choose(row: Any) -> dict:
        if row["x"] == 2:
            raise error
        return {}

    return choose


@pytest.mark.parametrize("evidence", [{1, 2}, b"x", datetime.date(2026, 1, 1), float("nan"), {"a": object()}])
def test_evidence_that_json_cannot_hold_costs_neither_stage_nor_reason(tmp_path: Path, evidence: Any) -> None:
    outcome, row = rejected(tmp_path, raises(Rejected("too short", evidence)))
    assert (row["stage"], row["reason"]) == ("choose", "too short")
    assert row["evidence"]["error"]
    assert outcome.complete
    assert outcome.tasks["flow"].failed == 0


def test_a_rejection_is_bounded(tmp_path: Path) -> None:
    _, row = rejected(tmp_path, raises(Rejected("r" * 5_000_000, {"text": "e" * 5_000_000})))
    assert row["reason"] == "r" * 1_997 + "..."
    assert row["evidence"]["error"] == "has more than 1,000,000 characters"
    assert row["evidence"]["beginning"].startswith('{"text":"eee')
    assert (tmp_path / "flow" / "rejected.jsonl").stat().st_size < 10_000


def test_an_error_is_bounded(tmp_path: Path) -> None:
    _, row = rejected(tmp_path, raises(ValueError("e" * 5_000_000)))
    assert len(row["evidence"]["error"]) < 3_000


@pytest.mark.parametrize("given", ["None", "0.5", "True", "{'score': 1}"])
def test_a_validator_without_a_verdict_is_told_so(tmp_path: Path, given: str) -> None:
    module = tmp_path / "vague.py"
    module.write_text(
        "from fms_dgt import Validator, Verdict\n"
        "class Vague(Validator):\n"
        "    async def validate(self, row, kit):\n"
        f"        return Verdict(1.0) if row['x'] == 1 else {given}\n"
    )
    flow, data = Flow(Check("vague", on="x")), [{"x": 1}, {"x": 2}]
    outcome = fms_dgt.run(flow, data=data, include=[module], output_dir=tmp_path / "out")
    [row] = outcome.rejections
    kind = type(eval(given)).__name__  # noqa: S307
    assert row["evidence"]["error"].startswith(f"validate() must give a Verdict, not {kind}")


@pytest.mark.parametrize("kind", ["RequestRefused", "ConnectionFailed"])
def test_an_error_of_a_generator_that_has_no_text_fails_its_call(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fms_dgt.runner.tries.FIRST_DELAY", 0.001)
    deed = f"""
    from fms_dgt import errors
    class Bad(errors.{kind}):
        def __str__(self): raise RuntimeError("no text")
    if 'number 7.' in prompt: raise Bad("x", retry_after=0.001)
    """
    outcome = Rows(tmp_path, deed).run()
    assert outcome.counts["records"] == ROWS - 1
    [row] = outcome.rejections
    assert (row["stage"], row["reason"]) == ("grain", "failed")
    assert row["evidence"]["error"] == "Bad"


ENDS = {
    "raise ValueError('x')": "the generator 'hands_on' raised ValueError: x",
    "raise asyncio.CancelledError": "the generator 'hands_on' gave the call up",
    "return Completion('fine')": "",
}


@pytest.mark.parametrize("end", ENDS)
def test_a_generator_that_cancels_its_own_task_fails_its_call_alone(
    tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fms_dgt.runner.tries.FIRST_DELAY", 0.001)
    outcome = Rows(tmp_path, f"{AT}asyncio.current_task().cancel(); {end}").run()
    failed = [(row["stage"], row["reason"], row["evidence"]["error"]) for row in outcome.rejections]
    assert failed == ([("grain", "failed", ENDS[end])] if ENDS[end] else [])
    assert outcome.counts["records"] == ROWS - len(failed)


def test_a_time_limit_of_a_stage_ends_its_call(tmp_path: Path) -> None:
    calls: list[str] = []

    class Slow:
        async def generate(self) -> None:
            await asyncio.sleep(60)

    async def limited() -> int:
        try:
            async with asyncio.timeout(0.01):
                await taking_back(Slow().generate())
        except TimeoutError:
            calls.append("timeout")
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(limited()) == 0
    assert calls == ["timeout"]


def test_a_cancellation_by_others_stays() -> None:
    async def cancelled() -> bool:
        task = asyncio.create_task(taking_back(asyncio.sleep(60)))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled() and task.cancelling() == 1

    assert asyncio.run(cancelled())
