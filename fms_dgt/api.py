"""The same runs from Python: `fms_dgt.run(...)` and `await fms_dgt.arun(...)`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import inspect
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, Unpack

from fms_dgt.config import Flags, PlanRequest, TaskPlan, load_plan
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.composed import Flow
from fms_dgt.core.node import Node, Place
from fms_dgt.core.table_file import plain_row
from fms_dgt.core.task import Task
from fms_dgt.core.typed import encode
from fms_dgt.errors import (
    FmsDgtError,
    InputError,
    Interrupted,
    PluginError,
    Problem,
    RunError,
    UserError,
    did_you_mean,
)
from fms_dgt.given_flow import NAME, builder_of, task_of
from fms_dgt.outcome import Outcome
from fms_dgt.plugins import Plugins
from fms_dgt.plugins.offered import plugin_name
from fms_dgt.runner import execute
from fms_dgt.safety.event_loop import run_to_end
from fms_dgt.safety.interrupts import Interrupts
from fms_dgt.safety.masking import hide_secrets

if TYPE_CHECKING:
    import pandas as pd

_logger = logging.getLogger("fms_dgt")

ORIGIN = "fms_dgt.run"
ARGUMENTS = ("builder", "config", "data", "generator", "progress")


class Settings(TypedDict, total=False):
    """What a run may be told beside its task; the names and meanings are those of the flags."""

    num_outputs_to_generate: int
    records_per_seed: int
    num_prompt_instructions: int
    max_stalled_requests: int
    save_formatted_output: bool
    seed: int
    max_concurrency: int
    max_calls: int
    max_tokens: int
    max_cost: float
    startup_timeout: float
    output_dir: str | Path
    build_id: str
    flow: str | Path
    include: Sequence[str | Path]
    allow_env: Sequence[str]
    allow_path: Sequence[str | Path]
    allow_host: Sequence[str]
    changed: str
    pipeline: Literal["simple", "full"]
    judge_check: Literal["off", "warn", "refuse"]
    judge_bound: float
    strict: bool
    restart: bool
    accept_changes: bool
    retry_failed: bool
    estimate: bool
    replay: str | Path


Run = TypeVar("Run", bound=Callable[..., Any])


def _with_settings(function: Run) -> Run:
    """Show the settings as parameters of their own, where `help()` and editors look for them."""
    own = inspect.signature(function)
    usual = Flags()
    settings = []
    for name, hint in Settings.__annotations__.items():
        default = getattr(usual, name)
        text = f"{hint.__forward_arg__}{' | None' if default is None else ''}"
        kind = inspect.Parameter.KEYWORD_ONLY
        settings.append(inspect.Parameter(name, kind, default=default, annotation=text))
    named = [entry for entry in own.parameters.values() if entry.kind is not inspect.Parameter.VAR_KEYWORD]
    function.__signature__ = own.replace(parameters=[*named, *settings])  # type: ignore[attr-defined]
    return function


@_with_settings
def run(
    task: str | Path | Mapping[str, Any] | Task | Flow,
    *,
    builder: str | type[DataBuilder[Any]] | None = None,
    data: Iterable[Any] | pd.DataFrame | None = None,
    generator: str | Mapping[str, Any] | None = None,
    config: str | Path | Mapping[str, Any] | None = None,
    progress: bool | None = None,
    **settings: Unpack[Settings],
) -> Outcome:
    """Run a task and wait for its end; works inside a running event loop (a notebook), too.

    `task` is a path, the name of a shipped task, what a task file would say, a `Task`, or a `Flow` that
    goes over the rows of `data`. `builder` names or is its data builder, where the task does not say.
    `data` (a list or a frame) takes the place of the task's own rows. `generator` ("type:model", or a
    mapping with `type` and options) plays every generator's role. `progress=None` shows how the run gets on
    in a notebook and on a terminal, and nothing elsewhere. Raises UserError where anything is wrong, RunError
    where the run could not go on, and Interrupted (a KeyboardInterrupt) after Ctrl-C, with the `outcome` up
    to then; an `Outcome` that is not `complete` says why in its tasks.

    The other parameters are the flags of the command line, by the same names. The most useful ones:
    `num_outputs_to_generate` (records wanted), `output_dir` (where results go; the same call goes on there),
    `seed`, `max_calls`, `max_tokens` and `max_cost` (where to stop), `max_concurrency` (calls at once),
    `estimate` (tell what the rest will cost), `restart`, `accept_changes` and `retry_failed` (how to go on).
    """
    request = _Request(task, builder, data, generator, config, progress, settings)
    interrupts = Interrupts()
    try:
        with interrupts.listening() if _in_main_thread() else contextlib.nullcontext():
            if _inside_a_loop():
                outcome = _in_thread(request, interrupts)
            else:
                outcome = run_to_end(_arun(request, interrupts))
    except FmsDgtError as error:
        if _logger.isEnabledFor(logging.DEBUG):
            raise
        # the message says what is wrong, and where: our own frames say nothing to the caller
        raise error.with_traceback(None) from None
    if interrupts.asked:
        # or a script would go on to its next task
        raise _interrupted(outcome)
    return outcome


@_with_settings
async def arun(
    task: str | Path | Mapping[str, Any] | Task | Flow,
    *,
    builder: str | type[DataBuilder[Any]] | None = None,
    data: Iterable[Any] | pd.DataFrame | None = None,
    generator: str | Mapping[str, Any] | None = None,
    config: str | Path | Mapping[str, Any] | None = None,
    progress: bool | None = None,
    **settings: Unpack[Settings],
) -> Outcome:
    """`run`, on the event loop of the caller. Cancelling it ends the run, resumable as ever."""
    request = _Request(task, builder, data, generator, config, progress, settings)
    return await _arun(request, Interrupts())


def _in_thread(request: _Request, interrupts: Interrupts) -> Outcome:
    """Run on a loop of its own, in a thread; an interrupt of the waiting caller is heard there."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        running = thread.submit(run_to_end, _arun(request, interrupts))
        while not running.done():
            with contextlib.suppress(Interrupted):
                concurrent.futures.wait([running])
        return running.result()


