from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter

import aiohttp
import pytest

from fms_dgt.testing import Answer, Fault, ModelServer, lognormal, paid_in_log


async def post(server: ModelServer, said: str = "hello", *, path: str = "chat/completions", **body):
    asked = {"prompt": said} if path == "completions" else {"messages": [{"role": "user", "content": said}]}
    body = {"model": "m", **asked, **body}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{server.base_url}/{path}", json=body) as response:
            return response.status, await response.json(), response.headers


def get(url: str):
    with urllib.request.urlopen(url, timeout=5) as response:
        return json.loads(response.read())


async def test_chat():
    async with ModelServer(lambda body: body["messages"][-1]["content"].upper()) as server:
        status, answer, _ = await post(server, "hello there")
    assert status == 200
    assert answer["choices"] == [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "HELLO THERE"}}
    ]
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}


async def test_plain_completion():
    async with ModelServer(lambda body: Answer(body["prompt"] + "!", "length", 7, 9)) as server:
        _, answer, _ = await post(server, "once", path="completions")
    assert answer["choices"] == [{"index": 0, "finish_reason": "length", "text": "once!"}]
    assert answer["usage"]["total_tokens"] == 16


async def test_an_answer_may_take_its_time():
    async def answer(body):
        await asyncio.sleep(0)
        return Answer(None, message={"refusal": "no"})

    async with ModelServer(answer) as server:
        _, answer, _ = await post(server)
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": None, "refusal": "no"}


async def test_models_and_unknown_paths():
    async with ModelServer(model="tiny") as server:
        assert (await asyncio.to_thread(get, f"{server.base_url}/models"))["data"][0]["id"] == "tiny"
        status, answer, _ = await post(server, path="embeddings")
    assert status == 404
    assert "POST /v1/embeddings" in answer["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"messages": 3}', b'{"messages": [3]}'])
async def test_a_body_that_is_no_request(body):
    async with ModelServer() as server, aiohttp.ClientSession() as session:
        async with session.post(f"{server.base_url}/chat/completions", data=body) as response:
            assert response.status == 400


async def test_an_answer_that_raises_is_an_error_of_the_server():
    def answer(body):
        raise RuntimeError("no idea")

    async with ModelServer(answer) as server:
        status, said, _ = await post(server)
    assert status == 500
    assert "RuntimeError: no idea" in said["error"]["message"]


async def test_every_request_is_counted():
    async with ModelServer(lambda _: "x") as server:
        for prompt, seed in [("a", 1), ("a", 1), ("a", 2), ("b", None)]:
            await post(server, prompt, seed=seed)
        assert [(one.number, one.prompt, one.seed, one.status) for one in server.requests] == [
            (0, "a", 1, 200),
            (1, "a", 1, 200),
            (2, "a", 2, 200),
            (3, "b", None, 200),
        ]
        assert [
            server.count("a", 1),
            server.count("a", 1, 2),
            server.count("a"),
            server.count("b", None),
        ] == [
            2,
            3,
            3,
            1,
        ]
        assert server.count("c") == server.count("b", 1) == 0
        stats = await asyncio.to_thread(get, f"http://127.0.0.1:{server.port}/stats")
    assert (stats["requests"], stats["distinct"], stats["repeats"]) == (4, 3, 1)
    assert stats["statuses"] == {"200": 4}
    assert stats["slot_use"] is None
    assert all(one.arrived <= one.answered for one in server.requests)


async def test_nothing_is_kept_where_nothing_is_to_be_remembered():
    async with ModelServer(lambda _: "x", remember=False) as server:
        await post(server, "a", seed=1)
        assert (server.requests, server.count("a", 1)) == ([], 1)


async def test_slots():
    at_work = most = 0

    async def answer(body):
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.01)
        at_work -= 1
        return "x"

    async with ModelServer(answer, slots=3) as server:
        await asyncio.gather(*(post(server, str(number)) for number in range(12)))
        assert server.ledger.peak > 3
    assert most == 3


@pytest.mark.alone
async def test_service_time_depends_on_the_prompt():
    asked = []

    def seconds(prompt):
        asked.append(prompt)
        return 0.2 if prompt == "slow" else 0

    async with ModelServer(lambda _: "x", service=seconds) as server:
        await asyncio.gather(post(server, "slow"), post(server, "quick"))
        took = {one.prompt: one.answered - one.arrived for one in server.requests}
    assert sorted(asked) == ["quick", "slow"]
    assert took["quick"] < 0.2 <= took["slow"]


@pytest.mark.parametrize(
    ("retry_after", "header"), [(None, None), (3, "3"), ("Fri, 01 Jan 2027", "Fri, 01 Jan 2027")]
)
async def test_too_many_in_flight(retry_after, header):
    async with ModelServer(lambda _: "x", service=0.1, max_in_flight=4, retry_after=retry_after) as server:
        answers = await asyncio.gather(*(post(server, str(number)) for number in range(10)))
    assert Counter(status for status, *_ in answers) == {200: 4, 429: 6}
    assert {headers.get("Retry-After") for status, _, headers in answers if status == 429} == {header}
    assert sum(one.paid for one in server.requests) == 4


