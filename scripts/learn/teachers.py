"""Teachers: what a run of the product, or a hand, has written about the documents, as training sets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from model_file import fetch_gguf
from questions import HERE, ROOT, TASKS, sections

LOCAL, ORACLE, SIMULATED = "local", "oracle", "simulated"
SIMPLE = "simple:"  # before a teacher: one call a chunk, and no judge
Row = dict[str, Any]


def training_sets(teacher: str, documents: list[str], work: Path) -> Path:
    """The folder of the training sets that `fms_dgt datasets` makes of a teacher's records.

    It is empty where the teacher's run kept no record.
    """
    folder = work / "sets" / "".join(letter if letter.isalnum() else "-" for letter in teacher)
    if (folder / "knowledge_closed_book_pairs.jsonl").exists():
        return folder
    if teacher == ORACLE:
        records = _written(documents, folder)
    else:
        records = _run(teacher, documents, folder / "records")
    if any(path.stat().st_size for path in [*folder.glob("*.jsonl"), *folder.rglob("data.jsonl")]):
        _product("datasets", "knowledge", str(records), "-o", str(folder), "--force")
        _product("datasets", "instructlab", str(records), "-o", str(folder), "--stamp", "all", "--force")
        by_heart = ["--phase", "closed-book", "-o", str(folder), "--force"]
        _product("datasets", "knowledge", str(records), *by_heart)
    return folder


def read_set(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _run(teacher: str, documents: list[str], folder: Path) -> Path:
    """A run of the product with all documents; one that was stopped goes on."""
    model = teacher.removeprefix(SIMPLE)
    known = {LOCAL: HERE / "teacher_local.yaml", SIMULATED: ROOT / "configs/offline.yaml"}
    how = ["--config-path", str(known[model])] if model in known else ["--teacher", model]
    simple = ["--pipeline", "simple"] if teacher.startswith(SIMPLE) else []
    paths = [str(TASKS[document]) for document in documents]
    _product("--task-paths", *paths, *how, *simple, "--output-dir", str(folder))
    return folder


def _product(*arguments: str) -> None:
    environment = {"OMP_WAIT_POLICY": "passive", **os.environ}
    if any("teacher_local" in argument for argument in arguments):
        environment["TEACHER_MODEL"] = str(fetch_gguf())
    subprocess.run([sys.executable, "-m", "fms_dgt", *arguments], check=True, cwd=ROOT, env=environment)


def _written(documents: list[str], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "records.jsonl"
    rows = [row for document in documents for row in oracle_records(document)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def oracle_records(document: str) -> Iterator[Row]:
    """Records as knowledge_sdg makes them, of pairs and facts that were written by hand.

    Every second pair is about the facts of its section in the place of the section itself.
    """
    task = yaml.safe_load((TASKS[document] / "task.yaml").read_text())
    texts = sections(document)
    for part in oracle(document):
        raw = texts[part["section"]]
        facts = "\n".join(f"- {fact}" for fact in part["facts"])
        for number, pair in enumerate(part["pairs"]):
            yield {
                "question": pair["question"],
                "response": pair["answer"],
                "document": facts if number % 2 else raw,
                "raw_document": raw,
                "dataset_type": "atomic_facts" if number % 2 else "document",
                "document_name": part["section"].partition("#")[0],
                "document_outline": task["document_outline"],
                "domain": task["domain"],
                "task_name": document,
                "taxonomy_path": document,
            }


def oracle(document: str) -> list[Row]:
    return yaml.safe_load((HERE / "oracle" / f"{document}.yaml").read_text())
