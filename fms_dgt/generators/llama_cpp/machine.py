"""How many threads, slots and remembered prompts fit the machine, where no option says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

MOST_SLOTS: Final = 4
MOST_CACHE_MIB: Final = 2048
CACHE_SHARE: Final = 16
MIB: Final = 2**20

_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")


def memory() -> int | None:
    """The bytes of memory that this machine has."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def usual_slots() -> int:
    """How many calls are batched together: one a core; with more, slots share less of their prompts."""
    return min(MOST_SLOTS, usable_cores())


def allotted_threads() -> int | None:
    """The cores of a process that may not use all of them; None leaves it to llama.cpp."""
    usable = usable_cores()
    return usable if usable < (os.cpu_count() or 1) else None


def usable_cores() -> int:
    """The cores that this process may use: not those that a container or an affinity keeps from it."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    return max(1, min(cores, _quota() or cores))


def prompt_cache_mib() -> int:
    """The memory, in MiB, in which llama.cpp keeps computed prompts: a small share of the machine's."""
    return min(MOST_CACHE_MIB, (memory() or 0) // CACHE_SHARE // MIB)


def _quota() -> int | None:
    """The whole cores of a container's quota, rounded up; None where there is none."""
    try:
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        # no such file, or "max"
        return None
