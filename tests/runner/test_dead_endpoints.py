"""Endpoints that answer nothing: who ends, after how long, in which words, and that nothing is lost."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from engine import TOYS, listening
from fms_dgt.core.events import EndpointSilent, RunFinished, TaskFinished
from fms_dgt.errors import RunError, UserError
from fms_dgt.runner import watch
from fms_dgt.testing import Answer, Fault, ModelServer, prompt_of
from fms_dgt.testing.wire import answer_payload, encoded

BRIEF = 0.6  # seconds in which an endpoint has to answer for the first time
AMPLE = 30.0
ADVICE = "see whether the server runs, and check its address"


def relay(folder: Path, urls: Mapping[str, str], *, rows: int = 6, **settings: Any) -> fms_dgt.Outcome:
    """Run the relay builder; `urls` has each block's."""
    task = {
        "task_name": "relay",
        "task_description": settings.pop("description", "A relay."),
        "created_by": "the tests",
        "data_builder": "relay",
        "seed_examples": [{"number": n} for n in range(rows)],
    }
    config = {
        "databuilders": {
            "relay": {"blocks": [{"name": name, "base_url": url} for name, url in urls.items()]}
        },
        "runner_config": settings.pop("runner", {}),
    }
    settings.setdefault("startup_timeout", BRIEF)
    return fms_dgt.run(task, config=config, include=[TOYS / "relay.py"], output_dir=folder, **settings)


def everywhere(url: str) -> dict[str, str]:
    return dict.fromkeys(("generator", "judge", "spare"), url)


def closed() -> str:
    """The URL of a port at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@contextlib.contextmanager
def mute() -> Iterator[str]:
    """The URL of a socket that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@contextlib.contextmanager
def refusing(status: int) -> Iterator[str]:
    with ModelServer(faults=lambda *_: Fault(status=status)).in_thread() as server:
        yield server.base_url


@contextlib.contextmanager
def plain_http_by_https() -> Iterator[str]:
    with ModelServer().in_thread() as server:
        yield server.base_url.replace("http:", "https:")


class Heard:
    """A hook that keeps what was told of silent endpoints and of ends."""

    def __init__(self) -> None:
        self.silent: list[EndpointSilent] = []
        self.ended: dict[str, TaskFinished] = {}
        self.finished: RunFinished | None = None

    @fms_dgt.hookimpl
    def endpoint_silent(self, event: EndpointSilent) -> None:
        self.silent.append(event)

    @fms_dgt.hookimpl
    def task_finished(self, event: TaskFinished) -> None:
        self.ended[event.task] = event

    @fms_dgt.hookimpl
    def run_finished(self, event: RunFinished) -> None:
        self.finished = event


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds in a real run."""
    monkeypatch.setattr(watch, "HEAD_START", 0.3)
    monkeypatch.setattr(watch, "SHORT", 0.1)
    monkeypatch.setattr(watch, "EVERY", 0.2)


DEAD = {
    "a closed port": (lambda: contextlib.nullcontext(closed()), "refused the connection", ADVICE),
    "500 to everything": (
        lambda: refusing(500),
        "answered 500: stand-in fault 500",
        "see whether the server works",
    ),
    "a socket that says nothing": (mute, "sends nothing", "see whether the server works"),
    "https where http is spoken": (plain_http_by_https, "could not be reached with TLS (", ADVICE),
}


@pytest.mark.parametrize("name", DEAD)
def test_who_never_answered_ends_the_run_soon_and_nothing_is_lost(tmp_path: Path, name: str) -> None:
    server, happened, mend = DEAD[name]
    heard = Heard()
    with server() as url, listening(heard), pytest.raises(RunError) as caught:
        relay(tmp_path, everywhere(url))
    text = str(caught.value)
    assert text.startswith(f"generator (openai:stand-in): {url} {happened}")
    assert mend in text
    assert text.endswith("if it is starting or loading a model, wait longer: --startup-timeout 600")
    for foreign in ("ClientConnector", "Cannot connect to host", "ssl:", "Errno"):
        assert foreign not in text
    assert heard.finished is not None
    assert heard.finished.exit_code == 1
    assert heard.ended["relay"].end == "stopped"
    with ModelServer(lambda _: "ok").in_thread() as running:
        outcome = relay(tmp_path, everywhere(running.base_url))
    assert [row["number"] for row in outcome.records] == list(range(6))
    assert list(outcome.rejections) == []


def test_who_is_waited_for_is_told_and_for_how_long(tmp_path: Path) -> None:
    heard = Heard()
    url = closed()
    with listening(heard), pytest.raises(RunError):
        relay(tmp_path, everywhere(url), startup_timeout=1.5)
    *told, last = heard.silent
    assert {event.endpoint for event in told} == {"generator (openai:stand-in)"}
    assert {event.error for event in told} == {f"{url} refused the connection"}
    left = [event.left for event in told]
    assert left == sorted(left, reverse=True)
    assert all(0 <= seconds < 1.5 for seconds in left)
    assert last.left is None


def test_a_slow_server_that_gives_a_sign_of_life_is_waited_for(tmp_path: Path) -> None:
    with ModelServer(lambda _: "ok", service=4 * BRIEF).in_thread() as server:
        outcome = relay(tmp_path, everywhere(server.base_url), rows=1)
    assert outcome.counts["records"] == 1
    assert len(server.requests) == 2


def test_a_server_that_does_one_thing_at_a_time_is_waited_for(tmp_path: Path) -> None:
    with one_at_a_time(seconds=2 * BRIEF) as (url, asked):
        outcome = relay(tmp_path, everywhere(url), rows=1)
    assert outcome.counts["records"] == 1
    assert len(asked) == 2


@contextlib.contextmanager
def one_at_a_time(seconds: float) -> Iterator[tuple[str, list[str]]]:
    """A server that looks at nothing else while it works, as those of a few lines do."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(404, b"{}")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.path)
            time.sleep(seconds)
            self._send(200, encoded(answer_payload(Answer("ok"), {}, number=0, chat=True)))

        def _send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0.2"}], ids=["503", "503 with Retry-After"])
