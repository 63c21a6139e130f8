"""What somebody who reads along is shown of an answer, whatever becomes of the call."""

from __future__ import annotations

import asyncio

import pytest

from fms_dgt import Completion, Generator, GeneratorOptions, Request
from fms_dgt.binding.bound import BoundGenerator
from fms_dgt.errors import ConnectionFailed
from fms_dgt.runner.probe import Prober

HELLO = Request(({"role": "user", "content": "Hello"},))


class InPieces(Generator[GeneratorOptions]):
    """Gives two pieces; then it waits for ever, fails, or is done."""

    def __init__(self, end: str) -> None:
        super().__init__(GeneratorOptions())
        self.end = end
        self.calls = 0

    async def generate(self, request):
        return Completion("whole")

    async def generate_in_pieces(self, request, heard):
        self.calls += 1
        try:
            heard("one ")
            heard("two")
            if self.end == "waits":
                await asyncio.Event().wait()
            if self.end == "fails":
                raise ConnectionFailed("the line is dead")
        finally:
            # as a thread's that does not know yet that nobody waits
            asyncio.get_running_loop().call_soon(heard, " too late")
        return Completion("one two")


async def asked(end, then=lambda task: None):
    """What was heard, the task that asked, and how often the backend was called."""
    heard, backend = [], InPieces(end)
    prober = Prober(60, lambda _: None)
    task = asyncio.create_task(prober.ask(BoundGenerator("test", backend, ""), HELLO, heard.append))
    while len(heard) < 2:
        await asyncio.sleep(0)
    then(task)
    await asyncio.wait([task])
    for _ in range(3):
        await asyncio.sleep(0)
    await prober.close()
    return heard, task, backend.calls


async def test_pieces_are_heard_as_they_come():
    heard, task, _ = await asked("done")
    assert "".join(heard).startswith("one two")
    assert task.result().completion == Completion("one two")


async def test_nothing_is_heard_of_a_call_that_was_broken_off():
    heard, task, _ = await asked("waits", lambda task: task.cancel())
    assert (heard, task.cancelled()) == (["one ", "two"], True)


async def test_what_was_heard_is_not_asked_for_again():
    heard, task, calls = await asked("fails")
    assert (heard[:2], calls) == (["one ", "two"], 1)
    assert "the line is dead" in task.result().error


@pytest.mark.parametrize("heard", [None, []])
async def test_a_backend_without_pieces_gives_one(heard):
    class Whole(Generator[GeneratorOptions]):
        async def generate(self, request):
            return Completion("whole")

    prober = Prober(60, lambda _: None)
    backend = BoundGenerator("test", Whole(GeneratorOptions()), "")
    probe = await prober.ask(backend, HELLO, None if heard is None else heard.append)
    await prober.close()
    assert (probe.completion, heard) == (Completion("whole"), heard and ["whole"])
