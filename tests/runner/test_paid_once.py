"""Promise 2: nothing is asked twice. Counted at a server that outlives the killed process."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest
from fms_dgt.testing import ModelServer, lognormal
from launch import DEBATE, GRAMMAR, Launch

CONCURRENCY = 16
# A call is in flight until its answer is on the disk: answers this fresh may not have got there.
FRESH_SECONDS = 0.1


def config(url: str) -> str:
    lm = f"{{type: openai, model: stand-in, base_url: {url}, api_key: none}}"
    return f"""
databuilders:
  "*":
    blocks:
      - {{name: generator, type: openai, model: stand-in, base_url: {url}, api_key: none}}
      - {{name: validator, lm_config: {lm}}}
"""


def launch(folder: Path, url: str, task: str) -> Launch:
    folder.mkdir()
    (folder / "server.yaml").write_text(config(url))
    argv = ("--task-paths", task, "--config-path", "server.yaml", "--num-outputs-to-generate", "40")
    return Launch(folder, (*argv, "--max-concurrency", str(CONCURRENCY)))


def asked(server: ModelServer, since: int) -> Counter[tuple[str, int | None]]:
    return Counter((one.prompt, one.seed) for one in server.requests[since:] if one.paid)


def in_flight(server: ModelServer, now: float) -> int:
    return sum(1 for one in server.requests if one.answered is None or one.answered > now - FRESH_SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("task", [DEBATE, GRAMMAR])
def test_a_killed_run_pays_nothing_twice(tmp_path: Path, task: str) -> None:
    moments = random.Random(7)
    with ModelServer(slots=CONCURRENCY, service=lognormal(0.02, 0.6)).in_thread() as server:
        undisturbed = launch(tmp_path / "undisturbed", server.base_url, task)
        undisturbed.run()
        assert set(asked(server, 0).values()) == {1}
        calls = undisturbed.calls()
        for round_ in range(3):
            since = len(server.requests)
            run = launch(tmp_path / f"killed{round_}", server.base_url, task)
            allowed = 0
            for at in sorted(moments.sample(range(1, calls - CONCURRENCY), 4)):
                run.kill_when(at)
                allowed += min(in_flight(server, time.monotonic()), 2 * CONCURRENCY)
            run.run()
            twice = sum(count - 1 for count in asked(server, since).values())
            assert twice <= allowed
            assert run.data(task) == undisturbed.data(task)