def test_a_server_that_loads_its_model_is_waited_for(tmp_path: Path, headers: dict[str, str]) -> None:
    until = time.monotonic() + 3 * BRIEF
    loading = Fault(status=503, body={"error": {"message": "Loading model"}}, headers=headers)
    heard = Heard()

    def faults(*_: Any) -> Fault | None:
        return loading if time.monotonic() < until else None

    with ModelServer(lambda _: "ok", faults=faults).in_thread() as server, listening(heard):
        outcome = relay(tmp_path, everywhere(server.base_url))
    assert outcome.counts["records"] == 6
    assert heard.silent[0].busy
    assert "Loading model" in heard.silent[0].error
    assert heard.silent[-1].left is None


def test_a_server_that_is_started_late_is_waited_for_if_it_is_said(tmp_path: Path) -> None:
    url = closed()
    port = int(url.rpartition(":")[2].partition("/")[0])
    done = threading.Event()

    def late() -> None:
        time.sleep(3 * BRIEF)
        with ModelServer(lambda _: "ok", port=port).in_thread():
            done.wait(AMPLE)

    thread = threading.Thread(target=late)
    thread.start()
    try:
        outcome = relay(tmp_path, everywhere(url), startup_timeout=AMPLE)
    finally:
        done.set()
        thread.join()
    assert outcome.counts["records"] == 6
    assert list(outcome.rejections) == []


def test_a_block_that_nobody_asks_may_be_dead(tmp_path: Path) -> None:
    with ModelServer(lambda _: "ok").in_thread() as server:
        urls = {**everywhere(server.base_url), "spare": closed()}
        assert relay(tmp_path, urls).complete


def test_a_dead_judge_ends_the_run_and_the_teachers_answers_serve(tmp_path: Path) -> None:
    with ModelServer(lambda _: "ok").in_thread() as server:
        with pytest.raises(RunError, match=r"^judge \(openai:stand-in\): .* refused the connection"):
            relay(tmp_path, {**everywhere(server.base_url), "judge": closed()})
        asked = len(server.requests)
        assert asked == 6
        outcome = relay(tmp_path, everywhere(server.base_url))
    assert outcome.counts["records"] == 6
    assert len(server.requests) == 12


def test_tasks_that_do_not_need_a_dead_endpoint_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    url = closed()
    with ModelServer(lambda _: "ok", service=4 * BRIEF).in_thread() as server:
        with listening(heard), pytest.raises(RunError, match="refused the connection"):
            both(tmp_path, url, server.base_url)
        assert heard.ended["relay"].end == "stopped"
        assert (heard.ended["walk"].end, heard.ended["walk"].complete) == ("exhausted", True)
        assert heard.finished is not None
        assert heard.finished.exit_code == 1
        assert caplog.text.count("wait longer: --startup-timeout 600; other tasks go on") == 1
        walked = len(server.requests)
        again = both(tmp_path, server.base_url, server.base_url)
    assert again.complete
    assert walked == 4
    assert len(server.requests) == walked + 8


