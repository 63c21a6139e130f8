"""Many files at once: side by side in processes, none of which can take the others' results with it."""

from __future__ import annotations

import selectors
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self, TypeAlias

from fms_dgt.errors import SetupError
from fms_dgt.safety.child import child_environment, import_path, python_command, start, stop
from fms_dgt.safety.pipe import receive, send
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
    """The reports of files, in their order. `tick` is told how many have been done since the last time."""
    if processes < 2 or len(spots) < WORTH_PROCESSES:
        return [_checked(spot, options, tick) for spot in spots]
    done: dict[int, FileReport] = {}
    for batch, reports in _in_processes(list(enumerate(spots)), options, processes):
        done.update(zip((number for number, _ in batch), reports, strict=True))
        tick(len(batch))
    # left over where a process died over one of them
    left = [number for number in range(len(spots)) if number not in done]
    done.update(zip(left, _apart([spots[number] for number in left], options, tick), strict=True))
    return [done[number] for number in range(len(spots))]


def _checked(spot: Spot, options: CheckOptions, tick: Tick) -> FileReport:
    report = check_file(spot, options)
    tick(1)
    return report


class _Worker:
    """A process that checks files; see `fms_dgt.taxonomy.worker`."""

    def __init__(self, options: CheckOptions) -> None:
        self._options = options
        self._ready = False
        environment = child_environment(extra={"PYTHONPATH": import_path()})
        command = python_command("-m", "fms_dgt.taxonomy.worker")
        self._child = start(command, environment=environment, stderr=None)
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._input, self.output = self._child.stdin, self._child.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop(self._child)

    def begin(self, spots: Sequence[Spot]) -> None:
        """Let it check files."""
        # one that has died is noticed when its reports are read
        with suppress(BrokenPipeError):
            send(self._input, (spots, self._options))

    def reports(self) -> list[FileReport] | None:
        """Wait for what it was to check; None where it died over that. Raises SetupError."""
        try:
            if not self._ready:
                receive(self.output)
                self._ready = True
            reports: list[FileReport] = receive(self.output)
        except EOFError as error:
            if not self._ready:
                raise SetupError("no process to check files in can be started; see above") from error
            return None
        return reports


def _in_processes(
    numbered: Sequence[Numbered], options: CheckOptions, processes: int
) -> Iterator[tuple[Sequence[Numbered], list[FileReport]]]:
    """Batches and their reports as they come; a batch over which a process dies is left out."""
    batches = iter([numbered[at : at + BATCH] for at in range(0, len(numbered), BATCH)])
    with ExitStack() as workers, selectors.DefaultSelector() as selector:

        def begin(worker: _Worker) -> None:
            batch = next(batches, None)
            if batch is not None:
                selector.register(worker.output, selectors.EVENT_READ, (worker, batch))
                worker.begin([spot for _, spot in batch])

        for _ in range(min(processes, -(-len(numbered) // BATCH))):
            begin(workers.enter_context(_Worker(options)))
        while selector.get_map():
            for key, _ in selector.select():
                worker, batch = key.data
                selector.unregister(key.fileobj)
                reports = worker.reports()
                if reports is None:
                    begin(workers.enter_context(_Worker(options)))
                else:
                    yield batch, reports
                    begin(worker)


def _apart(spots: Sequence[Spot], options: CheckOptions, tick: Tick) -> list[FileReport]:
    """Files among which there is one over which processes die: halved until it is alone."""
    if not spots:
        return []
    with _Worker(options) as worker:
        worker.begin(spots)
        reports = worker.reports()
    if reports is None and len(spots) > 1:
        half = len(spots) // 2
        return [*_apart(spots[:half], options, tick), *_apart(spots[half:], options, tick)]
    reports = reports or [_died(spots[0])]
    tick(len(reports))
    return reports


def _died(spot: Spot) -> FileReport:
    what = "checking it ended the process that did"
    finding = Finding("error", "fault", what, "see whether it is a file at all", spot.shown)
    return FileReport(spot.shown, printable(spot.path), spot.kind or "compositional", findings=(finding,))
