"""Runs of the real command line in processes of their own, to be killed or compared."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fms_dgt.journal.entries import unpack

ROOT = Path(__file__).parents[2]
TOYS = ROOT / "tests" / "toys"
DEBATE = "instructlab/skills/writing/freeform/debate"
GRAMMAR = "instructlab/skills/writing/grounded/editing/grammar"
SLOW = """
databuilders:
  "*":
    blocks:
      - {name: generator, type: simulated, latency: 0.15}
      - {name: validator, lm_config: {type: simulated, latency: 0.15}}
"""


@dataclass(frozen=True)
class Launch:
    """A command in a folder of its own."""

    folder: Path
    argv: tuple[str, ...]

    def process(self, *more: str, hash_seed: str = "0") -> subprocess.Popen[str]:
        env = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.Popen(
            [sys.executable, "-m", "fms_dgt", *self.argv, "--output-dir", "out", "--quiet", *more],
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *more: str, hash_seed: str = "0") -> int:
        process = self.process(*more, hash_seed=hash_seed)
        _, err = process.communicate(timeout=300)
        assert process.returncode in (0, 1), err
        return process.returncode

    def kill_when(self, calls: int, *more: str) -> None:
        """Start it, and `kill -9` once the journal has so many answers; it must not have ended by then."""
        process = self.process(*more)
        deadline = time.monotonic() + 120
        while self.calls() < calls and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        _, err = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, f"it had ended before it could be killed: {err}"

    def calls(self) -> int:
        """How many answers the journal has."""
        try:
            with sqlite3.connect(f"file:{self.folder}/out/journal.sqlite?mode=ro", uri=True) as db:
                return int(db.execute("SELECT calls FROM totals").fetchone()[0])
        except sqlite3.Error:
            return 0

    def bodies(self) -> list[dict[str, Any]]:
        """What was asked and answered, call by call."""
        with sqlite3.connect(f"file:{self.folder}/out/journal.sqlite?mode=ro", uri=True) as db:
            return [unpack(body) for (body,) in db.execute("SELECT body FROM calls")]

    def data(self, task: str) -> bytes:
        return (self.folder / "out" / task / "data.jsonl").read_bytes()

    def rejected(self, task: str) -> bytes:
        return (self.folder / "out" / task / "rejected.jsonl").read_bytes()