def both(folder: Path, relay_url: str, walk_url: str) -> fms_dgt.Outcome:
    """Two tasks in one run, each with a server of its own."""
    said = {"task_description": "Two.", "created_by": "the tests"}
    seeds = [{"number": n} for n in range(4)]
    tasks = [
        {**said, "task_name": name, "data_builder": name, "seed_examples": seeds}
        for name in ("relay", "walk")
    ]
    first, second = tasks
    generator = {"type": "openai", "model": "stand-in", "api_key": "none"}
    blocks = [{"name": name, "base_url": relay_url} for name in ("generator", "judge", "spare")]
    config = {
        "databuilders": {
            "relay": {"blocks": blocks},
            "walk": {"blocks": [{"name": "generator", **generator, "base_url": walk_url}]},
        },
        "tasks": {"walk": second},
    }
    include = [TOYS / name for name in ("relay.py", "walk.py", "sieve.py")]
    return fms_dgt.run(first, config=config, include=include, output_dir=folder, startup_timeout=BRIEF)


def test_who_answered_is_waited_for_longer(tmp_path: Path) -> None:
    """After the first answer the bound is `give_up_after`."""
    down = threading.Event()

    def answer(_: Mapping[str, Any]) -> str:
        return "ok"

    def faults(_: Mapping[str, Any], index: int) -> Fault | None:
        if index == 3:
            down.set()
            threading.Timer(2.5 * BRIEF, down.clear).start()
        return Fault(status=500) if down.is_set() else None

    with ModelServer(answer, faults=faults).in_thread() as server:
        outcome = relay(tmp_path, everywhere(server.base_url), max_concurrency=1)
    assert outcome.counts["records"] == 6
    assert list(outcome.rejections) == []


def test_who_answered_and_is_gone_ends_the_run_and_costs_no_row(tmp_path: Path) -> None:
    """Not even where nothing but those rows is left: a closed port is no fault of theirs."""
    stopped: list[Any] = []

    with ModelServer(lambda _: "ok").in_thread() as server:
        stop = stopping(server)
        with listening(stop), pytest.raises(RunError, match="nothing was answered for .* s") as caught:
            relay(tmp_path, everywhere(server.base_url), runner={"give_up_after": 1.5, "max_attempts": 2})
        stopped.append(stop)
    assert "give_up_after" in str(caught.value)
    with ModelServer(lambda _: "ok").in_thread() as running:
        outcome = relay(tmp_path, everywhere(running.base_url))
    assert outcome.counts["records"] == 6
    assert len(server.requests) + len(running.requests) - 12 <= 6


def stopping(server: ModelServer) -> object:
    """A hook that closes the server's port after its third answer."""

    class Stopping:
        left = 3

        @fms_dgt.hookimpl
        def call_finished(self) -> None:
            self.left -= 1
            if self.left == 0 and server._listener is not None:
                loop = server._listener.get_loop()
                loop.call_soon_threadsafe(lambda: loop.create_task(server.stop(grace=0)))

    return Stopping()


def test_a_folder_that_has_answers_loses_no_row_to_a_server_that_was_not_started(tmp_path: Path) -> None:
    with ModelServer(lambda _: "ok").in_thread() as server:
        relay(tmp_path, everywhere(server.base_url), max_calls=11, max_concurrency=1)
    with pytest.raises(RunError, match="refused the connection"):
        relay(tmp_path, everywhere(closed()), runner={"max_attempts": 1})
    with ModelServer(lambda _: "ok").in_thread() as server:
        outcome = relay(tmp_path, everywhere(server.base_url))
    assert outcome.counts["records"] == 6
    assert len(server.requests) == 1


def test_calls_that_fail_whenever_they_are_asked_can_be_given_up_in_a_run_of_their_own(
    tmp_path: Path,
) -> None:
    """Nothing else is left that the server could answer; it is there, so they are to blame."""
    bad = at_row(2, Fault(status=500))
    with ModelServer(lambda _: "ok", faults=bad).in_thread() as server:
        first = relay(tmp_path, everywhere(server.base_url), runner={"max_attempts": 2})
        again = relay(tmp_path, everywhere(server.base_url), retry_failed=True, runner={"max_attempts": 2})
    for outcome in (first, again):
        assert outcome.counts["records"] == 5
        assert outcome.tasks["relay"].failed == 1
        assert outcome.tasks["relay"].end == "exhausted"


