"""Each builder from end to end on the recorded answers of a real model (SmolLM2-135M-Instruct).

What comes of them holds: how many replies could be read, and how many records were kept.
"""

from __future__ import annotations

import json

import pytest
from real_runs import RECORDED, RUNS, expected, run

ANEW = "the prompts have changed since: record anew with scripts/prompts/run record --model FILE.gguf"


@pytest.mark.parametrize("name", RUNS)
def test_what_comes_of_recorded_answers_holds(name, tmp_path, capsys):
    if name not in expected():
        pytest.skip(f"nothing is recorded for {name}; scripts/prompts/run record --model FILE.gguf {name}")
    figures = run(name, tmp_path)
    with capsys.disabled():
        print(f"\n{name}: {figures}")
    assert figures.failed == 0, ANEW
    assert figures == expected()[name], ANEW


def test_the_same_answers_give_the_same_bytes(tmp_path):
    name = "text_generation"
    for folder in ("one", "two"):
        run(name, tmp_path / folder)
    one, two = ((tmp_path / folder / name / "data.jsonl").read_bytes() for folder in ("one", "two"))
    assert one
    assert one == two


def test_what_was_not_recorded_fails_and_says_how_to_record(tmp_path):
    some = tmp_path / "some.jsonl"
    lines = (RECORDED / "text_generation.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    some.write_text("".join(lines[:1]), encoding="utf-8")
    figures = run("text_generation", tmp_path / "run", answers=some)
    assert figures.failed > 0
    rejected = (tmp_path / "run" / "text_generation" / "rejected.jsonl").read_text(encoding="utf-8")
    assert "scripts/prompts/run record" in json.loads(rejected.splitlines()[0])["evidence"]["error"]
