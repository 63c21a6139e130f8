"""The key of a call: what shapes the answer is in it, and nothing else. A key that changes is paid for again."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import fms_dgt
import pytest

FLOW = [{"generate": {"prompt": "On {{ x }}.", "into": "y", "params": {"temperature": 0.5}}}]
TASK = {
    "task_name": "t",
    "task_description": "Sentences.",
    "created_by": "the tests",
    "data_builder": "pipeline",
    "seed_examples": [{"x": "tides"}],
    "flow": FLOW,
}


def keys(folder: Path, blocks: dict[str, Any] | None = None, **settings: Any) -> list[str]:
    """The keys of a run's calls, in the order in which they were answered."""
    task = TASK | settings.pop("task", {})
    config = {
        "databuilders": {
            "pipeline": {"blocks": [{"name": "generator", "type": "simulated", **(blocks or {})}]}
        }
    }
    fms_dgt.run(task, config=config, output_dir=folder, **settings)
    with sqlite3.connect(folder / "journal.sqlite") as db:
        found = db.execute("SELECT digest FROM calls ORDER BY id").fetchall()
    db.close()
    return [digest.hex() for (digest,) in found]


@pytest.fixture
def usual(tmp_path: Path) -> list[str]:
    return keys(tmp_path / "usual")


def generate(**changed: Any) -> dict[str, Any]:
    return {"task": {"flow": [{"generate": FLOW[0]["generate"] | changed}]}}


def test_the_key_that_journals_hold(usual: list[str]) -> None:
    assert usual == ["40dcde8a8f36ecd4c35fe0d339de7e8e"]


@pytest.mark.parametrize(
    "changed",
    [
        generate(prompt="About {{ x }}."),
        generate(system="Be short."),
        generate(params={"temperature": 0.6}),
        generate(into="z"),
        {"task": {"seed_examples": [{"x": "winds"}]}},
        {"seed": 1},
        {"blocks": {"model_id_or_path": "other"}},
        {"blocks": {"top_p": 0.5}},
    ],
    ids=["prompt", "system", "params", "stage", "row", "seed", "model", "sampling of the block"],
)
def test_what_shapes_the_answer_changes_the_key(
    tmp_path: Path, usual: list[str], changed: dict[str, Any]
) -> None:
    other = keys(tmp_path / "other", **changed)
    assert len(other) == 1
    assert not set(other) & set(usual)


@pytest.mark.parametrize(
    "changed",
    [
        {"blocks": {"timeout": 3.0, "max_concurrency": 2, "requests_per_minute": 600}},
        {"blocks": {"input_price": 1.0, "output_price": 2.0}},
        {"max_calls": 5, "max_concurrency": 1},
        {"task": {"task_description": "Words.", "created_by": "others"}},
    ],
    ids=["limits", "prices", "budget", "description"],
)
def test_nothing_else_changes_it(tmp_path: Path, usual: list[str], changed: dict[str, Any]) -> None:
    assert keys(tmp_path / "other", **changed) == usual


def test_the_key_of_an_item_does_not_depend_on_those_before_it(tmp_path: Path, usual: list[str]) -> None:
    more = {"seed_examples": [{"x": "winds"}, {"x": "tides"}]}
    assert set(usual) < set(keys(tmp_path / "more", task=more))


def test_equal_items_are_asked_for_each(tmp_path: Path) -> None:
    twice = {"seed_examples": [{"x": "tides"}, {"x": "tides"}]}
    assert len(set(keys(tmp_path / "twice", task=twice))) == 2
