"""What a run does with each fault of a server: one bad row costs no other, what is final goes once."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from engine import TOYS
from fms_dgt.errors import RunError, UserError
from fms_dgt.generators.openai import wire
from fms_dgt.testing import Answer, Fault, ModelServer, prompt_of

ROWS, BAD, TRIES = 12, 7, 2
SECONDS = 1.0  # that a call may take where it hangs: long for the others, on any machine
LARGE = "x" * 10_000_000


def run(folder: Path, url: str, *, rows: int = ROWS, runner: Mapping[str, Any] | None = None, **options: Any):
    """Walk over the rows, a call each."""
    task = {
        "task_name": "walk",
        "task_description": "A walk.",
        "created_by": "the tests",
        "data_builder": "walk",
        "seed_examples": [{"number": n} for n in range(rows)],
    }
    generator = {"type": "openai", "model": "stand-in", "base_url": url, "api_key": "none", "timeout": 10}
    return fms_dgt.run(
        task,
        include=[TOYS / "walk.py"],
        output_dir=folder,
        generator={**generator, **options},
        config={"runner_config": {"max_attempts": TRIES, "give_up_after": 20, **(runner or {})}},
    )


def of_row(body: Mapping[str, Any], number: int = BAD) -> bool:
    return f"grain number {number}." in prompt_of(body)


def at(fault: Fault) -> Callable[..., Fault | None]:
    """The fault, whenever the bad row asks."""
    return lambda body, _: fault if of_row(body) else None


def numbers(outcome: fms_dgt.Outcome) -> list[int]:
    return [record["number"] for record in outcome.records]


def tries(server: ModelServer) -> Counter[str]:
    return Counter(one.prompt for one in server.requests)


def json_of(**choice: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": "x"}, "finish_reason": "stop", **choice}]}


FINAL = {
    "400 on one row": (Fault(status=400), "answered 400: stand-in fault 400"),
    "413": (Fault(status=413, body="too large"), "answered 413: too large"),
    "422": (Fault(status=422), "answered 422"),
    "content filter": (Fault(status=400, body={"error": {"code": "content_filter", "message": "no"}}), "no"),
    "refusal": (Fault(body=json_of(message={"content": None, "refusal": "I won't"})), "I won't"),
}

AGAIN = {
    "408": (Fault(status=408), "answered 408"),
    "409": (Fault(status=409), "answered 409"),
    "500": (Fault(status=500), "answered 500"),
    "reset in mid-answer": (Fault(reset_after=40), "broke off in the middle of its answer"),
    "closed without an answer": (Fault(raw=b""), "closed the connection without an answer"),
    "no HTTP": (Fault(raw=b"SSH-2.0-x\r\n\r\n"), "did not speak HTTP"),
    "hanging forever": (Fault(hang=True), "answer within 1 s"),
    "slow trickle": (Fault(trickle=0.05), "answer within 1 s"),
    "invalid JSON": (Fault(body='{"choices": [{"mess'), "no valid JSON"),
    "empty choices": (Fault(body={"choices": []}), "without choices"),
    "wrong encoding": (Fault(body='{"choices": [{"text": "é"}]}'.encode("latin-1")), "no valid JSON"),
    "wrong compression": (Fault(headers={"Content-Encoding": "gzip"}), "failed: "),
}


@pytest.mark.parametrize("name", FINAL)
def test_what_is_final_costs_one_row_and_one_call(tmp_path: Path, name: str) -> None:
    fault, error = FINAL[name]
    with ModelServer(lambda _: "ok", faults=at(fault)).in_thread() as server:
        outcome = run(tmp_path, server.base_url)
    assert_one_row_failed(outcome, error)
    assert set(tries(server).values()) == {1}
    assert len(server.requests) == ROWS


@pytest.mark.parametrize("name", AGAIN)
def test_what_may_pass_is_tried_again_and_then_costs_one_row(tmp_path: Path, name: str) -> None:
    fault, error = AGAIN[name]
    with ModelServer(lambda _: "ok", faults=at(fault)).in_thread() as server:
        outcome = run(tmp_path, server.base_url, timeout=SECONDS if fault.hang or fault.trickle else 10)
    assert_one_row_failed(outcome, error)
    [(_, most)] = tries(server).most_common(1)
    assert most >= TRIES
    assert sum(tries(server).values()) - most == ROWS - 1


@pytest.mark.parametrize("name", AGAIN)
def test_what_passes_costs_no_row(tmp_path: Path, name: str) -> None:
    fault, _ = AGAIN[name]

    def once(body: Mapping[str, Any], index: int) -> Fault | None:
        return fault if of_row(body) and server.count(prompt_of(body)) == 1 else None

    with ModelServer(lambda _: "ok", faults=once).in_thread() as server:
        seconds = SECONDS if fault.hang or fault.trickle else 10
        outcome = run(tmp_path, server.base_url, timeout=seconds, runner={"max_attempts": 8})
    assert numbers(outcome) == list(range(ROWS))
    # on a busy machine a second may be too short for others, too
    assert len(server.requests) == ROWS + 1 or (seconds == SECONDS and len(server.requests) > ROWS)


def assert_one_row_failed(outcome: fms_dgt.Outcome, error: str) -> None:
    assert numbers(outcome) == [n for n in range(ROWS) if n != BAD]
    [row] = outcome.rejections
    assert (row["stage"], row["reason"]) == ("grain", "failed")
    assert error in row["evidence"]["error"]


@pytest.mark.parametrize(
    ("fault", "first"),
    [
        (Fault(status=429), 3),
        (Fault(status=429, headers={"Retry-After": "0.3"}), 3),
        (Fault(status=503), 3),
        (Fault(status=500), ROWS),
    ],
    ids=["429", "429 with Retry-After", "503", "a burst of 500s"],
)
def test_bursts_cost_no_row(tmp_path: Path, fault: Fault, first: int) -> None:
    with ModelServer(lambda _: "ok", faults=lambda _, i: fault if i < first else None).in_thread() as server:
        outcome = run(tmp_path, server.base_url, runner={"max_attempts": 8})
    assert numbers(outcome) == list(range(ROWS))
    assert len(server.requests) == ROWS + first


def test_retry_after_holds_new_calls(tmp_path: Path) -> None:
    fault = Fault(status=429, headers={"Retry-After": "1"})
    with ModelServer(lambda _: "ok", faults=lambda _, i: fault if i == 0 else None).in_thread() as server:
        outcome = run(tmp_path, server.base_url, max_concurrency=1)
    assert numbers(outcome) == list(range(ROWS))
    refused, after = server.requests[:2]
    assert refused.answered is not None
    assert after.arrived - refused.answered >= 1


FOR_ALL = {
    "401": (Fault(status=401), "check the key"),
    "403": (Fault(status=403), "check what the key may do"),
    "404 model": (Fault(status=404, body="The model 'x' does not exist"), "check the model's name"),
    "402": (Fault(status=402), "answered 402"),
    "moved": (Fault(status=308), "it has moved"),
    "quota": (
        Fault(status=429, body={"error": {"code": "insufficient_quota", "message": "paid up?"}}),
        "paid up?",
    ),
}


@pytest.mark.parametrize("name", FOR_ALL)
def test_what_fails_every_call_stops_the_run_at_once_resumably(tmp_path: Path, name: str) -> None:
    fault, error = FOR_ALL[name]
    with ModelServer(lambda _: "ok", faults=lambda _, i: fault if i >= 3 else None).in_thread() as server:
        with pytest.raises(UserError, match=r"^generator \(openai:stand-in\): http") as caught:
            run(tmp_path, server.base_url, max_concurrency=1)
    assert error in str(caught.value)
    assert [one.status for one in server.requests] == [200] * 3 + [fault.status]
    with ModelServer(lambda _: "ok").in_thread() as server:
        outcome = run(tmp_path, server.base_url)
    assert numbers(outcome) == list(range(ROWS))
    assert len(server.requests) == ROWS - 3


def test_nothing_is_tried_again_where_everything_is_refused(tmp_path: Path) -> None:
    with ModelServer(faults=lambda *_: Fault(status=400)).in_thread() as server:
        with pytest.raises(UserError, match="refuses every call; the last error: .* answered 400"):
            run(tmp_path, server.base_url, rows=100)
    assert set(tries(server).values()) == {1}
    assert len(server.requests) < 100


@pytest.mark.parametrize(("fault", "said"), [(None, "refused the connection"), (Fault(hang=True), "answer within 0.3 s")])
def test_a_server_that_never_answers_stops_the_run_resumably(
    tmp_path: Path, fault: Fault | None, said: str
) -> None:
    patience = {"give_up_after": 0.6}
    if fault is None:
        url = f"http://127.0.0.1:{free_port()}/v1"
        with pytest.raises(RunError, match="nothing was answered within .* s; if it is starting") as caught:
            run(tmp_path, url, runner=patience)
    else:
        with ModelServer(faults=lambda *_: fault).in_thread() as server:
            with pytest.raises(RunError, match="nothing was answered within .* s; if it is starting") as caught:
                run(tmp_path, server.base_url, runner=patience, timeout=0.3)
    assert said in str(caught.value)
    with ModelServer(lambda _: "ok").in_thread() as server:
        assert numbers(run(tmp_path, server.base_url)) == list(range(ROWS))


def test_a_server_that_starts_late_is_waited_for(tmp_path: Path) -> None:
    port = free_port()
    done = threading.Event()

    def late() -> None:
        time.sleep(0.7)
        with ModelServer(lambda _: "ok", port=port).in_thread():
            done.wait(30)

    thread = threading.Thread(target=late)
    thread.start()
    try:
        outcome = run(tmp_path, f"http://127.0.0.1:{port}/v1")
    finally:
        done.set()
        thread.join()
    assert numbers(outcome) == list(range(ROWS))
    assert list(outcome.rejections) == []


def test_a_server_that_restarts_under_load_costs_no_row(tmp_path: Path) -> None:
    restarts: list[asyncio.Task[None]] = []

    async def restart() -> None:
        await server.stop(grace=0)
        await asyncio.sleep(0.3)
        await server.start()

    def faults(_: Mapping[str, Any], index: int) -> None:
        if index == 60:
            restarts.append(asyncio.ensure_future(restart()))

    with ModelServer(lambda _: "ok", slots=16, service=0.01, faults=faults).in_thread() as server:
        outcome = run(tmp_path, server.base_url, rows=200, runner={"max_attempts": 8})
        assert restarts[0].done()
    assert numbers(outcome) == list(range(200))
    assert list(outcome.rejections) == []
    # what was under way when the server went is asked again, and nothing else
    assert max(tries(server).values()) <= 3
    assert sum(count > 1 for count in tries(server).values()) <= 64


@pytest.mark.parametrize("bad", [{"content": None}, {"content": ""}, {}], ids=["null", "empty", "missing"])
def test_no_content_is_asked_for_once_more_and_then_costs_one_row(
    tmp_path: Path, bad: dict[str, Any]
) -> None:
    with ModelServer(lambda _: "ok", faults=at(Fault(body=json_of(message=bad)))).in_thread() as server:
        outcome = run(tmp_path, server.base_url)
    assert numbers(outcome) == [n for n in range(ROWS) if n != BAD]
    [row] = outcome.rejections
    assert row["reason"] == "unreadable reply"
    assert len(server.requests) == ROWS + 1


@pytest.mark.parametrize(
    "answer",
    [Answer("half a senten", "length"), Answer("x", "stop", 0, 0), Answer(LARGE[:900_000])],
    ids=["finish_reason length", "no tokens", "900 kB"],
)
def test_odd_answers_that_are_answers(tmp_path: Path, answer: Answer) -> None:
    with ModelServer(lambda body: answer if of_row(body) else "ok").in_thread() as server:
        outcome = run(tmp_path, server.base_url)
    texts = {record["number"]: record["text"] for record in outcome.records}
    assert texts == {n: answer.text if n == BAD else "ok" for n in range(ROWS)}
    assert len(server.requests) == ROWS


def test_an_answer_of_10_mb_costs_its_row(tmp_path: Path) -> None:
    with ModelServer(lambda body: LARGE if of_row(body) else "ok").in_thread() as server:
        outcome = run(tmp_path, server.base_url)
    assert numbers(outcome) == [n for n in range(ROWS) if n != BAD]
    [row] = outcome.rejections
    assert row["reason"] == "unreadable reply"
    assert "too long" in row["evidence"]["missing"]
    assert len(server.requests) == ROWS + 1


def test_an_answer_that_is_too_large_costs_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGEST_ANSWER", 1024 * 1024)
    with ModelServer(lambda body: LARGE if of_row(body) else "ok").in_thread() as server:
        outcome = run(tmp_path, server.base_url)
    assert_one_row_failed(outcome, "the answer has more than 1 MB")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
