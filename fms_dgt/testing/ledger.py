"""What a stand-in server was asked: kept in memory, and on disk for whoever counts from outside."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

CLIENT_GONE = 499
_REAL_ANSWERS = (None, 200, CLIENT_GONE)


@dataclass(slots=True)
class Served:
    """One request. Times are seconds of the monotonic clock; `status` is None until it is answered."""

    number: int
    path: str
    prompt: str
    seed: int | None
    body: Mapping[str, Any]
    arrived: float
    answered: float | None = None
    status: int | None = None

    @property
    def paid(self) -> bool:
        """Whether a provider would have charged for it: answered, under way, or abandoned by its client."""
        return self.status in _REAL_ANSWERS


class Ledger:
    """Counts every request; with `remember`, keeps it too; with `log`, also writes it down.

    The log has one JSON line at arrival and one at the answer, each handed to the operating system
    before the server goes on.
    """

    def __init__(self, *, remember: bool = True, log: Path | None = None) -> None:
        self.requests: list[Served] = []
        self.statuses: Counter[int] = Counter()
        self.in_flight = 0
        self.peak = 0
        self.first: float | None = None
        self.last = 0.0
        self.busy = 0.0
        self._remember = remember
        self._counts: Counter[tuple[bytes, int | None]] = Counter()
        self._number = 0
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if log else None

    def arrive(self, path: str, prompt: str, body: Mapping[str, Any]) -> Served:
        """Note a request that came in."""
        seed = body.get("seed")
        one = Served(self._number, path, prompt, seed, body, time.monotonic())
        self._number += 1
        self._counts[_key(prompt), seed] += 1
        self.first = self.first if self.first is not None else one.arrived
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        if self._remember:
            self.requests.append(one)
        self._write(one, "arrived", prompt=prompt, seed=seed)
        return one

    def leave(self, one: Served, status: int) -> None:
        """Note that it was answered, or its client went away."""
        one.answered = self.last = time.monotonic()
        one.status = status
        self.in_flight -= 1
        self.statuses[status] += 1
        self._write(one, "answered", status=status)

    def count(self, prompt: str, *seeds: int | None) -> int:
        """How often this prompt came, with one of these seeds or (none given) with any."""
        key = _key(prompt)
        if seeds:
            return sum(self._counts[key, seed] for seed in seeds)
        return sum(count for (prompt_key, _), count in self._counts.items() if prompt_key == key)

    def totals(self, slots: int | None = None) -> dict[str, Any]:
        """Figures for a report: requests, distinct ones and repeats by prompt and seed, peak, statuses.

        `slot_use` is the share of the time between the first call and the last that the slots were busy.
        """
        seconds = self.last - self.first if self.first is not None and self.last else 0.0
        return {
            "busy_seconds": self.busy,
            "slot_use": self.busy / (slots * seconds) if slots and seconds else None,
            "requests": self._number,
            "distinct": len(self._counts),
            "repeats": self._number - len(self._counts),
            "peak_in_flight": self.peak,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "seconds": seconds,
        }

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            os.close(self._log)
            self._log = None

    def _write(self, one: Served, event: str, **more: Any) -> None:
        if self._log is not None:
            line = {"number": one.number, "event": event, "time": time.time(), **more}
            os.write(self._log, json.dumps(line).encode() + b"\n")


def _key(prompt: str) -> bytes:
    return blake2b(prompt.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def paid_in_log(log: Path) -> Counter[tuple[str, int | None]]:
    """How often each (prompt, seed) of a log was answered or under way; refusals do not count."""
    asked: dict[int, tuple[str, int | None]] = {}
    refused: set[int] = set()
    for text in log.read_text("utf-8").splitlines():
        line = json.loads(text)
        if line["event"] == "arrived":
            asked[line["number"]] = line["prompt"], line["seed"]
        elif line["status"] not in _REAL_ANSWERS:
            refused.add(line["number"])
    return Counter(key for number, key in asked.items() if number not in refused)
