"""A unit that takes long holds nobody up, and those that wait for it need no memory."""

from __future__ import annotations

from pathlib import Path

import fms_dgt
from engine import TOYS
from fms_dgt.runner import task_run


def test_many_finished_units_wait_for_an_older_one(tmp_path: Path) -> None:
    count = task_run.HELD_IN_MEMORY * 2
    task = {
        "task_name": "walk",
        "task_description": "A walk.",
        "created_by": "the tests",
        "data_builder": "walk",
        "seed_examples": [{"number": n} for n in range(count)],
    }
    generator = {"type": "held", "until": count - 10, "max_concurrency": 200}
    include = [TOYS / "walk.py", TOYS / "held.py"]
    outcome = fms_dgt.run(task, include=include, generator=generator, output_dir=tmp_path)
    assert [record["number"] for record in outcome.records] == list(range(count))
