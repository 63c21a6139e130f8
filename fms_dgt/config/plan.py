"""What a command asks for, typed: the tasks, their settings and the run's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from fms_dgt.config.flags import COMMAND_LINE
from fms_dgt.core.node import Node, Place
from fms_dgt.core.typed import option
from fms_dgt.errors import Problem
from fms_dgt.safety.permissions import Permissions

DEFAULT_RECORDS = 20

Layer: TypeAlias = tuple[Node, bool]


@dataclass(frozen=True, kw_only=True)
class TaskSettings:
    """How much of a task is wanted, and when to give up; from `runner_config` and flags."""

    num_outputs_to_generate: int | None = option(
        None, low=1, shapes=False, aliases=("num_outputs",), help="how many records are wanted"
    )
    records_per_seed: int | None = option(
        None,
        low=1,
        shapes=False,
        aliases=("sdg_scale_factor",),
        help="records wanted for each seed example, in place of a total",
    )
    max_stalled_requests: int = option(
        50, low=1, shapes=False, help="units in a row without a record after which a task gives up"
    )
    num_prompt_instructions: int | None = option(None, low=1, help="seed examples in a prompt")
    pipeline: Literal["simple", "full"] | None = option(
        None, help="simple: pairs in one call, by builders that have such a way; full: all their steps"
    )
    save_formatted_output: bool = option(False, shapes=False, help="also write formatted.jsonl")
    seed: int = option(0, low=0, help="the seed of all randomness")
    judge_check: Literal["off", "warn", "refuse"] = option(
        "off",
        shapes=False,
        help="show judges rows of known quality first; warn: tell of a blind one; refuse: stop there",
    )
    judge_bound: float = option(
        0.7, low=0, high=1, shapes=False, help="the share of such pairs that a judge must tell apart"
    )


@dataclass(frozen=True)
class TaskPlan:
    """One task of a run, before its builder is known.

    `said` is what the task says, less `data_builder` and `runner_config`; `task_name` and
    `taxonomy_path` are always in it. `builder_layers` is what the config file says of the builder,
    lowest first, each with whether it was said of every builder (`"*"`): `blocks.apply_layers` lays
    them on the builder's own YAML. `folder` is where the task's results go, `place` where its
    builder is named. Where what was said of its builder could not be read, the task is `doubtful`:
    its own keys can be checked, and nothing that depends on the builder's blocks and options. One that is
    `spare` is left out, with a note, where its own file is wrong. `permissions` say what it may read.
    """

    name: str
    builder: str
    said: Node
    settings: TaskSettings
    builder_layers: tuple[Layer, ...]
    folder: Path
    place: Place
    doubtful: bool = False
    spare: bool = False
    permissions: Permissions = field(default_factory=Permissions)


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What holds for the whole run.

    `teacher` is `TYPE[:MODEL][,NAME=VALUE...]`, or a mapping with a `type` and options; `replay` is the
    output folder of another run that answers everything. With `estimate` a few units of each task are worked
    on, no more.
    """

    output_dir: Path
    max_concurrency: int | None = option(None, low=1, help="calls in flight at once")
    max_calls: int | None = option(None, low=1, help="calls that the output folder may have cost")
    max_tokens: int | None = option(None, low=1, help="tokens that the output folder may have cost")
    max_cost: float | None = option(None, low=0, help="money that the output folder may have cost")
    max_attempts: int = option(8, low=1, help="tries of one call")
    give_up_after: float = option(
        300.0, low=0, help="seconds without any answer after which a backend counts as gone"
    )
    slow_callback_duration: float = option(
        0.5, low=0, help="seconds that plugin code may block all other rows before that is reported; 0: never"
    )
    startup_timeout: float | None = option(
        None, low=0, help="the same for one that has not answered in this run (default: 20)"
    )
    teacher: str | Mapping[str, Any] | None = None
    replay: Path | None = None
    accept_changes: bool = False
    retry_failed: bool = False
    restart: bool = False
    estimate: bool = False


@dataclass(frozen=True)
class RunPlan:
    """Everything that a command asks for.

    `notes` are shown with the run's summary. `origins` says where each setting came from: keys are
    settings of the run, or `task: setting`. `other_builders` are names under `databuilders` that no
    task of this run uses; whether there are such builders, the plugins know. With `problems` the plan
    cannot be run; those tasks that could be read are in it, so that what else is wrong with them can be
    told together. `whole` is whether these are all. `environ` is what variables in the paths of
    tasks stand for, `variables` are those that files named so far, and where; `origin` is who asks.
    """

    tasks: Sequence[TaskPlan]
    settings: RunSettings
    notes: Sequence[str] = ()
    includes: Sequence[Path] = field(default=())
    origins: Mapping[str, str] = field(default_factory=dict)
    other_builders: Mapping[str, Node] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    whole: bool = True
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    origin: str = COMMAND_LINE
    variables: Sequence[tuple[str, Place]] = ()
