"""What a command says beside files."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fms_dgt.core.node import Node, Place
from fms_dgt.safety import environment
from fms_dgt.safety.working_folder import note_working_folder

COMMAND_LINE = "the command line"
_ARGUMENTS = {"task_paths": "task", "config_path": "config", "teacher": "generator"}


@dataclass(frozen=True, kw_only=True)
class Flags:
    """The flags that shape a plan; None is what was not said. Values are checked with all else."""

    num_outputs_to_generate: Any = None
    records_per_seed: Any = None
    num_prompt_instructions: Any = None
    max_stalled_requests: Any = None
    save_formatted_output: Any = None
    seed: Any = None
    max_concurrency: Any = None
    max_calls: Any = None
    max_tokens: Any = None
    max_cost: Any = None
    startup_timeout: Any = None
    output_dir: str | Path | None = None
    build_id: str | None = None
    teacher: str | Mapping[str, Any] | None = None
    flow: str | Path | None = None
    replay: str | Path | None = None
    include: Sequence[str | Path] = ()
    allow_env: Sequence[str] = ()
    allow_path: Sequence[str | Path] = ()
    allow_host: Sequence[str] = ()
    changed: str | None = None
    pipeline: str | None = None
    judge_check: str | None = None
    judge_bound: float | None = None
    strict: bool = False
    restart: bool = False
    accept_changes: bool = False
    retry_failed: bool = False
    estimate: bool = False

    def node(self, origin: str, *names: str) -> Node:
        """Those of `names` that were said, as a mapping whose entries know their flag."""
        here = Place(origin)
        said = {name: getattr(self, name) for name in names}
        given = {name: str(v) if isinstance(v, Path) else v for name, v in said.items() if _given(v)}
        return Node({name: Node.of(v, flag_place(origin, name)) for name, v in given.items()}, here)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Flags:
        """The flags among `values`; other keys are left out."""
        names = {spec.name for spec in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names and value is not None})


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """What a plan is made from.

    A task is a path, a glob, the name of a shipped task, or what a task file would say. A config is
    a path, the name of a shipped one, or what a config file would say. Relative paths start at
    `cwd`; `origin` is who says all this, in problems.
    """

    tasks: Sequence[str | Path | Mapping[str, Any]] = ()
    config: str | Path | Mapping[str, Any] | None = None
    flags: Flags = field(default_factory=Flags)
    cwd: Path = field(default_factory=note_working_folder)
    environ: Mapping[str, str] = field(default_factory=environment.for_files)
    origin: str = COMMAND_LINE


def flag_place(origin: str, name: str) -> Place:
    """Where a flag was said: `the command line: --seed`, or the argument of a function.

    Tasks may be given by position, too.
    """
    if origin == COMMAND_LINE:
        return Place(origin, None, "" if name == "task_paths" else _flag(name))
    return Place(origin, None, _ARGUMENTS.get(name, name))


def in_words_of(origin: str, text: str) -> str:
    """Text that names flags, in the words of who asks: from Python, `--max-calls` is `max_calls`."""
    if origin == COMMAND_LINE:
        return text
    return _ANY_FLAG.sub(lambda match: flag_place("", match[1].replace("-", "_")).key, text)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


_ANY_FLAG = re.compile(
    rf"--({'|'.join(_flag(name)[2:] for name in (*_ARGUMENTS, *Flags.__dataclass_fields__))})(?![\w-])"
)


def _given(value: Any) -> bool:
    return value is not None and value is not False
