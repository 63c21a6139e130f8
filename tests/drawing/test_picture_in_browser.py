"""The picture as a browser lays it out: nothing stands on anything else, and all of it can be read."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from browser import measured, ran

from fms_dgt.binding.bind import bind
from fms_dgt.binding.bound import stage_names
from fms_dgt.cli.main import main
from fms_dgt.config import PlanRequest, load_plan
from fms_dgt.config.shipped import shipped_names
from fms_dgt.plugins import Plugins

HARD = """
task_name: hard
task_description: A picture with everything in it.
created_by: the tests
data_builder: pipeline
seed_examples: [{topic: tides, kind: a}]
flow:
  - together:
      - generate: {prompt: "Name {{ topic }}.", into: one}
      - generate: {prompt: "Count {{ topic }}.", into: two}
  - name: a_stage_whose_name_is_much_longer_than_any_box_is_wide_and_goes_on_and_on_until_it_must_be_cut_off
    set: {mark: 1, "<&>\\"quoted\\"": 1}
  - name: 潮汐の説明を書いてから次の段階へ進むための非常に長い名前の段階であることを示す例
    set: {other: 2}
  - name: way
    branch:
      on: kind
      to:
        a: [{generate: {prompt: "Say {{ one }}.", into: three}}]
        a_value_that_is_so_long_that_it_does_not_fit_beside_its_arrow: [{set: {three: x}}, {repeat: {count: 2}}]
      otherwise: []
  - name: each
    for_each:
      column: list
      item: entry
      stages:
        - together:
            - generate: {prompt: "Say {{ entry }}.", into: four}
            - generate: {prompt: "Sing {{ entry }}.", into: five}
        - judge: {prompt: "Rate {{ four }} {{ reply_format }}", reply: {score: {from: 0, to: 1}}, keep: {equal: 1}}
      gather: {fours: four}
  - name: dedup_one
    check: {validator: exact, on: one}
""".replace(
    '  - together:\n      - generate: {prompt: "Name',
    '  - set: {list: [1, 2]}\n  - together:\n      - generate: {prompt: "Name',
)


def drawn(path: Path, *arguments: str) -> Any:
    out = path / "flow.svg"
    assert main(["draw", *arguments, "--config-path", "offline", "-o", str(out)]) == 0
    return out


def longest() -> str:
    """The shipped task with the most stages."""
    plan = load_plan(PlanRequest(tasks=shipped_names("tasks"), config="offline"))
    tasks = bind(plan, Plugins.discover())
    return max(tasks, key=lambda task: len(stage_names(task.flow))).name


def crossing(one: list[float], other: list[float], slack: float = 0.5) -> bool:
    return (
        one[0] < other[2] - slack
        and other[0] < one[2] - slack
        and one[1] < other[3] - slack
        and other[1] < one[3] - slack
    )


def within(inner: list[float], outer: list[float], slack: float = 0.5) -> bool:
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def check_geometry(found: Any) -> None:
    texts = [text for group in found["groups"] for text in group["texts"]] + found["labels"]
    for group in found["groups"]:
        for text, place in group["texts"]:
            assert within(place, group["rect"]), f"'{text}' leaves the box of {group['stage']}"
        assert within(group["rect"], found["picture"])
    for (one, a), (other, b) in itertools.combinations(texts, 2):
        assert not crossing(a, b), f"'{one}' and '{other}' stand on each other"
    for one, other in itertools.combinations(found["groups"], 2):
        if crossing(one["rect"], other["rect"]):
            inside = within(other["rect"], one["rect"]) or within(one["rect"], other["rect"])
            assert inside, f"{one['stage']} and {other['stage']} stand on each other"
    for text, place in found["labels"]:
        assert within(place, found["picture"])
        solid = [group for group in found["groups"] if group["style"] not in ("nest", "head")]
        assert not any(crossing(place, group["rect"]) for group in solid), f"'{text}' stands on a box"


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_longest_shipped_flow_is_legible(tmp_path: Path) -> None:
    found = measured(drawn(tmp_path, "--task-paths", longest()))
    check_geometry(found)
    assert len(found["groups"]) > 10


def test_a_flow_with_everything_in_it_is_legible(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(HARD, encoding="utf-8")
    found = measured(drawn(tmp_path, "--task-paths", "task.yaml"))
    check_geometry(found)
    long = next(group for group in found["groups"] if group["stage"].startswith("a_stage"))
    assert long["texts"][1][0].endswith("…")
    assert "until_it_must_be_cut_off" in long["title"]


def test_a_run_is_legible_on_the_arrows(tmp_path: Path) -> None:
    task = ["--task-paths", "instructlab/skills/writing/freeform/debate"]
    assert main([*task, "--config-path", "offline", "--quiet"]) == 0
    found = measured(drawn(tmp_path, *task))
    check_geometry(found)
    labels = [text for text, _ in found["labels"]]
    assert "20 records" in labels
    assert any(label.endswith(" rows") for label in labels)


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_its_box(tmp_path: Path, dark: bool) -> None:
    (tmp_path / "task.yaml").write_text(HARD, encoding="utf-8")
    found = measured(drawn(tmp_path, "--task-paths", "task.yaml"), dark=dark)
    assert (luminance(found["paper"]) < 0.1) == dark
    for text, box in found["contrasts"]:
        assert contrast(text, found["paper"] if box == "none" else box) >= 4.5


def test_the_picture_says_what_it_shows(tmp_path: Path) -> None:
    found = measured(drawn(tmp_path, "--task-paths", "instructlab/skills/writing/freeform/debate"))
    assert found["role"] == "img"
    title, words = found["named"]
    assert title == "The flow of instructlab/skills/writing/freeform/debate (skills_sdg)"
    assert "question_template_freeform (generate): asks generator" in words


def test_the_file_opens_by_itself(tmp_path: Path) -> None:
    picture = drawn(tmp_path, "--task-paths", "instructlab/skills/writing/freeform/debate")
    shot = tmp_path / "shot.png"
    ran(tmp_path, f"--screenshot={shot}", "--window-size=500,2000", picture.as_uri())
    assert shot.stat().st_size > 20_000
