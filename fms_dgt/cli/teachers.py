"""What `try`, `chat` and `check-teachers` share: which models are meant, and what is said in the meantime."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fms_dgt.binding.bind import bind
from fms_dgt.binding.bound import BoundTask
from fms_dgt.binding.prices import model_of
from fms_dgt.binding.teachers import Teacher, teacher_alone, teachers_of
from fms_dgt.cli.parser import Parser, add_config, add_task_flag, add_tasks, add_trust_flags, number
from fms_dgt.config import Flags, PlanRequest, RunPlan, TaskPlan, load_plan
from fms_dgt.errors import InputError, PluginError, Problem, did_you_mean
from fms_dgt.plugins import Plugins
from fms_dgt.safety.terminal import harmless

# seconds after which somebody who waits is told what for
TELL_AFTER = 10.0
# a builder that nobody has: a plan needs a task, and there may be none
_NOBODY = "-"
_MADE = "teachers-"
_FLAGS = ("teacher", "include", "allow_env", "allow_path", "allow_host")


def add_model_flags(parser: Parser, *, as_json: bool = True, by_position: bool = True) -> None:
    """The flags that say which models are meant, and how they are asked.

    With `by_position` the words of the command line are tasks.
    """
    group = parser.add_argument_group("which models")
    if by_position:
        add_tasks(group, help="the models of the builders of these tasks")
    else:
        add_task_flag(group)
    add_config(group, help="a config file, or a shipped one by name")
    group.add_argument(
        "--teacher",
        metavar="TYPE[:MODEL]",
        help="in place of every generator, as in a run; alone without a config",
    )
    group.add_argument(
        "--builder", metavar="NAME", help="this builder (default: those that the config names)"
    )
    group.add_argument(
        "--include", metavar="PATH", nargs="+", action="extend", default=[], help="Python files with plugins"
    )
    add_trust_flags(parser)
    _add_face(parser, as_json=as_json)


def _add_face(parser: Parser, *, as_json: bool) -> None:
    group = parser.add_argument_group("how long, and what is shown")
    group.add_argument(
        "--timeout",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="how long a call is waited for (default: %(default)g)",
    )
    if as_json:
        group.add_argument("--json", action="store_true", help="write JSON")
    group.add_argument("--debug", action="store_true", help="show tracebacks")
    group.add_argument("-h", "--help", action="help", help="show this")


def _seconds(text: str) -> float:
    seconds = number(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {text}")
    return seconds


@dataclass(frozen=True)
class Meant:
    """The plan that the flags amount to, with a task for each builder, and the plugins for it."""

    plan: RunPlan
    plugins: Plugins
    alone: bool

    @classmethod
    def by(cls, options: argparse.Namespace) -> Meant:
        """Read the files that the flags name. Raises InputError."""
        if not (options.config_path or options.teacher or options.task_paths or options.builder):
            mend = "name --teacher TYPE:MODEL, or --config-path"
            raise InputError([Problem("nothing says which model is meant", mend, "the command line")])
        plan = _plan(options, [_NOBODY])
        try:
            plugins = Plugins.discover(plan.includes)
        except PluginError as error:
            raise InputError([*plan.problems, Problem(str(error))]) from error
        if plan.problems:
            raise InputError(plan.problems)
        alone = not (options.config_path or options.task_paths or options.builder)
        return cls(_for_builders(plan, plugins, options), plugins, alone)

    @property
    def named_tasks(self) -> list[TaskPlan]:
        """The tasks that the flags and the config name."""
        return [task for task in self.plan.tasks if task.name != f"{_MADE}{task.builder}"]

    def tasks(self) -> list[BoundTask]:
        """The tasks that the flags and the config name, ready to be asked about. Raises InputError."""
        named = self.named_tasks
        if not named:
            what = "no task is named whose judges are meant"
            raise InputError(
                [Problem(what, "name one: fms_dgt check-teachers --judge TASK", "the command line")]
            )
        return bind(replace(self.plan, tasks=named), self.plugins)

    def teachers(self) -> list[Teacher]:
        """Every model that is meant. Raises InputError."""
        if self.alone:
            assert self.plan.settings.teacher is not None
            return [teacher_alone(self.plan.settings.teacher, self.plugins)]
        return teachers_of(self.plan, self.plugins)


def _for_builders(plan: RunPlan, plugins: Plugins, options: argparse.Namespace) -> RunPlan:
    """The plan with the builders that are meant: by flag, by task, by the config, else all that there are."""
    by_task = [task.builder for task in plan.tasks if task.builder != _NOBODY]
    if options.builder and options.builder not in plugins.known("builders"):
        mend = did_you_mean(options.builder, plugins.known("builders"), noun="known builders")
        where = "the command line: --builder"
        raise InputError([Problem(f"there is no builder '{options.builder}'", mend, where)])
    named = [options.builder] if options.builder else by_task or list(plan.other_builders)
    builders = list(dict.fromkeys(named or _usable(plugins)))
    made = _plan(options, builders)
    return replace(made, tasks=[task for task in made.tasks if task.builder in builders])


def _usable(plugins: Plugins) -> list[str]:
    names = []
    for name in plugins.known("builders"):
        with contextlib.suppress(PluginError):
            plugins.builder(name)
            names.append(name)
    return names


def _plan(options: argparse.Namespace, builders: Sequence[str]) -> RunPlan:
    """A plan with a task for each builder beside the tasks that were named."""
    made: list[Any] = [{"task_name": f"{_MADE}{name}", "data_builder": name} for name in builders]
    flags = Flags.of({name: getattr(options, name) for name in _FLAGS})
    return load_plan(PlanRequest(tasks=[*options.task_paths, *made], config=options.config_path, flags=flags))


def shown_model(teacher: Teacher) -> str:
    """A teacher as it is named to the user: `openai:gpt-4o-mini`."""
    return model_of(teacher.generator)


def shown_roles(teacher: Teacher) -> str:
    """The roles of a teacher in few words: `generator (skills_sdg), validator (skills_sdg)`."""
    builders: dict[str, list[str]] = {}
    for role in teacher.roles:
        builders.setdefault(role.name, []).append(role.builder)
    return ", ".join(f"{name} ({', '.join(of)})" if all(of) else name for name, of in builders.items())


def tell(text: str) -> None:
    """Say something beside the result."""
    print(harmless(text), file=sys.stderr, flush=True)


@contextlib.asynccontextmanager
async def telling_what_for(waited_for: Callable[[], Sequence[str]]) -> AsyncIterator[None]:
    """Say every few seconds what is still being waited for."""
    telling = asyncio.create_task(_tell_now_and_then(waited_for))
    try:
        yield
    finally:
        telling.cancel()


async def _tell_now_and_then(waited_for: Callable[[], Sequence[str]]) -> None:
    seconds = 0.0
    while True:
        await asyncio.sleep(TELL_AFTER)
        seconds += TELL_AFTER
        tell(f"waiting for {', '.join(waited_for())} ({seconds:.0f} s)")
