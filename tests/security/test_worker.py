"""The worker process: whatever is done in it ends in time, and costs nothing but that job."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from fms_dgt.errors import OverLimit, WorkFailed
from fms_dgt.safety.worker import Limits, Worker

LIMITS = Limits(seconds=2, memory=256 * 2**20, output=2**20)
# on a busy machine, for what is not to be ended
PATIENT = Limits(seconds=60, memory=256 * 2**20, output=2**20)


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker("hostile_jobs:work")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (("spin",), "took longer than 2 seconds"),
        (("power",), "took longer than 2 seconds"),
        (("memory", 2 * 10**9), "took more than 256 MB of memory"),
        (("text", 2 * 2**20), "made more than 1 MB of text"),
    ],
    ids=["a loop", "a power", "a long text", "a long answer"],
)
def test_a_job_over_its_limit_is_ended_and_the_next_one_served(worker, job, message) -> None:
    with pytest.raises(OverLimit, match=message):
        worker.run(*job, limits=LIMITS)
    assert worker.run("echo", 1, "b", limits=PATIENT) == [1, "b"]


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (("raise",), "a key"),
        (("exit",), "0"),
        (("die",), "ended with exit code 3"),
    ],
)
def test_a_job_that_fails_is_an_error_of_that_job(worker, job, message) -> None:
    with pytest.raises(WorkFailed, match=message):
        worker.run(*job, limits=PATIENT)
    assert worker.run("echo", limits=PATIENT) == []


def test_what_a_job_prints_is_no_answer(worker) -> None:
    assert worker.run("print", limits=PATIENT) == []


def test_values_arrive_as_they_were(worker) -> None:
    assert worker.run("kinds", (1,), [1], {1: "a"}, 1.5, None, limits=PATIENT) == [
        "tuple", "list", "dict", "float", "NoneType",
    ]  # fmt: skip


def test_an_object_is_refused_before_anything_is_sent(worker) -> None:
    with pytest.raises(ValueError, match="unmarshallable"):
        worker.run("echo", object(), limits=PATIENT)


def test_no_secret_reaches_it(monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("HF_HOME", "/models")
    worker = Worker("hostile_jobs:work", ("HF_HOME",))
    names = worker.run("environment", limits=PATIENT)
    worker.close()
    assert "OPENAI_API_KEY" not in names
    assert "HF_HOME" in names


def test_a_module_of_the_working_folder_is_not_imported(tmp_path, monkeypatch, worker) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.chdir(tmp_path)
    assert worker.run("echo", 1, limits=PATIENT) == [1]


async def test_other_work_goes_on_meanwhile_and_a_cancelled_job_is_ended(worker) -> None:
    job = asyncio.create_task(worker.arun("spin", limits=PATIENT))
    other = asyncio.create_task(worker.arun("echo", 1, limits=PATIENT))
    await asyncio.sleep(0.5)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert await other == [1]