async def test_faults_are_chosen_by_request_and_index():
    def faults(body, index):
        return Fault(status=500 + index) if index < 2 else None

    async with ModelServer(lambda _: "x", faults=faults) as server:
        assert [(await post(server))[0] for _ in range(3)] == [500, 501, 200]
        assert [one.paid for one in server.requests] == [False, False, True]


async def test_a_fault_can_spoil_a_real_answer():
    slow = Fault(trickle=0.001, headers={"X-Slow": "yes"})
    async with ModelServer(lambda _: "x", faults=lambda *_: slow) as server:
        status, answer, headers = await post(server)
    assert (status, answer["choices"][0]["message"]["content"], headers["X-Slow"]) == (200, "x", "yes")


async def test_a_client_that_leaves_frees_its_slot():
    async with ModelServer(
        lambda _: "x", slots=1, service=lambda prompt: 60 if prompt == "slow" else 0
    ) as server:
        slow = asyncio.ensure_future(post(server, "slow"))
        while not server.requests:
            await asyncio.sleep(0.01)
        slow.cancel()
        assert (await post(server, "quick"))[0] == 200
        assert [one.status for one in server.requests] == [499, 200]
        assert server.requests[0].paid
        assert server.ledger.in_flight == 0


async def test_stopping_does_not_wait_for_what_hangs():
    async with ModelServer(faults=lambda *_: Fault(hang=True)) as server:
        call = asyncio.ensure_future(post(server))
        while not server.requests:
            await asyncio.sleep(0.01)
        await asyncio.wait_for(server.stop(grace=0.05), timeout=5)
        with pytest.raises(aiohttp.ClientError):
            await call
    assert server.requests[0].status == 499


async def test_stopping_lets_answers_under_way_out():
    async with ModelServer(lambda _: "x", service=0.1) as server:
        call = asyncio.ensure_future(post(server))
        while not server.requests:
            await asyncio.sleep(0.01)
        await server.stop()
        assert (await call)[0] == 200


async def test_a_stopped_server_starts_again_on_its_port():
    async with ModelServer(lambda _: "x") as server:
        url = server.base_url
        await server.stop()
        with pytest.raises(aiohttp.ClientConnectionError):
            await post(server)
        await server.start()
        assert (server.base_url, (await post(server))[0]) == (url, 200)
        assert len(server.requests) == 1


def test_serving_from_a_thread():
    before = threading.active_count()
    with ModelServer(model="threaded").in_thread() as server:
        assert get(f"{server.base_url}/models")["data"][0]["id"] == "threaded"
    assert threading.active_count() == before
    with pytest.raises(urllib.error.URLError):
        get(f"{server.base_url}/models")


def test_a_thread_whose_port_is_taken():
    with ModelServer().in_thread() as server:
        with pytest.raises(OSError, match="in use"):
            with ModelServer(port=server.port).in_thread():
                pass


async def test_the_log_says_who_paid(tmp_path):
    log = tmp_path / "requests.log"
    options = {"log": log, "service": lambda prompt: 60 if prompt == "slow" else 0}
    async with ModelServer(
        lambda _: "x", faults=lambda _, index: Fault(status=500) if index == 1 else None, **options
    ) as server:
        for _ in range(3):
            await post(server, "ä\n", seed=7)
        slow = asyncio.ensure_future(post(server, "slow"))
        while len(server.requests) < 4:
            await asyncio.sleep(0.01)
        assert paid_in_log(log) == {("ä\n", 7): 2, ("slow", None): 1}
        slow.cancel()
        await asyncio.wait([slow])
    assert paid_in_log(log) == {("ä\n", 7): 2, ("slow", None): 1}


def test_as_a_program(tmp_path):
    log = tmp_path / "requests.log"
    command = [sys.executable, "-m", "fms_dgt.testing.server", "--slots", "4", "--median", "0.01"]
    program = subprocess.Popen(
        [*command, "--sigma", "0.5", "--log", str(log)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        url = program.stdout.readline().strip()
        body = {"prompt": "Write the poem between <poem> and </poem>, and nothing else.", "seed": 3}
        request = urllib.request.Request(f"{url}/completions", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as response:
            text = json.loads(response.read())["choices"][0]["text"]
        assert text.startswith("<poem>")
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 0
    finally:
        program.kill()
        program.stdout.close()
    assert paid_in_log(log) == {(body["prompt"], 3): 1}


async def test_it_serves_many_at_once():
    async with (
        ModelServer(lambda _: "x", remember=False) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):

        async def ask(number):
            body = {"prompt": str(number)}
            async with session.post(f"{server.base_url}/completions", json=body) as response:
                return response.status

        assert Counter(await asyncio.gather(*map(ask, range(1000)))) == {200: 1000}


async def test_how_busy_the_slots_were():
    async with ModelServer(slots=2, service=0.05) as server:
        await asyncio.gather(*(post(server, f"{n}") for n in range(4)))
        stats = server.ledger.totals(2)
    assert stats["busy_seconds"] == pytest.approx(0.2)
    assert 0 < stats["slot_use"] <= 1


def test_a_share_of_the_calls_may_be_slow():
    seconds = lognormal(0.2, 0.0, slow_share=0.1)
    times = [seconds(f"{n}") for n in range(2_000)]
    assert set(times) == {0.2, 5.0}
    assert 150 < times.count(5.0) < 250
