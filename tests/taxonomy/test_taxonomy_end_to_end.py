"""Must-show: a small taxonomy from its files to InstructLab's, offline; killed on the way, the same bytes."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from qna_samples import knowledge, skill

FREE, GROUNDED, KNOWN = "compositional_skills/a_b/c", "compositional_skills/a/b_c", "knowledge/rivers"
RIVERS = {
    "elb.md": "# The Elb\n\nThe Elb is 300 miles long. It is deep, and carries ships from the hills to the sea.\n",
    "odr.md": "# The Odr\n\nThe Odr is 200 miles long. It is shallow, and freezes over in most winters.\n",
    "rin.md": "# The Rin\n\nThe Rin is 700 miles long. It has many castles, and a bridge in every town.\n",
}
SLOW = """
databuilders:
  "*":
    blocks:
      - {name: generator, type: simulated, latency: 0.02}
      - {name: validator, lm_config: {type: simulated, latency: 0.02}}
"""
RUN = "--task-paths ../tree --config-path ../slow.yaml --records-per-seed 2 --output-dir out --quiet --allow-path ../docs".split()


def repository(folder: Path) -> None:
    folder.mkdir()
    for name, text in RIVERS.items():
        (folder / name).write_text(text)
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ["-c", "user.name=x", "-c", "user.email=x@y.z"]
    for args in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "m"]):
        subprocess.run(["git", *who, *args], cwd=folder, env=env, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path, taxonomy):
    """Two skills whose joined names are the same, and knowledge about a repository here."""
    repository(tmp_path / "docs")
    said = knowledge()
    said["document"] = {"repo": "../../../docs", "commit": "main", "patterns": ["*.md"]}
    root = taxonomy(
        {
            f"tree/{FREE}": skill(seeds=6),
            f"tree/{GROUNDED}": skill(grounded=2),
            f"tree/{KNOWN}": said,
        }
    )
    (root / "slow.yaml").write_text(SLOW)
    return root


@dataclass(frozen=True)
class Command:
    """`fms_dgt` in a folder of its own."""

    folder: Path

    def start(self, *argv: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "fms_dgt", *argv], cwd=self.folder, stderr=subprocess.PIPE, text=True
        )

    def run(self, *more: str) -> None:
        process = self.start(*RUN, *more)
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err

    def kill_when(self, calls: int) -> None:
        process = self.start(*RUN)
        while self.calls() < calls and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, "it had ended before it could be killed"

    def calls(self) -> int:
        try:
            with sqlite3.connect(f"file:{self.folder}/out/journal.sqlite?mode=ro", uri=True) as db:
                return int(db.execute("SELECT calls FROM totals").fetchone()[0])
        except sqlite3.Error:
            return 0

    def made(self, node: str) -> list[bytes]:
        folder = self.folder / "out" / node
        return [(folder / name).read_bytes() for name in ("data.jsonl", "rejected.jsonl")]


def command(root: Path, name: str) -> Command:
    (root / name).mkdir()
    return Command(root / name)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def instructlab(made: Command) -> dict[str, bytes]:
    process = made.start(*"datasets instructlab out -o lab --stamp T".split())
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "no test file" in err) == (0, False), err
    return files(made.folder / "lab")


def test_from_a_taxonomy_to_instructlabs_files_killed_or_not(tree):
    straight, killed = command(tree, "straight"), command(tree, "killed")
    straight.run()
    killed.kill_when(straight.calls() // 2)
    killed.run()
    for node in (FREE, GROUNDED, KNOWN):
        assert killed.made(node) == straight.made(node)
    made = instructlab(straight)
    assert instructlab(killed) == made

    nodes = sorted(name.removeprefix("node_datasets_T/") for name in made if "/" in name)
    assert [name.split("-")[0] for name in nodes] == [
        "compositional_skills_a_b_c",
        "compositional_skills_a_b_c",
        "knowledge_rivers_p07.jsonl",
        "knowledge_rivers_p10.jsonl",
    ]
    assert sorted(name for name in made if "/" not in name) == [
        "knowledge_recipe_T.yaml",
        "knowledge_train_msgs_T.jsonl",
        "messages_T.jsonl",
        "skills_recipe_T.yaml",
        "skills_train_msgs_T.jsonl",
        "test_T.jsonl",
        "train_T.jsonl",
    ]
    for name in ("knowledge_train_msgs_T.jsonl", "skills_train_msgs_T.jsonl"):
        assert {frozenset(row) for row in rows(made[name])} == {
            frozenset({"id", "messages", "metadata", "unmask"})
        }
    assert {frozenset(row) for row in rows(made["train_T.jsonl"])} == {
        frozenset({"system", "user", "assistant"})
    }
    # 6 free seeds, 5 of which 2 are grounded, 5 contexts with 3 pairs each
    assert len(rows(made["test_T.jsonl"])) == 6 + 5 + 15


def test_the_records_say_where_they_are_from(tree):
    made = command(tree, "simple")
    made.run("--pipeline", "simple")
    free, mixed, known = (rows(made.made(node)[0]) for node in (FREE, GROUNDED, KNOWN))
    assert [len(free), len(mixed)] == [12, 10]
    assert {row["taxonomy_path"] for row in free} == {FREE}
    assert {bool(row["context"]) for row in mixed} == {True, False}
    assert {row["document_name"] for row in known} == set(RIVERS)
    report = json.loads((made.folder / "out" / KNOWN / "run.json").read_text())
    # one call a document
    assert [line["calls"] for line in report["spending"]["folder"]["by_stage"]] == [3]
    assert str(tree) not in json.dumps([*free, *mixed, *known])
