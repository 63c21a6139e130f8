"""What the tests of skills_sdg are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fms_dgt.builders.skills_sdg.builder import SkillsBuilder, SkillsOptions
from fms_dgt.builders.skills_sdg.task import SkillsTask
from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode
from fms_dgt.errors import Problem

ROOT = Path(__file__).parents[2]

FREE = [{"question": f"Name {n} rivers.", "answer": f"Here are {n} rivers."} for n in range(4)]
GROUNDED = [
    {"question": f"What is colour {n}?", "answer": f"It is {n}.", "context": f"Colour {n} is {n}."}
    for n in range(2)
]


def decoded(cls: type[Any], data: Any, origin: str = "task.yaml") -> tuple[Any, list[str]]:
    """The value, and its problems as text."""
    problems: list[Problem] = []
    value = decode(cls, Node.of(data, origin), problems)
    return value, [str(problem) for problem in problems]


def task(*seeds: dict[str, str]) -> SkillsTask:
    said = {
        "task_name": "geography",
        "task_description": "Answer questions about rivers.",
        "created_by": "a test",
        "taxonomy_path": "skills/geography",
        "seed_examples": list(seeds),
    }
    value, problems = decoded(SkillsTask, said)
    assert not problems
    return value


def builder(**options: Any) -> SkillsBuilder:
    value, problems = decoded(SkillsOptions, options, "config.yaml")
    assert not problems
    return SkillsBuilder(value)
