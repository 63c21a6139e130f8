"""Records what a small model answers in short runs of every builder, for the tests that replay them."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/real_model"))

from real_runs import EXPECTED, RECORDED, RUNS, Figures, expected, run


def record(model: Path, builders: Sequence[str]) -> int:
    """Ask the model anew; what is asked as before is asked again, too."""
    RECORDED.mkdir(exist_ok=True)
    figures = dict(expected())
    for name in builders or RUNS:
        figures[name] = _recorded(name, str(model.resolve()))
        print(f"{name}: {figures[name]}", flush=True)
        shown = {name: asdict(each) for name, each in sorted(figures.items())}
        EXPECTED.write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")
    return 0


def _recorded(name: str, model: str) -> Figures:
    """The figures of a live run, whose answers take the place of the old ones."""
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.jsonl"
        figures = run(name, Path(folder) / "run", answers=answers, live=model)
        (RECORDED / f"{name}.jsonl").write_bytes(answers.read_bytes())
    return figures
