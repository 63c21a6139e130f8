"""Where nothing can be kept, nothing is paid for; where a disk fills up, the run stops at once."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine import TOYS
from fms_dgt.testing import ModelServer

ROWS, CONCURRENCY = 300, 8
# calls in flight, and answers that came in while the write that failed was going on
UNDER_WAY = 4 * CONCURRENCY


def answer(body: dict) -> str:
    """20 kB that do not compress well."""
    return os.urandom(10_000).hex()


def run(folder: Path, url: str, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    task = {
        "task_name": "walk",
        "task_description": "A walk.",
        "created_by": "the tests",
        "data_builder": "walk",
        "seed_examples": [{"number": n} for n in range(ROWS)],
    }
    task_file = folder.parent / f"{folder.name}.yaml"
    task_file.write_text(json.dumps(task))
    config = {
        "databuilders": {
            "walk": {
                "blocks": [
                    {"name": "generator", "type": "openai", "model": "m", "base_url": url, "api_key": "none"}
                ]
            }
        }
    }
    config_file = folder.parent / f"{folder.name}-config.yaml"
    config_file.write_text(json.dumps(config))
    command = [
        sys.executable,
        "-m",
        "fms_dgt",
        "--task-paths",
        str(task_file),
        "--config-path",
        str(config_file),
    ]
    command += ["--include", str(TOYS / "walk.py"), "--output-dir", str(folder), "--quiet"]
    command += ["--max-concurrency", str(CONCURRENCY)]

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        command, capture_output=True, text=True, preexec_fn=limited, timeout=120, check=False
    )


def kept(folder: Path) -> int:
    import sqlite3

    with sqlite3.connect(f"file:{folder}/journal.sqlite?mode=ro", uri=True) as db:
        return int(db.execute("SELECT count(*) FROM calls").fetchone()[0])


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(answer, slots=CONCURRENCY, service=0.005).in_thread() as running:
        yield running


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a small disk takes root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_start_on_a_full_disk_pays_for_nothing(small_disk: Path, server: ModelServer) -> None:
    (small_disk / "filler").write_bytes(bytes(4 * 1024 * 1024 - 300_000))
    for _ in range(2):
        done = run(small_disk / "out", server.base_url)
        assert done.returncode == 2
        assert "the disk is full" in done.stderr
        assert "Traceback" not in done.stderr
    assert server.requests == []
    (small_disk / "filler").unlink()
    run(small_disk / "out", server.base_url)
    assert len(server.requests) > 0


def test_a_disk_that_fills_up_stops_the_run_and_loses_what_was_in_flight(
    small_disk: Path, server: ModelServer
) -> None:
    done = run(small_disk / "out", server.base_url)
    assert done.returncode == 2, done.stderr
    assert "full" in done.stderr
    assert "ExceptionGroup" not in done.stderr
    assert 0 < kept(small_disk / "out") < ROWS
    assert len(server.requests) <= kept(small_disk / "out") + UNDER_WAY


def test_a_start_under_a_limit_on_file_sizes_pays_for_nothing(tmp_path: Path, server: ModelServer) -> None:
    done = run(tmp_path / "out", server.base_url, limit=512 * 1024)
    assert done.returncode == 2
    assert "the limit on the size of files is reached" in done.stderr
    assert server.requests == []


def test_a_limit_that_is_reached_stops_the_run_and_loses_what_was_in_flight(
    tmp_path: Path, server: ModelServer
) -> None:
    done = run(tmp_path / "out", server.base_url, limit=1536 * 1024)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert 0 < kept(tmp_path / "out") < ROWS
    assert len(server.requests) <= kept(tmp_path / "out") + UNDER_WAY


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_start_in_a_folder_that_cannot_be_written_pays_for_nothing(
    tmp_path: Path, server: ModelServer
) -> None:
    (tmp_path / "out").mkdir(mode=0o555)
    done = run(tmp_path / "out", server.base_url)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert server.requests == []


def test_a_complete_folder_needs_no_room(small_disk: Path) -> None:
    with ModelServer(lambda _: "ok").in_thread() as server:
        assert run(small_disk / "out", server.base_url).returncode == 0
        room = shutil.disk_usage(small_disk).free
        (small_disk / "filler").write_bytes(bytes(max(0, room - 200_000)))
        done = run(small_disk / "out", server.base_url)
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == ROWS
