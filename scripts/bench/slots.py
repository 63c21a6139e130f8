"""How well a server's slots are used: 2,000 rows through three dependent calls each, over HTTP.

`busy`: 64 slots, service time lognormal (median 200 ms, sigma 0.6). Slot use = ideal server time / time of
the whole process, start-up included; beside it a bare aiohttp loop doing the same calls. Once more with 1 %
of the calls 25 times as slow, and a de-duplication in the middle of our flow.
`fast`: 512 slots of 5 ms, 256 in flight: what the client itself can do, in CPU a call, against the bare loop.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from machine import TOYS, arguments, headline, table

BARE = """
import asyncio, aiohttp, json, resource, sys
url, rows, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
async def main():
    gate = asyncio.Semaphore(width)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        async def call(text):
            async with gate:
                body = {"model": "x", "messages": [{"role": "user", "content": text}]}
                async with session.post(url + "/chat/completions", data=json.dumps(body)) as answer:
                    return (await answer.json(content_type=None))["choices"][0]["message"]["content"]
        async def row(n):
            # word for word what the templates of the chain ask
            draft = await call(f"Write text number {n}.")
            review = await call(f"What is wrong with this draft? {draft}")
            await call(f"Write it anew. Draft: {draft} Review: {review}")
        await asyncio.gather(*(row(n) for n in range(rows)))
asyncio.run(main())
"""


@contextmanager
def server(*flags: str) -> Iterator[str]:
    """A stand-in server in a process of its own; its base URL."""
    argv = [sys.executable, "-m", "fms_dgt.testing.model_server", *flags]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def stats(url: str) -> dict[str, float]:
    with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as answer:
        return json.load(answer)


def timed(argv: list[str], folder: str) -> tuple[float, float]:
    """Wall and CPU seconds of a process."""
    started = time.monotonic()
    process = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, argv
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime


def ours(url: str, rows: int, width: int, *, dedup: bool = False) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        config = {
            "databuilders": {
                "chain": {
                    "dedup": dedup,
                    "blocks": [
                        {
                            "name": "generator",
                            "type": "openai",
                            "model": "x",
                            "base_url": url,
                            "api_key": "none",
                            "max_concurrency": width,
                            "send_seed": False,
                        }
                    ],
                }
            }
        }
        items = Path(folder, "items.jsonl")
        items.write_text("".join(f'{{"number": {n}}}\n' for n in range(rows)))
        Path(folder, "config.yaml").write_text(json.dumps(config))
        task = {
            "task_name": "chain",
            "task_description": "A chain.",
            "created_by": "bench",
            "data_builder": "chain",
            "items": str(items),
        }
        Path(folder, "task.yaml").write_text(json.dumps(task))
        argv = [
            sys.executable,
            "-m",
            "fms_dgt",
            "--task-paths",
            "task.yaml",
            "--config-path",
            "config.yaml",
            "--include",
            str(TOYS / "chain.py"),
            "--quiet",
        ]
        return timed(argv, folder)


def bare(url: str, rows: int, width: int) -> tuple[float, float]:
    return timed([sys.executable, "-c", BARE, url, str(rows), str(width)], ".")


def busy(rows: int, slow: float) -> None:
    slots, calls = 64, rows * 3
    lines = []
    for name, run in (("bare aiohttp loop", bare), ("fms_dgt", partial(ours, dedup=bool(slow)))):
        flags = ["--slots", slots, "--median", 0.2, "--sigma", 0.6, "--slow-share", slow]
        with server(*map(str, flags)) as url:
            wall, cpu = run(url, rows, slots)
            said = stats(url)
        # both send the same prompts, so each meets the same service times
        ideal = said["busy_seconds"] / slots
        shares = [f"{ideal / wall:.1%}", f"{ideal / said['seconds']:.1%}"]
        lines.append([name, *shares, f"{ideal:.1f}", f"{wall:.1f}", f"{1000 * cpu / calls:.2f}"])
    how = f"{slow:.0%} of the calls 25 times as slow, de-duplication in mid-flow" if slow else "no stragglers"
    headline(f"{rows:,} rows of three calls, {slots} slots, lognormal 200 ms, {how}")
    table(["", "slot use, process", "slot use, server", "ideal s", "wall s", "CPU ms a call"], lines)
    print()


def fast(rows: int) -> None:
    lines, costs = [], []
    for name, run in (("bare aiohttp loop", bare), ("fms_dgt", ours)):
        with server("--slots", "512", "--median", "0.005") as url:
            wall, cpu = run(url, rows, 256)
            inside = stats(url)["seconds"]
        calls = rows * 3
        costs.append(1000 * cpu / calls)
        lines.append([name, f"{calls / inside:,.0f}", f"{1000 * cpu / calls:.3f}", f"{wall:.1f}"])
    ratio = costs[1] / costs[0]
    headline(f"{rows:,} rows of three calls, 512 slots of 5 ms, 256 in flight: {ratio:.2f} x the bare loop")
    table(["", "calls/s", "CPU ms a call", "wall s"], lines)


def main() -> None:
    said = arguments(__doc__).parse_args()
    for slow in (0.0, 0.01):
        busy(200 if said.small else 2_000, slow)
    fast(2_000 if said.small else 10_000)


if __name__ == "__main__":
    main()
