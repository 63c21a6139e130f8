"""A builder that feeds on its own records has the same data at any concurrency and after crashes."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from launch import Launch

TASK = "self_instruct"
TROUBLE = """
databuilders:
  self_instruct:
    lag: LAG
    blocks:
      - {name: generator, type: simulated, latency: lognormal, latency_median: 0.004, error_rate: 0.05,
         malformed_rate: 0.1, dull: 0.25}
"""


def launch(folder: Path, lag: int = 4) -> Launch:
    folder.mkdir()
    (folder / "trouble.yaml").write_text(TROUBLE.replace("LAG", str(lag)))
    argv = ("--task-paths", TASK, "--config-path", "trouble.yaml", "--num-outputs-to-generate", "60")
    return Launch(folder, argv)


def test_concurrency_hash_seed_and_crashes_do_not_show(tmp_path: Path) -> None:
    one, many, crashed = (launch(tmp_path / name) for name in ("one", "many", "crashed"))
    assert one.run("--max-concurrency", "1", hash_seed="1") == 0
    assert many.run("--max-concurrency", "64", hash_seed="2") == 0
    crashed.kill_when(one.calls() // 3, "--max-concurrency", "16")
    crashed.kill_when(one.calls() * 2 // 3, "--max-concurrency", "8")
    assert crashed.run("--max-concurrency", "32", hash_seed="3") == 0
    assert one.data(TASK) == many.data(TASK) == crashed.data(TASK)
    assert one.rejected(TASK) == many.rejected(TASK) == crashed.rejected(TASK)
    assert len(one.data(TASK).splitlines()) == 60
    # what is compared is worth comparing
    reasons = {json.loads(line)["reason"] for line in one.rejected(TASK).splitlines()}
    assert "like an earlier record" in reasons
    accepted = {json.loads(line)["instruction"] for line in one.data(TASK).splitlines()}
    assert any(text in prompt for prompt in first_prompts(one) for text in accepted)


def test_the_lag_shapes_the_data_and_a_changed_one_is_noticed(tmp_path: Path) -> None:
    short, long = launch(tmp_path / "short", 2), launch(tmp_path / "long", 12)
    assert short.run() == long.run() == 0
    assert short.data(TASK) != long.data(TASK)
    (short.folder / "trouble.yaml").write_text((long.folder / "trouble.yaml").read_text())
    process = short.process()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "changed" in err


def first_prompts(run: Launch) -> list[str]:
    """What was asked to write instructions."""
    with sqlite3.connect(f"file:{run.folder}/out/journal.sqlite?mode=ro", uri=True) as db:
        assert db.execute("SELECT count(*) FROM calls WHERE stage = 'new_instructions'").fetchone()[0] > 4
    bodies = (body["request"]["messages"][0]["content"] for body in run.bodies())
    return [text for text in bodies if "Known instructions" in text]
