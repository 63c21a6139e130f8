"""`fms_dgt run`, or no command at all: make data."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, TextIO

from fms_dgt.cli.estimate import lines_of as estimate_lines
from fms_dgt.config import Flags, PlanRequest, RunPlan, load_plan
from fms_dgt.core.events import RunFinished
from fms_dgt.core.typed import encode
from fms_dgt.errors import InputError, PluginError, Problem
from fms_dgt.plugins import Plugins
from fms_dgt.safety import environment
from fms_dgt.safety.event_loop import run_to_end
from fms_dgt.safety.interrupts import Interrupts
from fms_dgt.safety.masking import hide_secrets


def main(options: argparse.Namespace) -> int:
    """Run what the flags say; the exit code tells whether every task has what was asked for."""
    times = getattr(options, "document_limits", None)
    if times is None:
        return _main(options)
    from fms_dgt.documents.limits import document_limits  # noqa: PLC0415 (seldom asked for)

    if not times > 0:
        raise InputError([Problem("--document-limits must be more than 0", "4 allows four times as much")])
    with document_limits(times):
        return _main(options)


def _main(options: argparse.Namespace) -> int:
    with _tracebacks() if options.debug else contextlib.nullcontext():
        return _run(options)


@contextlib.contextmanager
def _tracebacks() -> Iterator[None]:
    """Within it, errors in plugins' own code are shown with their tracebacks."""
    logger = logging.getLogger("fms_dgt")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.setLevel(before)


def _run(options: argparse.Namespace) -> int:
    flags = Flags.of(vars(options))
    plan = load_plan(PlanRequest(tasks=options.task_paths, config=options.config_path, flags=flags))
    stdout = sys.stdout
    # plugins that print when they are imported would spoil the JSON
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        plugins = _discovered(plan)
        plan = replace(plan, notes=(*options.flag_notes, *plan.notes, *plugins.notes))
        if options.check:
            return _check(plan, plugins, stdout, as_json=options.json)
        finished = _execute(plan, plugins, options)
    if options.json:
        _write_json({"exit_code": finished.exit_code, **encode(finished)}, stdout)
        return finished.exit_code
    if options.estimate:
        print("\n".join(estimate_lines(finished)), file=stdout)
    if options.quiet:
        _say_what_is_missing(finished)
    return finished.exit_code


def _discovered(plan: RunPlan) -> Plugins:
    try:
        return Plugins.discover(plan.includes)
    except PluginError as error:
        raise InputError([*plan.problems, Problem(str(error))]) from error


def _check(plan: RunPlan, plugins: Plugins, stdout: TextIO, *, as_json: bool) -> int:
    from fms_dgt.runner import check  # noqa: PLC0415 (only now is it known to be needed)

    report = check(plan, plugins)
    if as_json:
        _write_json(encode(report), stdout)
    else:
        print(report, file=stdout)
    return 0


def _execute(plan: RunPlan, plugins: Plugins, options: argparse.Namespace) -> RunFinished:
    from fms_dgt.runner import execute  # noqa: PLC0415

    interrupts = Interrupts()
    with interrupts.listening():
        running = execute(plan, plugins, plugins.hooks(), display=_display(options), interrupts=interrupts)
        return run_to_end(running)


def _write_json(outcome: Any, stdout: TextIO) -> None:
    print(json.dumps(outcome, indent=2, ensure_ascii=False), file=stdout)


def _display(options: argparse.Namespace) -> Literal["live", "plain", "none"]:
    if options.quiet or options.json:
        return "none"
    # a program without any terminal has no stderr
    is_terminal = sys.stderr is not None and sys.stderr.isatty() and environment.setting("TERM") != "dumb"
    return "live" if is_terminal else "plain"


def _say_what_is_missing(finished: RunFinished) -> None:
    lines: Sequence[str] = [
        f"{task.task}: {task.why or task.end}"
        for task in finished.tasks
        if not task.complete and not task.estimated and task.why != finished.error
    ]
    for line in [*lines, *([finished.error] if finished.error else [])]:
        print(f"error: {hide_secrets(line)}", file=sys.stderr)
