"""Code that cancels the task it runs in, with and without an answer at once, within a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from fms_dgt.runner.own_cancellation import taking_back


def result_of(given: Awaitable[Any], seconds: float | None = None) -> tuple[Any, int]:
    """The answer, or the class of what was raised, and how often the task is left cancelled."""

    async def run() -> tuple[Any, int]:
        task = asyncio.current_task()
        assert task is not None
        try:
            answer: Any = await taking_back(given, seconds)
        except (TimeoutError, asyncio.CancelledError, ValueError) as error:
            answer = type(error)
        # a cancellation that is left would be raised here
        await asyncio.sleep(0)
        return answer, task.cancelling()

    return asyncio.run(run())


def cancel_own_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


async def answers(*, waits: bool, cancels: bool = False) -> str:
    if waits:
        await asyncio.sleep(0)
    if cancels:
        cancel_own_task()
    return "answer"


async def goes_on_after_its_own_cancellation(seconds: float) -> str:
    cancel_own_task()
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        await asyncio.sleep(seconds)
    return "answer"


async def fails(*, waits: bool) -> None:
    if waits:
        await asyncio.sleep(0)
    cancel_own_task()
    raise ValueError


@pytest.mark.parametrize("seconds", [None, 60.0])
@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("cancels", [False, True])
def test_an_answer_is_kept(seconds: float | None, waits: bool, cancels: bool) -> None:
    assert result_of(answers(waits=waits, cancels=cancels), seconds) == ("answer", 0)


@pytest.mark.parametrize("waits", [False, True])
def test_what_is_raised_is_kept(waits: bool) -> None:
    assert result_of(fails(waits=waits), 60.0) == (ValueError, 0)


def test_its_own_cancellation_reaches_it_where_it_waits() -> None:
    assert result_of(goes_on_after_its_own_cancellation(0), 60.0) == ("answer", 0)


@pytest.mark.parametrize("code", [asyncio.sleep, goes_on_after_its_own_cancellation])
def test_code_that_waits_too_long_is_stopped(code: Any) -> None:
    assert result_of(code(60), 0.01) == (TimeoutError, 0)


def test_any_awaitable_will_do() -> None:
    class Answer:
        def __await__(self) -> Any:
            return answers(waits=True).__await__()

    assert result_of(Answer(), 60.0) == ("answer", 0)
