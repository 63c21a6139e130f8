"""Items of one reply are compared before judges are paid, as the check that comes later would see them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fms_dgt
from fms_dgt.testing import ModelServer, prompt_of

PAIRS = [("bees", "What do they eat in winter?"), ("bears", "What do they eat in winter?")]
ASK = {
    "generate": {
        "prompt": "Ask two questions about {{ x }}. {{ reply_format }}",
        "reply": {"fields": ["topic", "question"], "repeated": True},
        "into": ["topic", "question"],
        "count": 2,
    }
}
NO_REPEATS = {"check": {"validator": "exact", "on": "question"}}
JUDGE = {
    "judge": {
        "prompt": "Is it good? {{ question }} {{ reply_format }}",
        "reply": {"score": {"from": 0, "to": 1}},
        "keep": {"equal": 1},
    }
}


def questions(folder: Path, *between: Mapping[str, Any]) -> list[str]:
    """The questions that are kept where these stages come before the check for repeats."""
    items = "\n\n".join(f"<topic>{topic}</topic>\n<question>{text}</question>" for topic, text in PAIRS)

    def answer(body: Mapping[str, Any]) -> str:
        return "<score>1</score>" if "Is it good?" in prompt_of(body) else items

    task = {
        "task_name": "animals",
        "task_description": "Questions.",
        "created_by": "the tests",
        "data_builder": "pipeline",
        "seed_examples": [{"x": "animals"}],
        "flow": [ASK, *between, NO_REPEATS, JUDGE],
    }
    with ModelServer(answer).in_thread() as server:
        model = {"type": "openai", "model": "m", "base_url": server.base_url, "api_key": "none"}
        outcome = fms_dgt.run(task, generator=model, output_dir=folder, progress=False)
    return [record["question"] for record in outcome.records]


def test_the_text_that_a_later_stage_writes_is_compared(tmp_path: Path) -> None:
    told_apart = {"text": {"question": "{{ topic }}: {{ question }}"}}
    assert questions(tmp_path / "alike") == ["What do they eat in winter?"]
    assert questions(tmp_path / "apart", told_apart) == [f"{topic}: {text}" for topic, text in PAIRS]
