"""A run from its plan to its end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import partial
from typing import Any, Literal, TypeAlias

from fms_dgt.binding.bind import bind
from fms_dgt.binding.bound import BoundTask, notes_of, stage_names
from fms_dgt.config.plan import RunPlan
from fms_dgt.core.events import RunFinished, RunStarted, TaskFinished, TaskStarted
from fms_dgt.core.report_file import REPORT, read_report
from fms_dgt.errors import FmsDgtError, FolderError, SetupError, UserError
from fms_dgt.journal import FolderLock, Journal, JournalReader
from fms_dgt.plugins import Hooks, Plugins
from fms_dgt.runner.blocked import blocked_loop_reported
from fms_dgt.runner.calls import PaidCalls, ReplayedCalls
from fms_dgt.runner.dataset import DATA
from fms_dgt.runner.endpoints import Endpoints
from fms_dgt.runner.estimate import Estimate
from fms_dgt.runner.folder import Opened, ended_as, open_tasks
from fms_dgt.runner.judge_check import UNIT, JudgeCheck
from fms_dgt.runner.limits import Bounds, Budget
from fms_dgt.runner.open_files import OpenFiles
from fms_dgt.runner.report import Totals, task_report, write_report
from fms_dgt.runner.schedule import Scheduler
from fms_dgt.runner.silence import RetryLimits
from fms_dgt.runner.spending import Prices, Spending, by_task
from fms_dgt.runner.target import with_targets
from fms_dgt.runner.task_run import TaskRun
from fms_dgt.safety.files import OutputFolder
from fms_dgt.safety.interrupts import Interrupts

Display: TypeAlias = Literal["live", "plain", "notebook", "none"]

SIMULATED = "the data of this run is simulated: for trying things out, not for training"


async def execute(
    plan: RunPlan,
    plugins: Plugins,
    hooks: Hooks,
    *,
    display: Display = "none",
    interrupts: Interrupts | None = None,
) -> RunFinished:
    """Run a plan. Raises UserError before the first call where anything is wrong; what goes wrong
    later ends the run, and stands in the result's `error`.

    The first of `interrupts` stops the run gently, the next one at once.
    """
    interrupts = interrupts or Interrupts()
    left_out: list[str] = []
    tasks = bind(plan, plugins, left_out)
    plan = replace(plan, notes=[*plan.notes, *left_out])
    with FolderLock(plan.settings.output_dir):
        journal = Journal(plan.settings.output_dir)
        try:
            tasks, notes = with_targets(tasks, plan, journal.find_task)
            plan = replace(plan, notes=[*plan.notes, *notes])
            opened = await open_tasks(tasks, journal, plan.settings)
            if not all(found.complete for found in opened):
                journal.check_space()
            run = _Run(plan, tasks, opened, journal, hooks)
            return await run.go(display, interrupts)
        finally:
            with interrupts.heard_by(lambda: None):
                await journal.close()


class _Run:
    def __init__(
        self, plan: RunPlan, tasks: list[BoundTask], opened: list[Opened], journal: Journal, hooks: Hooks
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._hooks = hooks
        self._started = time.time()
        self._clock = time.monotonic()
        settings = plan.settings
        totals = journal.totals
        self._spending = Spending(Prices(tasks, {task.name: journal.editions(task.name) for task in tasks}))
        bounds = Bounds(settings.max_calls, settings.max_tokens, settings.max_cost)
        spent = self._spending.whole(journal.spent).cost
        self._budget = Budget(bounds, totals.calls, totals.tokens, spent)
        limits = RetryLimits(settings.max_attempts, settings.give_up_after, settings.startup_timeout)
        self._endpoints = Endpoints(settings.max_concurrency, self._budget, limits)
        self._endpoints.answered_before = totals.calls > 0
        self._calls: PaidCalls | ReplayedCalls
        self._calls = PaidCalls(journal, hooks, self._endpoints, self._spending)
        if settings.replay is not None:
            self._calls = ReplayedCalls(JournalReader(settings.replay), journal, hooks, self._spending)
        pairs = list(zip(tasks, opened, strict=True))
        self._tasks = tasks
        self._done = {task.name: found.complete for task, found in pairs if found.complete is not None}
        files = OpenFiles()
        self._runs = [
            TaskRun(task, found.entry, journal, hooks, files)
            for task, found in pairs
            if found.complete is None
        ]
        spent_before = by_task(journal.spent)
        for run in self._runs:
            if run.units_before:
                paid = self._spending.whole(spent_before.get(run.entry.id, {})).cost
                run.cost.paid_before(run.units_before, paid)
        self._estimate = Estimate(self._runs, journal, self._endpoints, self._spending)
        notes = [*plan.notes, *hooks.notes, *(note for found in opened for note in found.notes)]
        notes.extend(notes_of(tasks))
        if settings.estimate:
            notes.extend(self._estimate.begin())
        if any(not backend.for_training for task in tasks for backend in task.backends):
            notes.append(SIMULATED)
        self._notes = notes

    async def go(self, display: Display, interrupts: Interrupts) -> RunFinished:
        self._announce(display)
        scheduler = Scheduler(
            self._runs,
            self._calls,
            self._endpoints,
            self._budget,
            self._journal,
            self._hooks,
            self._spending,
        )
        # a replay asks nobody: what the other run's judges were shown is in its report
        wanted = [run for run in self._runs if run.bound.settings.judge_check != "off"]
        if self._plan.settings.replay is None:
            scheduler.first = [(run, partial(self._check_judges, run, scheduler)) for run in wanted]
        scheduler.restarted = self._plan.settings.restart
        self._journal.when_it_fails(scheduler.fail)
        patience = self._plan.settings.slow_callback_duration
        with interrupts.heard_by(scheduler.interrupt):
            try:
                with blocked_loop_reported(patience, self._hooks.code_blocked):
                    await scheduler.run()
            finally:
                self._endpoints.unwatch()
                # before backends are closed: one that hangs must not keep the files from being written
                finished = self._finish(scheduler.error)
                await self._close_backends(interrupts)
        return finished

    async def _check_judges(self, run: TaskRun, scheduler: Scheduler) -> None:
        """Show the judges of a task rows of known quality; a blind one is told, or ends the run."""
        check = JudgeCheck(
            run.bound, run.entry.id, self._calls, self._journal, stop=run.stop, fatal=scheduler.fail
        )
        run.judged = await check.results()
        self._spending.unit_ended(run.entry.id, UNIT)
        doubted = [str(result) for result in run.judged if not result.trusted]
        if run.bound.settings.judge_check == "warn":
            self._notes.extend(doubted)
        elif doubted:
            scheduler.fail(SetupError("; ".join(doubted)))

    async def _close_backends(self, interrupts: Interrupts) -> None:
        leave = asyncio.Event()
        with interrupts.heard_by(leave.set):
            await self._endpoints.close(leave)

    def _announce(self, display: Display) -> None:
        folder = self._plan.settings.output_dir
        names = [task.name for task in self._tasks]
        self._hooks.run_started(RunStarted(folder, names, display, self._notes))
        for task in self._tasks:
            stages, units = stage_names(task.flow), task.source.size()
            self._hooks.task_started(TaskStarted(task.name, task.folder, stages, task.target, units))
        for done in self._done.values():
            self._hooks.task_finished(done)

    def _finish(self, error: FmsDgtError | None) -> RunFinished:
        seconds = time.monotonic() - self._clock
        results = dict(self._done)
        reports = {name: read_report(done.files[DATA].parent) for name, done in self._done.items()}
        totals = Totals(self._calls, self._journal)
        for run in self._runs:
            try:
                finished, report = self._close(run, totals, seconds)
            except FolderError as problem:
                # the disk is full, say: the other tasks still get what is theirs
                error = error or problem
                continue
            results[run.bound.name] = finished
            reports[run.bound.name] = report
        self._notes.extend(self._journal.damage())
        self._notes.extend(self._spending.notes(tokens_matter=self._budget.most.tokens is not None))
        done = RunFinished(
            self._plan.settings.output_dir,
            [results[task.name] for task in self._tasks if task.name in results],
            reports,
            seconds,
            self._calls.paid,
            self._calls.replayed,
            [*self._notes, *self._hooks.warnings],
            str(error or ""),
            isinstance(error, UserError),
            totals.paid["input_tokens"],
            totals.paid["output_tokens"],
            totals.paid["cost"],
            self._estimate.in_all() if self._plan.settings.estimate else None,
            self._plan.settings.restart,
        )
        self._hooks.run_finished(done)
        return done

    def _close(self, run: TaskRun, totals: Totals, seconds: float) -> tuple[TaskFinished, dict[str, Any]]:
        partial = run.write_tail()
        run.close()
        kept, end = run.dataset.kept, run.stop.end or "stopped"
        finished = TaskFinished(
            run.bound.name,
            end,
            kept,
            run.bound.target,
            run.dataset.rejected,
            run.why(),
            run.dataset.files,
            run.counts.failed,
        )
        self._notes.extend(run.notes())
        report = task_report(run, finished, partial=partial, seconds=seconds, started=self._started)
        totals.add_to(report, run)
        if self._plan.settings.estimate:
            report["estimate"] = self._estimate.of(run)
        folder = OutputFolder(self._journal.folder, run.bound.folder)
        left = {**run.dataset.left, REPORT: write_report(folder, report)}
        self._journal.end(run.entry.id, ended_as(run.bound, finished, left))
        self._hooks.task_finished(finished)
        return finished, report
