"""How an endpoint's width follows answers and refusals, and its rates the clock."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Callable
from itertools import count
from pathlib import Path

import fms_dgt
import pytest
from engine import TOYS
from fms_dgt import Completion, Generator, GeneratorOptions, Request
from fms_dgt.runner.endpoints import Endpoints
from fms_dgt.runner.limits import Bounds, Budget, Endpoint
from fms_dgt.runner import pace
from fms_dgt.runner.pace import LONGEST_WAIT, Rate, Width
from fms_dgt.testing import Fault, ModelServer


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def rounds(width: Width, count: int) -> None:
    for _ in range(count):
        for _ in range(width.now):
            width.answered(width.now)


def test_it_starts_low_and_doubles_with_each_round() -> None:
    width = Width(100)
    seen = [width.now]
    for _ in range(3):
        rounds(width, 1)
        seen.append(width.now)
    assert seen == [16, 32, 64, 100]
    assert Width(5).now == 5


def test_a_burst_of_refusals_halves_it_once() -> None:
    width = Width(64)
    rounds(width, 2)
    for left in range(20, 10, -1):
        width.refused(left, None)
    assert width.now == 32


def test_after_a_burst_it_is_what_the_server_took() -> None:
    width = Width(32)
    for left in range(15, 3, -1):
        width.refused(left, None)
    width.answered(4)
    assert width.now == 4


def test_probes_come_later_and_later_where_they_fail() -> None:
    width = Width(32)
    width.refused(4, None)
    width.answered(4)
    waited = []
    for _ in range(3):
        answers = 0
        while width.now == 4:
            width.answered(4)
            answers += 1
        waited.append(answers)
        assert width.now == 5
        width.refused(4, None)
        assert width.now == 4
        width.answered(4)
    assert waited == sorted(waited)
    assert waited[2] > 3 * waited[0]


def test_it_climbs_back_in_growing_steps_once_the_server_recovers() -> None:
    width = Width(64)
    rounds(width, 2)
    width.refused(63, None)
    width.answered(8)
    assert width.now == 8
    rounds(width, 12)
    assert width.now == 64


@pytest.mark.parametrize("asked", [1e9, float("inf")])
def test_a_date_far_off_closes_it_for_a_minute_and_one_call_then_probes(asked: float) -> None:
    clock = Clock()
    width = Width(64, clock)
    width.refused(3, asked)
    assert width.closed_for == LONGEST_WAIT <= 60
    clock.now += LONGEST_WAIT
    assert width.closed_for == 0
    assert width.in_burst


class Server:
    """Calls of a server by the clock: which it takes, how long it needs."""

    def __init__(self, takes: Callable[[float, int], bool], seconds: float = 0.2) -> None:
        self.takes = takes
        self.seconds = seconds
        self.asked = self.answered = 0
        self.under_way: list[tuple[float, int, bool]] = []

    def serve(self, width: Width, clock: Clock, seconds: float) -> None:
        """Ask it as the width allows, for so long."""
        end = clock.now + seconds
        while clock.now < end:
            active = len(self.under_way)
            while active < width.now and width.closed_for == 0 and not (width.in_burst and active):
                taken = self.takes(clock.now, active)
                self.asked += 1
                done = clock.now + (self.seconds if taken else 0.002)
                heapq.heappush(self.under_way, (done, self.asked, taken))
                active += 1
            waits = [self.under_way[0][0]] if self.under_way else []
            if active < width.now and width.closed_for:
                waits.append(clock.now + width.closed_for + 1e-6)
            clock.now = max(clock.now, min(waits))
            while self.under_way and self.under_way[0][0] <= clock.now:
                _, _, taken = heapq.heappop(self.under_way)
                self.answered += taken
                if taken:
                    width.answered(len(self.under_way) + 1)
                else:
                    width.refused(len(self.under_way), None)


@pytest.mark.parametrize("seed", range(5))
def test_a_server_that_refuses_nine_of_ten_whatever_the_load_is_asked_on(seed: int) -> None:
    luck = random.Random(seed)
    clock = Clock()
    server, width = Server(lambda now, active: luck.random() < 0.1), Width(64, clock)
    server.serve(width, clock, 150)
    assert server.asked > 300
    assert server.answered > 20
    # about fifty refusals a second are no harm, thousands would be
    assert server.asked < 150 * 100


def test_a_server_that_refuses_for_its_load_is_never_taken_for_one_that_refuses_at_any() -> None:
    clock = Clock()
    server, width = Server(lambda now, active: active < 4), Width(64, clock)
    server.serve(width, clock, 600)
    assert width.now in (4, 5)
    assert server.asked - server.answered < 50


def test_a_server_with_a_rate_is_asked_little_more_than_it_takes() -> None:
    free_from = 0.0

    def takes(now: float, active: int) -> bool:
        nonlocal free_from
        if now < free_from:
            return False
        free_from = now + 6
        return True

    clock = Clock()
    server, width = Server(takes), Width(64, clock)
    server.serve(width, clock, 600)
    assert server.answered > 60
    assert width.now == 1
    assert server.asked < 1_200


def test_a_backend_that_can_use_only_so_many_calls_gets_no_more() -> None:
    class Narrow(Generator[GeneratorOptions]):
        at_most = 3

        async def generate(self, request: Request) -> Completion:
            return Completion("grain")

    for said in (None, 50, 2):
        endpoints = Endpoints(said, Budget(Bounds()))
        assert endpoints.of(Narrow(GeneratorOptions())).width.most == min(3, said or 64)


def test_retry_after_closes_it_and_nothing_in_flight_pauses_it() -> None:
    clock = Clock()
    width = Width(8, clock)
    width.refused(3, 7.0)
    assert width.closed_for == pytest.approx(7.0)
    clock.now += 8
    width.refused(0, None)
    first = width.closed_for
    clock.now += 10
    width.refused(0, None)
    assert width.closed_for == pytest.approx(2 * first)


async def test_the_time_to_wait_may_pass_while_it_is_looked_at() -> None:
    class Passing(Clock):
        def __call__(self) -> float:
            self.now += 0.01
            return self.now

    clock = Passing()
    endpoint = Endpoint(1, Budget(Bounds()), lambda: None)
    endpoint.width = Width(1, clock)
    endpoint.width.refused(0, None)
    left = endpoint.width.closed_for
    clock.now += left - 0.025
    await asyncio.wait_for(endpoint.acquire((0, 0), "somebody"), 5)


def test_a_rate_lets_so_much_pass_a_minute() -> None:
    clock = Clock()
    rate = Rate(60, clock)
    passed = 0
    for _ in range(600):
        if rate.wait == 0.0:
            rate.take(1)
            passed += 1
        clock.now += 0.1
    assert passed == pytest.approx(60, abs=2)


def test_an_endpoint_keeps_to_the_lowest_rate_that_anybody_asks_for() -> None:
    endpoint = Endpoint(8, Budget(Bounds()), lambda: None)
    for calls, tokens in ((600, None), (60, 9_000), (None, 90_000), (6_000, None)):
        endpoint.limit(calls=calls, tokens=tokens)
    assert endpoint.a_minute == (60, 9_000)


def test_a_rate_that_is_lowered_lets_no_more_pass() -> None:
    clock = Clock()
    rate = Rate(6_000, clock)
    rate.slow_to(60)
    rate.slow_to(600)
    rate.take(1)
    assert rate.wait == pytest.approx(0.0, abs=0.01)
    rate.take(1)
    assert rate.wait == pytest.approx(1.0, abs=0.01)


def test_a_large_piece_is_waited_for_afterwards() -> None:
    clock = Clock()
    rate = Rate(6000, clock)
    rate.take(1000)
    assert rate.wait == pytest.approx(9.0, rel=0.01)
    clock.now += 9.1
    assert rate.wait == 0.0


def test_an_overloaded_server_is_found_out_with_few_refusals_and_no_row_is_lost(tmp_path: Path) -> None:
    with ModelServer(lambda _: "grain", service=0.05, max_in_flight=4).in_thread() as server:
        task = {
            "task_name": "walk",
            "task_description": "A walk.",
            "created_by": "the tests",
            "data_builder": "walk",
            "seed_examples": [{"number": n} for n in range(120)],
        }
        generator = {"type": "openai", "model": "x", "base_url": server.base_url, "api_key": "none"}
        outcome = fms_dgt.run(
            task, include=[TOYS / "walk.py"], generator=generator, output_dir=tmp_path, max_concurrency=32
        )
        refused = server.ledger.statuses[429]
    assert outcome.counts["records"] == 120
    assert refused < 30


def test_nine_refusals_of_ten_lose_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(pace, "LONGEST_PAUSE", 0.002)
    monkeypatch.setattr(pace, "BASE_PAUSE", 0.0001)
    luck = random.Random(3)
    numbers = count()

    def faults(body: object, index: int) -> Fault | None:
        return Fault(status=429) if next(numbers) and luck.random() < 0.9 else None

    with ModelServer(lambda _: "grain", faults=faults).in_thread() as server:
        task = {
            "task_name": "walk",
            "task_description": "A walk.",
            "created_by": "the tests",
            "data_builder": "walk",
            "seed_examples": [{"number": n} for n in range(40)],
        }
        generator = {"type": "openai", "model": "x", "base_url": server.base_url, "api_key": "none"}
        outcome = fms_dgt.run(task, include=[TOYS / "walk.py"], generator=generator, output_dir=tmp_path)
        assert len(server.requests) > 40
    assert outcome.counts["records"] == 40
    assert outcome.counts["rejected"] == 0
