"""Many files at once: side by side in processes, none of which can take the others' results with it."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeAlias

from fms_dgt.taxonomy.check import CheckOptions, check_file
from fms_dgt.taxonomy.finding import FileReport, Finding
from fms_dgt.taxonomy.layout import Spot, printable

# below this, starting processes takes longer than the work
WORTH_PROCESSES = 200
BATCH = 16

Tick: TypeAlias = Callable[[int], None]
Numbered: TypeAlias = tuple[int, Spot]


def check_files(
    spots: Sequence[Spot], options: CheckOptions, *, processes: int = 1, tick: Tick = lambda _: None
) -> list[FileReport]:
    """The reports of files, in their order. `tick` is told how many have been done since the last time.

    With more than one process, the calling script must be one that can be imported (see
    `multiprocessing`).
    """
    if processes < 2 or len(spots) < WORTH_PROCESSES:
        return [report for spot in spots for report in _check_and_tell([spot], options, tick)]
    done: dict[int, FileReport] = {}
    for batch, reports in _in_processes(list(enumerate(spots)), options, processes):
        done.update(zip((number for number, _ in batch), reports, strict=True))
        tick(len(batch))
    # left over where a process died over one of them
    left = [number for number in range(len(spots)) if number not in done]
    done.update(zip(left, _apart([spots[number] for number in left], options, tick), strict=True))
    return [done[number] for number in range(len(spots))]


def _check_and_tell(batch: Sequence[Spot], options: CheckOptions, tick: Tick) -> list[FileReport]:
    reports = check_batch(batch, options)
    tick(len(reports))
    return reports


def check_batch(batch: Sequence[Spot], options: CheckOptions) -> list[FileReport]:
    """The reports of a few files, one after the other."""
    return [check_file(spot, options) for spot in batch]


def _in_processes(
    numbered: Sequence[Numbered], options: CheckOptions, processes: int
) -> Iterator[tuple[Sequence[Numbered], list[FileReport]]]:
    batches = [numbered[at : at + BATCH] for at in range(0, len(numbered), BATCH)]
    with _pool(min(processes, len(batches))) as pool:
        under_way: dict[Future[list[FileReport]], Sequence[Numbered]] = {}
        for batch in batches:
            try:
                under_way[pool.submit(check_batch, [spot for _, spot in batch], options)] = batch
            except BrokenProcessPool:
                break
        try:
            for future in as_completed(under_way):
                if future.exception() is None:
                    yield under_way[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _apart(spots: Sequence[Spot], options: CheckOptions, tick: Tick) -> list[FileReport]:
    """Files among which there is one over which processes die: halved until it is alone."""
    if not spots:
        return []
    with _pool(1) as pool:
        try:
            reports = pool.submit(check_batch, spots, options).result()
        except BrokenProcessPool:
            if len(spots) > 1:
                half = len(spots) // 2
                return [*_apart(spots[:half], options, tick), *_apart(spots[half:], options, tick)]
            reports = [_died(spots[0])]
    tick(len(reports))
    return reports


def _died(spot: Spot) -> FileReport:
    what = "checking it ended the process that did"
    finding = Finding("error", "fault", what, "see whether it is a file at all", spot.shown)
    return FileReport(spot.shown, printable(spot.path), spot.kind or "compositional", findings=(finding,))


def _pool(processes: int) -> ProcessPoolExecutor:
    # not forked: the progress bar is drawn by a thread
    return ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        # Ctrl-C is for the process that waits for them
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),
    )
