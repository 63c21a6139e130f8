"""Runs of toy builders in this process, through the public API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fms_dgt

TOYS = Path(__file__).parents[1] / "toys"
SIEVE = {
    "task_name": "sieve",
    "task_description": "Grains.",
    "created_by": "the tests",
    "data_builder": "sieve",
    "seed_examples": ["a", "b"],
}


def sieve(folder: Path, percent: int = 100, delay: float = 0.0, **settings: Any) -> fms_dgt.Outcome:
    """Run the sieve builder."""
    blocks = [{"name": "generator", "delay": delay}]
    config = {"databuilders": {"sieve": {"percent": percent, "blocks": blocks}}}
    settings.setdefault("num_outputs_to_generate", 20)
    settings.setdefault("max_stalled_requests", 10_000)
    return fms_dgt.run(SIEVE, config=config, include=[TOYS / "sieve.py"], output_dir=folder, **settings)


def shape(folder: Path, builder: str, items: list[dict], **settings: Any) -> fms_dgt.Outcome:
    """Run one of the builders of toys/shapes.py over items."""
    said = {
        "task_name": "shape",
        "task_description": settings.pop("description", "Shapes."),
        "created_by": "the tests",
        "data_builder": builder,
        "seed_examples": items,
    }
    include = [TOYS / "shapes.py", TOYS / "sieve.py"]
    return fms_dgt.run(said, include=include, output_dir=folder, **settings)
