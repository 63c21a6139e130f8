"""A generator may change its request as it likes: what was asked is what the journal and the keys hold."""

from __future__ import annotations

import asyncio
from pathlib import Path

import fms_dgt
import pytest
from engine import listening
from fms_dgt import Flow, Generate, Prompt
from fms_dgt.journal import Call, Journal, Payer, Tally

CHANGES = {
    "bytes in params": "request.params['key'] = b'x'",
    "an option taken out": "request.params.pop('temperature', None)",
    "a list extended": "request.params.setdefault('stop', []).append('</s>')",
    "a message's text": "request.messages[0]['content'] += ' Be brief.'",
    "bytes in a message": "request.messages[0]['raw'] = b'x'",
}
PROMPT = Prompt("Say {{ number }}.", params={"stop": ["aa"], "temperature": 0.5})
PROGRAM = """
from fms_dgt import Completion, Generator, GeneratorOptions

class Sly(Generator):
    Options = GeneratorOptions

    async def generate(self, request):
        prompt = request.messages[0]["content"]
        with open({log!r}, "a") as log:
            log.write(prompt + str(request.params) + "\\n")
        {change}
        return Completion(prompt)
"""


def run(folder: Path, change: str, **settings: object) -> tuple[fms_dgt.Outcome, list[str]]:
    log, module = folder / "asked.log", folder / "sly.py"
    module.write_text(PROGRAM.format(log=str(log), change=change))
    outcome = fms_dgt.run(
        Flow(Generate(PROMPT, into="said")),
        data=[{"number": number} for number in range(12)],
        generator="sly",
        include=[module],
        output_dir=folder / "out",
        max_concurrency=4,
        **settings,
    )
    return outcome, log.read_text().splitlines()


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_request_changes_nothing(tmp_path: Path, change: str) -> None:
    outcome, asked = run(tmp_path, CHANGES[change])
    assert outcome.counts["records"] == 12
    assert all("'stop': ['aa']" in line and "'temperature': 0.5" in line for line in asked)
    data = tmp_path / "out" / "flow" / "data.jsonl"
    first = data.read_bytes()
    data.unlink()
    again, _ = run(tmp_path, CHANGES[change])
    assert again.counts["calls"] == 0
    assert data.read_bytes() == first


@pytest.mark.parametrize("change", CHANGES)
def test_each_try_gets_the_request_as_it_was(
    tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fms_dgt.runner.tries.FIRST_DELAY", 0.001)
    fails = "; self.n = getattr(self, 'n', 0) + 1"
    raises = "\n        if self.n < 4: raise __import__('fms_dgt').errors.ConnectionFailed('again')"
    outcome, asked = run(tmp_path, CHANGES[change] + fails + raises)
    assert outcome.counts["records"] == 12
    assert len(asked) == 15
    assert len(set(asked)) == 12


def test_a_stage_that_changes_its_params_during_the_call_changes_nothing(tmp_path: Path) -> None:
    stop: list[object] = ["aa"]

    class Hook:
        @fms_dgt.hookimpl
        def call_finished(self) -> None:
            stop.append(b"x")

    flow = Flow(Generate("Say {{ number }}.", into="said", params={"stop": stop}))
    with listening(Hook()):
        outcome = fms_dgt.run(flow, data=[{"number": 1}], generator="simulated", output_dir=tmp_path)
    assert b"x" in stop
    assert outcome.counts["records"] == 1


def test_an_answer_that_json_cannot_hold_fails_alone(tmp_path: Path) -> None:
    async def put() -> list[object]:
        journal = Journal(tmp_path)
        task = journal.task("t").id
        asked = [{"messages": []}, {"messages": [b"x"]}, {"messages": []}]
        completion = {"text": "fine", "finish": "stop", "input_tokens": 1, "output_tokens": 1}
        calls = [
            Call(
                str(at),
                bytes([at]) * 16,
                "row",
                {"request": each, "completion": completion},
                Payer(task, "stage", "", ""),
                Tally(1, 1, 1),
            )
            for at, each in enumerate(asked)
        ]
        try:
            return await asyncio.gather(*map(journal.put_call, calls), return_exceptions=True)
        finally:
            await journal.close()

    first, second, third = asyncio.run(put())
    assert (first, third) == (None, None)
    assert isinstance(second, TypeError)
