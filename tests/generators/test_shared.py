"""What several backends share: models that are lent, work in the background, texts fit to be shown."""

from __future__ import annotations

import asyncio
import threading

import pytest

from fms_dgt.errors import RequestRefused
from fms_dgt.generators.shared.http import retry_after
from fms_dgt.generators.shared.lending import Lender, in_daemon
from fms_dgt.generators.shared.requests import written
from fms_dgt.generators.shared.text import counted, excerpt, known_secrets, storable


class Model:
    def __init__(self, name: str) -> None:
        self.name = name
        self.loads = 0
        self.ended = False

    def load(self) -> None:
        self.loads += 1
        if self.name == "broken":
            raise ValueError("broken")

    def end(self) -> None:
        self.ended = True


async def test_one_model_serves_all_who_want_the_same():
    lender = Lender(Model)
    one, same, other = [await lender.borrow(name, Model.load) for name in ("a", "a", "b")]
    assert one is same is not other
    await lender.give_back("a")
    assert (one.ended, len(lender)) == (False, 2)
    await lender.give_back("a")
    assert (one.ended, len(lender)) == (True, 1)
    assert await lender.borrow("a", Model.load) is not one
    lender.end_all()
    assert (other.ended, len(lender)) == (True, 0)


async def test_a_model_that_cannot_be_loaded_is_given_back():
    lender = Lender(Model)
    with pytest.raises(ValueError, match="broken"):
        await lender.borrow("broken", Model.load)
    assert len(lender) == 0


async def test_a_load_that_nobody_waits_for_is_given_back():
    lender, go, begun = Lender(Model), threading.Event(), threading.Event()

    def load(_: Model) -> None:
        begun.set()
        go.wait(10)

    waiting = asyncio.ensure_future(lender.borrow("a", load))
    await asyncio.to_thread(begun.wait, 10)
    waiting.cancel()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(lender) == 0


async def test_work_in_the_background():
    assert await in_daemon(lambda: threading.current_thread().daemon)
    with pytest.raises(ZeroDivisionError):
        await in_daemon(lambda: 1 // 0)


def test_a_secret_within_another_leaves_nothing_of_it():
    secrets = known_secrets(["secret", "secret-and-more", "short"])
    assert excerpt("secret-and-more, secret, short", secrets) == "***, ***, short"


@pytest.mark.parametrize(
    ("said", "tokens"),
    [(3, 3), (3.0, 3), (1.5, 0), (True, 0), (-1, 0), (2**70, 0), (float("inf"), 0), ("3", 0), (None, 0)],
)
def test_counts(said, tokens):
    assert counted(said) == tokens


def test_what_no_file_can_hold():
    assert storable({"a\ud800": [float("nan"), "x", 1.5]}) == {"a\ufffd": [None, "x", 1.5]}


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_requests_that_are_no_json(value):
    with pytest.raises(RequestRefused, match="cannot be written as JSON"):
        written({"temperature": value})


@pytest.mark.parametrize("said", ["", "soon", "nan", "inf", "Fri, 99 Foo", "Mon, 01 Jan 99999 00:00:00 GMT"])
def test_waits_that_are_none(said):
    assert retry_after({"Retry-After": said}) is None
