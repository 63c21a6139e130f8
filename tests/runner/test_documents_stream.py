"""Must-show: 10,000 chunks stream. Memory is flat, records come at once, and a killed run goes on."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fms_dgt.testing import ModelServer
from launch import Launch

CHUNKS, FILES = 10_000, 40
CONCURRENCY = 32
# A call is in flight until its answer is on the disk: answers this fresh may not have got there.
FRESH_SECONDS = 0.1
MORE_MB = 40  # what may be added between the first fifth and the end: a stated few hundred bytes a record

TASK = """
created_by: the tests
data_builder: knowledge_sdg
document_outline: A register of lots.
documents: {register: 'documents/*.md'}
chunk_size: 14
seed_examples:
  - {question: What is lot 1?, answer: Lot 1 is a chair.}
"""
CONFIG = """
databuilders:
  knowledge_sdg:
    variants: [document]
    max_pairs: 1
    faithfulness: one_call
    stages:
      judge_question: {enabled: false}
      judge_relevancy: {enabled: false}
    blocks:
"""


def write(folder: Path, generator: str) -> None:
    (folder / "documents").mkdir(parents=True)
    for file in range(FILES):
        lots = range(file, CHUNKS, FILES)
        sections = [
            f"## Lot {lot}\n\nLot {lot} was found in room {lot % 97} by clerk {lot % 89}." for lot in lots
        ]
        (folder / "documents" / f"{file:03}.md").write_text("\n\n".join(sections))
    blocks = (
        f"      - {{name: generator, {generator}}}\n      - {{name: validator, lm_config: {{{generator}}}}}\n"
    )
    (folder / "task.yaml").write_text(TASK)
    (folder / "config.yaml").write_text(CONFIG + blocks)


def launch(folder: Path, generator: str) -> Launch:
    write(folder, generator)
    argv = ("--task-paths", "task.yaml", "--config-path", "config.yaml")
    return Launch(folder, (*argv, "--max-concurrency", str(CONCURRENCY)))


def lines(run: Launch, name: str) -> list[dict]:
    path = next((run.folder / "out").glob(f"*/{name}"))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def outcomes(run: Launch) -> int:
    """How many chunks the journal has the outcome of."""
    try:
        with sqlite3.connect(f"file:{run.folder}/out/journal.sqlite?mode=ro", uri=True) as db:
            return int(db.execute("SELECT count(*) FROM outcomes").fetchone()[0])
    except sqlite3.Error:
        return 0


def memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def watched(run: Launch) -> Iterator[tuple[int, float, int]]:
    """While it runs: chunks done, memory, and bytes of data."""
    process = run.process()
    drained = threading.Thread(target=process.communicate)
    drained.start()
    while process.poll() is None:
        try:
            data = sum(path.stat().st_size for path in (run.folder / "out").glob("*/data.jsonl*"))
            yield outcomes(run), memory_mb(process.pid), data
        except (OSError, IndexError):
            pass  # not begun, or at its end
        time.sleep(0.02)
    drained.join()
    assert process.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_is_flat_and_records_come_from_the_first_chunks(tmp_path: Path) -> None:
    run = launch(tmp_path / "stream", "type: simulated")
    seen = list(watched(run))
    assert len(lines(run, "data.jsonl")) + len(lines(run, "rejected.jsonl")) == CHUNKS
    first = next(done for done, _, data in seen if data)
    assert first < CHUNKS / 20
    early = max(memory for done, memory, _ in seen if CHUNKS * 0.15 <= done <= CHUNKS * 0.25)
    late = max(memory for _, memory, _ in seen)
    assert late - early < MORE_MB


@pytest.mark.slow
def test_a_killed_run_pays_nothing_twice(tmp_path: Path) -> None:
    with ModelServer(slots=CONCURRENCY).in_thread() as server:
        url = f"type: openai, model: stand-in, base_url: '{server.base_url}', api_key: none"
        run = launch(tmp_path / "killed", url)
        allowed = 0
        for calls in (2_000, 9_000, 13_000):
            run.kill_when(calls)
            now = time.monotonic()
            fresh = [
                one for one in server.requests if one.answered is None or one.answered > now - FRESH_SECONDS
            ]
            allowed += min(len(fresh), 2 * CONCURRENCY)
        run.run()
        asked = Counter((one.prompt, one.seed) for one in server.requests if one.paid)
    twice = sum(asked.values()) - len(asked)
    assert twice <= allowed
    assert run.calls() == len(asked)
    units = {row["unit"] for row in lines(run, "rejected.jsonl")}
    kept = [(record["document_name"], record["start"]) for record in lines(run, "data.jsonl")]
    assert len(kept) == len(set(kept)) == CHUNKS - len(units)
