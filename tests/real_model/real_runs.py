"""Short runs of every builder with a small model, live or from its recorded answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import fms_dgt
from fms_dgt.journal import JournalReader

HERE = Path(__file__).resolve().parent
TASKS = HERE.parents[1] / "tasks"
RECORDED = HERE / "recorded"
EXPECTED = RECORDED / "expected.json"
MOST_TOKENS = 150
WITHOUT_JUDGE = ("self_instruct", "text_generation")
# one call after the other: what a unit at the end asks must not depend on how fast answers come
SETTINGS: Mapping[str, Any] = {"max_concurrency": 1, "seed": 1, "progress": False}


@dataclass(frozen=True)
class Run:
    """A builder's run: its task, what its options are, and where it ends."""

    task: str
    options: Mapping[str, Any]
    settings: Mapping[str, Any]
    rows: int | None = None


def _ends(records: int, units: int) -> dict[str, int]:
    return {"num_outputs_to_generate": records, "max_stalled_requests": units}


RUNS: Mapping[str, Run] = {
    # its judge gives every message 1
    "magpie": Run("magpie", {"chat_format": "qwen", "stages": {"judge_quality": {"keep": 1}}}, _ends(3, 5)),
    "self_instruct": Run("self_instruct", {"num_instructions": 3, "lag": 1}, _ends(2, 3)),
    "evol_instruct": Run("evol_instruct", {"num_evolutions": 2}, {}, rows=2),
    "preference": Run("preference", {}, {}, rows=3),
    "skills_sdg": Run("instructlab/skills/writing/freeform/debate", {"request_batch_size": 3}, _ends(2, 3)),
    "knowledge_sdg": Run(
        "instructlab/knowledge/services/bicycle_rental", {"variants": ["document"], "max_pairs": 3}, {}
    ),
    "text_generation": Run("text_generation", {}, {}, rows=3),
    "pipeline": Run("flows/harbour_questions", {}, {}, rows=1),
}


@dataclass(frozen=True)
class Figures:
    """What came of a run: how many answers, how many of them readable, how many records."""

    calls: int
    readable: int
    kept: int
    failed: int = 0

    def __str__(self) -> str:
        share = f"{self.readable / self.calls:.0%}" if self.calls else "none"
        return f"{self.calls} replies, {share} readable; {self.kept} records kept"


def expected() -> dict[str, Figures]:
    """What came of the recorded runs, by builder."""
    if not EXPECTED.exists():
        return {}
    figures = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return {name: Figures(**each) for name, each in figures.items()}


def run(name: str, folder: Path, *, answers: Path | None = None, live: str = "") -> Figures:
    """Run a builder; `answers` is the file of recorded ones, `live` the model that is asked for others."""
    planned = RUNS[name]
    generator = {
        "type": "recorded",
        "model": "smollm2-135m",
        "answers": str(answers or RECORDED / f"{name}.jsonl"),
        "live": live,
        "max_tokens": MOST_TOKENS,
    }
    blocks: list[dict[str, Any]] = [{"name": "generator", **generator, "temperature": 0.7}]
    if name not in WITHOUT_JUDGE:
        blocks.append({"name": "validator", "lm_config": {**generator, "temperature": 0}})
    outcome = fms_dgt.run(
        _task(planned),
        config={"databuilders": {name: {**planned.options, "blocks": blocks}}},
        include=[str(HERE / "recorded_model.py")],
        output_dir=folder,
        **{**SETTINGS, **planned.settings},
    )
    (task,) = outcome.finished.tasks
    calls, readable = _replies(folder, task.task)
    return Figures(calls, readable, task.kept, task.failed)


def _task(planned: Run) -> dict[str, Any] | str:
    path = TASKS / planned.task / "task.yaml"
    task: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    if "documents" in task.get("include", {}):
        # a page is enough
        task["include"]["documents"] = {"handbook": str(path.parent / "documents" / "tours.md")}
        task["chunk_size"] = 250
    if isinstance(task.get("input"), str):
        lines = (path.parent / task["input"]).read_text(encoding="utf-8").splitlines()
        task["input"] = [json.loads(line) for line in lines[: planned.rows]]
    elif planned.rows is not None:
        task["seed_examples"] = task["seed_examples"][: planned.rows]
    return {"task_name": planned.task.rsplit("/", 1)[-1], **task}


def _replies(folder: Path, task: str) -> tuple[int, int]:
    """The answers of the units that are part of the data, and how many of them could be read."""
    reader = JournalReader(folder)
    try:
        entry = reader.find_task(task)
        assert entry is not None
        outcomes = [reader.outcome(entry.id, number) for number in reader.outcome_numbers(entry.id)]
        keys = [outcome.key for outcome in outcomes if outcome is not None and outcome.decided is not None]
        read = [
            bool(body["completion"].get("extra", {}).get("readable"))
            for key in keys
            for _, _, body in reader.calls_of(entry.id, key)
        ]
    finally:
        reader.close_reader()
    return len(read), sum(read)