def _interrupted(outcome: Outcome) -> Interrupted:
    error = Interrupted(f"interrupted; run the same again to continue: {outcome!r}")
    error.outcome = outcome
    return error


def _inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@dataclass(frozen=True)
class _Request:
    task: str | Path | Mapping[str, Any] | Task | Flow
    builder: str | type[DataBuilder[Any]] | None
    data: Any
    generator: str | Mapping[str, Any] | None
    config: str | Path | Mapping[str, Any] | None
    progress: bool | None
    settings: Settings


async def _arun(request: _Request, interrupts: Interrupts) -> Outcome:
    problems = _argument_problems(request)
    if problems:
        raise InputError(problems)
    flags = Flags(**request.settings, teacher=request.generator)
    asked = PlanRequest(tasks=[_said(request)], config=request.config, flags=flags, origin=ORIGIN)
    plan = load_plan(asked)
    try:
        plugins = Plugins.discover(plan.includes)
    except PluginError as error:
        raise InputError([*plan.problems, Problem(str(error))]) from error
    if isinstance(request.builder, type):
        plugins = plugins.with_class(request.builder, plugin_name(request.builder))
    if isinstance(request.task, Flow):
        plugins = plugins.with_class(builder_of(request.task, request.generator), NAME)
    if request.data is not None:
        rows = _rows(request.data)
        plan = dataclasses.replace(plan, tasks=[_with_rows(task, rows, plugins) for task in plan.tasks])
    display = _display(request.progress)
    finished = await execute(plan, plugins, plugins.hooks(), display=display, interrupts=interrupts)
    if finished.error:
        raise (UserError if finished.mendable else RunError)(hide_secrets(finished.error))
    return Outcome(finished)


def _argument_problems(request: _Request) -> list[Problem]:
    """What no type checker kept from being passed."""
    problems = []
    if not isinstance(request.task, str | Path | Mapping | Task | Flow):
        what = f"task: cannot be {_shown(request.task)}"
        mend = "pass a path, the name of a shipped task, a mapping of what a task file says, a Task or a Flow"
        problems.append(Problem(what, mend, ORIGIN))
    if isinstance(request.task, Flow) and request.data is None:
        problems.append(Problem("a Flow needs rows to work on", "pass data=[{...}, ...]", ORIGIN))
    asks = isinstance(request.task, Flow) and any(True for stage in request.task.walk() for _ in stage.asks())
    if asks and request.generator is None and request.config is None:
        problems.append(
            Problem("a Flow needs a model to ask", "pass generator='openai:gpt-4o-mini', say", ORIGIN)
        )
    if request.data is not None and (
        isinstance(request.data, str | Mapping) or not isinstance(request.data, Iterable)
    ):
        what = f"data: cannot be {_shown(request.data)}"
        problems.append(Problem(what, "pass a list of rows, or a frame", ORIGIN))
    for name in sorted(request.settings.keys() - Settings.__annotations__.keys()):
        known = did_you_mean(name, [*Settings.__annotations__, *ARGUMENTS], noun="settings")
        mend = "pass generator=..." if name == "teacher" else known
        problems.append(Problem(f"there is no setting '{name}'", mend, ORIGIN))
    return problems


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 40 else text[:37] + '...'} ({type(value).__name__})"


def _said(request: _Request) -> str | Path | Mapping[str, Any]:
    task, builder = request.task, request.builder
    if isinstance(task, Flow):
        return task_of()
    name = plugin_name(builder) if isinstance(builder, type) else builder
    if isinstance(task, Task):
        if name is None:
            raise InputError([Problem("a Task needs its builder", "pass builder=...", ORIGIN)])
        return {**encode(task), "data_builder": name}
    if isinstance(task, Mapping):
        return {**task, **({"data_builder": name} if name else {})}
    return task


def _with_rows(task: TaskPlan, rows: list[Any], plugins: Plugins) -> TaskPlan:
    try:
        field = plugins.builder(task.builder).cls.task_type().data_field
    except PluginError:
        # told with all else, where the task is bound
        return task
    said = task.said.with_(**{field: Node.of(rows, Place(f"{ORIGIN} data"))})
    return dataclasses.replace(task, said=said)


def _rows(data: Any) -> list[Any]:
    if hasattr(data, "to_dict") and hasattr(data, "columns"):
        # a missing value in a frame is NaN, which no JSON can hold
        frame = data.astype(object).where(data.notna(), None)
        rows = enumerate(frame.to_dict(orient="records"))
        return [plain_row(row, f"{ORIGIN}: data, row {number}") for number, row in rows]
    return list(data)


def _display(progress: bool | None) -> Literal["live", "plain", "notebook", "none"]:
    if progress is False:
        return "none"
    if _in_notebook():
        return "notebook"
    if sys.stderr is not None and sys.stderr.isatty():
        return "live"
    return "plain" if progress else "none"


def _in_notebook() -> bool:
    """Whether what is printed ends up below the cell of a notebook."""
    ask = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return hasattr(ask() if ask else None, "kernel")


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
