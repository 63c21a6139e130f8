"""The data never depends on timing: any flow, any latencies, failures, stalls, interruptions and crashes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from engine import TOYS, AfterCalls, listening
from fms_dgt.runner import pace, tries
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

TASK = {
    "task_name": "fickle",
    "task_description": "Whims.",
    "created_by": "the tests",
    "data_builder": "fickle",
}

odds = st.sampled_from([0, 5, 30, 60])
columns = st.sampled_from(["theme", "text"])
simple = st.one_of(
    st.builds(dict, kind=st.just("same"), on=columns, within=st.sampled_from([None, None, "luck"])),
    st.builds(dict, kind=st.just("alike"), on=columns),
    st.builds(dict, kind=st.just("long"), odds=odds),
    st.builds(
        dict,
        kind=st.sampled_from(
            ["ask", "ask", "sieve", "stumble", "unwritable", "listed", "votes", "forgiving", "each"]
            + ["spread", "both", "unfold", "judged"]
        ),
        odds=odds,
    ),
)
branch = st.builds(
    dict, kind=st.just("branch"), ways=st.lists(st.lists(simple, max_size=2), min_size=1, max_size=2)
)
flows = st.builds(
    lambda early, steps, last: [*early, *steps, *last],
    st.lists(st.just({"kind": "same", "on": "theme"}), max_size=1),
    st.lists(simple, min_size=1, max_size=4),
    st.lists(branch, max_size=1),
)


@dataclass(frozen=True)
class World:
    """A task and what its generator is like; nothing in it is of timing."""

    steps: list[dict]
    units: int = 0
    lag: int = 0
    pool: int = 4
    wanted: int = 8
    stalls: int = 5
    whims: dict[str, int] = field(default_factory=dict)


worlds = st.builds(
    World,
    steps=flows,
    units=st.sampled_from([0, 0, 0, 14]),
    lag=st.sampled_from([0, 0, 1, 4]),
    pool=st.sampled_from([4, 30, 2]),
    wanted=st.sampled_from([8, 25, 4]),
    stalls=st.sampled_from([4, 9, 2]),
    whims=st.fixed_dictionaries(
        {
            "refused": st.sampled_from([10, 35, 0]),
            "lasting": st.sampled_from([0, 0, 5]),
            "passing": st.sampled_from([0, 10]),
            "unreadable": st.sampled_from([0, 10]),
        }
    ),
)


def run(world: World, folder: Path, concurrency: int, trouble: AfterCalls | None = None) -> tuple[Any, ...]:
    """A run, as what it left."""
    generator = {"type": "fickle", "timing": concurrency, **world.whims}
    said = {**TASK, "steps": world.steps, "units": world.units, "lag": world.lag, "pool": world.pool}
    with listening(trouble):
        try:
            outcome = fms_dgt.run(
                said,
                include=[TOYS / "fickle.py"],
                generator=generator,
                output_dir=folder,
                num_outputs_to_generate=world.wanted,
                max_stalled_requests=world.stalls,
                max_concurrency=concurrency,
                progress=False,
            )
        except fms_dgt.RunError as error:
            return ("stopped", str(error))
    task = outcome.tasks["fickle"]
    files = [(folder / "fickle" / name).read_bytes() for name in ("data.jsonl", "rejected.jsonl")]
    judges = json.loads((folder / "fickle" / "run.json").read_text())["judges"]
    return (task.end, task.kept, task.rejected, task.failed, judges, *files)


def crashed(world: World, folder: Path, after: int, concurrency: int) -> Path:
    """A folder as a power cut would leave it after so many answers."""
    image = folder.with_name(folder.name + "_image")

    def cut() -> None:
        # the database before its log: what is written between the two is in neither or in the log
        image.mkdir()
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"):
            (image / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, image / path.relative_to(folder))

    run(world, folder, concurrency, AfterCalls(after, cut))
    return image if image.exists() else folder


def interrupted(world: World, folder: Path, after: int, concurrency: int) -> Path:
    """A folder as Ctrl-C leaves it after so many answers."""
    with contextlib.suppress(KeyboardInterrupt):
        run(world, folder, concurrency, AfterCalls(after, lambda: os.kill(os.getpid(), signal.SIGINT)))
    return folder


def check(world: World, points: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((tries, "FIRST_DELAY"), (tries, "SHORTEST_DELAY"), (pace, "FIRST_PAUSE")):
        monkeypatch.setattr(module, name, 1e-5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = run(world, folder / "1", 1)
        for concurrency in (3, 17, 64):
            assert run(world, folder / str(concurrency), concurrency) == wanted, concurrency
        before, during = points
        image = crashed(world, folder / "crashed", before, 17)
        assert run(world, image, 3) == wanted, "after a crash"
        again = interrupted(world, folder / "interrupted", during, 5)
        assert run(world, again, 64) == wanted, "after Ctrl-C"


SHAPES = given(world=worlds, points=st.lists(st.integers(1, 60), min_size=2, max_size=2))
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
# a duplicate that is dropped early, or only at commit after a call that was refused
LATE_REFUSAL = World(
    [{"kind": "same", "on": "theme"}, {"kind": "ask"}], stalls=4, wanted=60, pool=3, whims={"refused": 35}
)
# judges before and after a duplicate is dropped, of rows that spread, in a unit that the target cuts
JUDGED = World(
    [
        {"kind": "judged"},
        {"kind": "spread"},
        {"kind": "judged"},
        {"kind": "same", "on": "text"},
        {"kind": "judged"},
    ],
    wanted=25,
    pool=30,
    stalls=9,
    whims={"refused": 10, "unreadable": 10},
)


@settings(max_examples=7, suppress_health_check=CHECKS)
@example(world=LATE_REFUSAL, points=[9, 20])
@example(world=JUDGED, points=[30, 45])
@SHAPES
def test_timing_does_not_show(world: World, points: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    check(world, points, monkeypatch)


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=CHECKS)
@SHAPES
def test_timing_does_not_show_in_many_worlds(
    world: World, points: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    check(world, points, monkeypatch)
