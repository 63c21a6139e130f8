"""A folder knows what it was made from: changes are noticed, explained, and paid for alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from engine import TOYS
from fms_dgt.errors import FolderChanged

TASK = {
    "task_name": "riddles",
    "task_description": "Riddles about things in a kitchen.",
    "created_by": "the tests",
    "data_builder": "riddles",
    "seed_examples": ["What has hands? A clock above the stove.", "What dries and gets wet? A towel."],
}
CONFIG = {"databuilders": {"riddles": {"lag": 0}}}


class Workshop:
    """A copy of the toy builder that can be edited, and a folder to run it in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        shutil.copytree(TOYS, path / "toys")

    def run(self, task: dict[str, Any] = TASK, **settings: Any) -> fms_dgt.Outcome:
        settings.setdefault("num_outputs_to_generate", 10)
        settings.setdefault("config", CONFIG)
        include = [self.path / "toys" / "riddles.py"]
        return fms_dgt.run(task, include=include, output_dir=self.path / "out", **settings)

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.path / "toys" / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def refused(self, task: dict[str, Any] = TASK, **settings: Any) -> str:
        with pytest.raises(fms_dgt.UserError) as caught:
            self.run(task, **settings)
        return str(caught.value)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    made.run()
    return made


def test_a_changed_template_is_noticed_and_named(workshop: Workshop) -> None:
    workshop.edit("templates/judge_riddle.yaml", "How good is", "How witty is")
    said = workshop.refused()
    assert "- the template judge_riddle changed" in said
    assert "answers still serve; making the same units again costs about" in said
    assert "--accept-changes" in said
    assert "--restart" in said


def test_only_what_a_changed_template_asks_is_paid_again(workshop: Workshop) -> None:
    before = workshop.run().finished.report["riddles"]["folder"]["calls"]
    workshop.edit("templates/judge_riddle.yaml", "How good is", "How witty is")
    after = workshop.run(accept_changes=True)
    judged = sum(
        s["in_this_run"] for s in after.finished.report["riddles"]["stages"] if s["stage"] == "judge_riddle"
    )
    written = sum(
        s["in_this_run"] for s in after.finished.report["riddles"]["stages"] if s["stage"] == "write_riddles"
    )
    assert after.complete
    # some judgements are asked twice (re-asks), writing only for units beyond those before
    assert after.counts["replayed"] > 0
    assert after.counts["calls"] <= judged + written
    assert after.counts["calls"] < before + judged


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"stages": {"judge_riddle": {"keep": 3}}}, "the stage judge_riddle changed"),
        ({"blocks": [{"name": "dedup", "threshold": 0.5}]}, "the stage dedup changed"),
        (
            {"blocks": [{"name": "generator", "temperature": 0.3}]},
            "the generator in the role generator changed",
        ),
        ({"lag": 4}, "the options of riddles changed"),
        ({"stages": {"dedup": {"enabled": False}}}, "the stage dedup is gone"),
    ],
)
def test_a_changed_config_is_noticed(workshop: Workshop, config: dict, said: str) -> None:
    merged = {"databuilders": {"riddles": {"lag": 0, **config}}}
    assert said in workshop.refused(config=merged)


def test_a_changed_threshold_costs_no_call_for_what_was_judged(workshop: Workshop) -> None:
    config = {"databuilders": {"riddles": {"lag": 0, "stages": {"judge_riddle": {"keep": 1}}}}}
    more = workshop.run(config=config, accept_changes=True)
    assert more.complete
    assert more.counts["calls"] == 0


def test_changed_seeds_and_seed_are_noticed(workshop: Workshop) -> None:
    assert "the task's seed_examples changed" in workshop.refused({**TASK, "seed_examples": ["Another?"]})
    assert "the seed changed" in workshop.refused(seed=5)


def test_changed_code_is_noticed_but_not_comments(workshop: Workshop) -> None:
    workshop.edit("riddles.py", "count=3", "count=2")
    assert "the code of riddles.py changed" in workshop.refused()
    workshop.edit("riddles.py", "count=2", "count=3")
    workshop.edit("riddles.py", "shown = [", "# a comment\n            shown = [")
    assert workshop.run().counts["calls"] == 0


def test_what_does_not_shape_data_changes_freely(workshop: Workshop) -> None:
    blocks = [{"name": "generator", "max_concurrency": 3, "timeout": 9, "latency": 0.001}]
    config = {"databuilders": {"riddles": {"lag": 0, "blocks": blocks}}}
    assert workshop.run(config=config, max_concurrency=2).complete


def test_a_folder_whose_change_is_refused_is_left_as_it_is(workshop: Workshop) -> None:
    data = workshop.path / "out" / "riddles" / "data.jsonl"
    before = data.read_bytes()
    workshop.refused(seed=5)
    assert data.read_bytes() == before
    assert workshop.run().counts["calls"] == 0


def test_a_restart_begins_anew_and_deletes_nothing(workshop: Workshop) -> None:
    folder = workshop.path / "out" / "riddles"
    before = (folder / "data.jsonl").read_bytes()
    again = workshop.run(restart=True)
    assert again.complete
    assert again.counts["replayed"] == 0
    assert again.counts["calls"] > 0
    assert (folder / "earlier" / "1" / "data.jsonl").read_bytes() == before
    assert (folder / "data.jsonl").read_bytes() == before
    assert again.finished.report["riddles"]["edition"] == 2


def test_a_lost_dataset_is_rebuilt_without_a_call(workshop: Workshop) -> None:
    data = workshop.path / "out" / "riddles" / "data.jsonl"
    before = data.read_bytes()
    data.write_text("somebody edited this\n")
    assert workshop.run().counts["calls"] == 0
    assert data.read_bytes() == before


def test_the_error_is_one_of_ours() -> None:
    assert issubclass(FolderChanged, fms_dgt.UserError)