def test_many_calls_that_are_refused_whenever_they_are_asked_can_be_given_up_in_a_run_of_their_own(
    tmp_path: Path,
) -> None:
    """Each is refused once more, and the folder stays usable."""

    def bad(body: Mapping[str, Any], _: int) -> Fault | None:
        return Fault(status=400) if int(prompt_of(body).split()[3].rstrip(".")) >= 5 else None

    with ModelServer(lambda _: "ok", faults=bad).in_thread() as server:
        for settings in ({}, {"retry_failed": True}, {}):
            outcome = relay(tmp_path, everywhere(server.base_url), rows=30, **settings)
            assert (outcome.counts["records"], outcome.tasks["relay"].failed) == (5, 25)
            assert outcome.finished.exit_code == 1
    assert len(server.requests) == 2 * 5 + 25 + 25


def at_row(number: int, fault: Fault) -> Callable[..., Fault | None]:
    return lambda body, _: fault if f"number {number}." in str(body) else None


@pytest.mark.parametrize("status", [400, 422])
def test_an_endless_task_ends_where_every_call_is_refused_after_the_first(
    tmp_path: Path, status: int
) -> None:
    settings = {"description": "endless", "num_outputs_to_generate": 40, "max_stalled_requests": 5}
    with ModelServer(lambda _: "ok").in_thread() as server:
        whole = relay(tmp_path / "whole", everywhere(server.base_url), **settings)
    fault = Fault(status=status)
    heard = Heard()
    with ModelServer(lambda _: "ok", faults=lambda _, i: fault if i >= 30 else None).in_thread() as server:
        with listening(heard), pytest.raises(RunError, match="relay: 20 units gave no record") as caught:
            relay(tmp_path / "cut", everywhere(server.base_url), **settings)
    assert f"failed; for example: the server answered {status}" in str(caught.value)
    assert heard.finished is not None
    assert heard.finished.exit_code == 1
    answered = sum(one.status == 200 for one in server.requests)
    with ModelServer(lambda _: "ok").in_thread() as again:
        outcome = relay(tmp_path / "cut", everywhere(again.base_url), **settings)
    assert outcome.complete
    assert list(outcome.records) == list(whole.records)
    # nothing that was answered was asked for again
    assert answered + len(again.requests) <= whole.counts["calls"] + 2 * 20


def test_an_endless_task_ends_where_every_call_fails_after_the_first(tmp_path: Path) -> None:
    settings = {"description": "endless", "num_outputs_to_generate": 40}
    with ModelServer(lambda _: "ok").in_thread() as server:
        whole = relay(tmp_path / "whole", everywhere(server.base_url), **settings)
    fault = Fault(status=500)
    with ModelServer(lambda _: "ok", faults=lambda _, i: fault if i >= 30 else None).in_thread() as server:
        with pytest.raises(RunError, match=r"answered 500: .*; nothing was answered for 1.* s"):
            relay(tmp_path / "cut", everywhere(server.base_url), runner={"give_up_after": 1.0}, **settings)
    with ModelServer(lambda _: "ok").in_thread() as again:
        outcome = relay(tmp_path / "cut", everywhere(again.base_url), **settings)
    assert list(outcome.records) == list(whole.records)
    assert list(outcome.rejections) == []
    assert 30 + len(again.requests) <= whole.counts["calls"] + 2 * 20


def test_a_judge_that_refuses_everything_ends_an_endless_task(tmp_path: Path) -> None:
    with ModelServer(lambda _: "ok").in_thread() as teacher:
        judge = ModelServer(lambda _: "ok", faults=lambda _, i: Fault(status=400) if i else None)
        with judge.in_thread(), pytest.raises(RunError, match=r"gave no record.*judge rejected"):
            relay(
                tmp_path,
                {**everywhere(teacher.base_url), "judge": judge.base_url},
                description="endless",
                num_outputs_to_generate=10_000,
                max_concurrency=4,
            )
    assert len(teacher.requests) < 200


def test_every_refusal_before_any_answer_still_is_the_users_to_mend(tmp_path: Path) -> None:
    with refusing(400) as url, pytest.raises(UserError, match="refuses every call"):
        relay(tmp_path, everywhere(url), rows=60)


def test_another_endpoint_needs_no_leave_where_nothing_was_paid_for(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="refused the connection"):
        relay(tmp_path, everywhere(closed()))
    with ModelServer().in_thread() as server:
        blocks = {"temperature": 0.5, "base_url": server.base_url}
        config = {"databuilders": {"relay": {"blocks": [{"name": name, **blocks} for name in everywhere("")]}}}
        task = {"task_name": "relay", "task_description": "A relay.", "created_by": "the tests"}
        task |= {"data_builder": "relay", "seed_examples": [{"number": n} for n in range(6)]}
        outcome = fms_dgt.run(task, config=config, include=[TOYS / "relay.py"], output_dir=tmp_path)
    assert (outcome.complete, len(outcome.records)) == (True, 6)
    assert not any("changed" in note for note in outcome.finished.notes)

