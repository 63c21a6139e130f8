"""`runner_config`: what of it is a task's, what the run's, and what has no effect here."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from fms_dgt.config.plan import RunSettings, TaskSettings
from fms_dgt.core.node import Node, Place
from fms_dgt.errors import Problem, did_you_mean

OUTPUT_DIR = "output_dir"
RUN_WIDE = (
    *("max_concurrency", "max_calls", "max_tokens", "max_cost"),
    *("max_attempts", "give_up_after", "startup_timeout", "slow_callback_duration"),
)
WITHOUT_EFFECT = {
    "seed_batch_size": "units are drawn one by one; the builder's options say how much a prompt asks for",
    "machine_batch_size": "units are drawn one by one; the builder's options say how much a prompt asks for",
    "transform_batch_size": "rows are worked on one by one; --max-concurrency says how many at once",
    "max_gen_requests": "a run ends by its target, its source or a stall; --max-calls bounds its calls",
    "restart_generation": "a file does not begin a run anew; use --restart",
}

_NAMES = {
    name: spec.name
    for cls in (TaskSettings, RunSettings)
    for spec in dataclasses.fields(cls)
    for name in (spec.name, *spec.metadata.get("aliases", ()))
}
TASK_NAMES = tuple(spec.name for spec in dataclasses.fields(TaskSettings))


@dataclass(frozen=True)
class SaidSettings:
    """A `runner_config`, taken apart."""

    task: Node
    run: Node
    output_dir: Node | None = None
    notes: Sequence[str] = field(default=())


NOTHING = SaidSettings(Node({}, Place("")), Node({}, Place("")))


def read_settings(node: Node | None, problems: list[Problem], *, run_wide: bool) -> SaidSettings:
    """Take a `runner_config` apart. `run_wide` is whether settings of the whole run may stand in it."""
    if node is None:
        return NOTHING
    if not node.is_mapping:
        problems.append(node.problem(f"must be a mapping, not {node.kind()}", "write 'key: value' below it"))
        return NOTHING
    task: dict[str, Node] = {}
    run: dict[str, Node] = {}
    notes: list[str] = []
    for key, child in node.items():
        name = _NAMES.get(key, key)
        if child.value is None and name in _NAMES:
            continue
        if name in task or name in run:
            problems.append(child.problem(f"says '{name}' a second time", "remove one of the two"))
        elif key in WITHOUT_EFFECT:
            notes.extend([f"{child.place} has no effect: {WITHOUT_EFFECT[key]}"] if child.value else [])
        elif name in TASK_NAMES:
            task[name] = child
        elif name in RUN_WIDE and run_wide:
            run[name] = child
        elif name != OUTPUT_DIR:
            problems.append(_unknown(key, child, run_wide=run_wide))
    output = _output_dir(node.get(OUTPUT_DIR), problems)
    return SaidSettings(Node(task, node.place), Node(run, node.place), output, notes)


def setting_mend(key: str) -> str:
    """How to mend a setting that stands at the top of a task; "" where `key` is none."""
    if key in WITHOUT_EFFECT:
        return f"remove it, it has no effect: {WITHOUT_EFFECT[key]}"
    name = _NAMES.get(key, "")
    if name in RUN_WIDE:
        return "it holds for a whole run: put it under the config file's 'runner_config:'"
    return "put it under 'runner_config:'" if name in (*TASK_NAMES, OUTPUT_DIR) else ""


def _output_dir(node: Node | None, problems: list[Problem]) -> Node | None:
    if node is None or (isinstance(node.value, str) and node.value):
        return node
    if node.value == "":
        problems.append(node.problem("is empty", "name a folder"))
    else:
        problems.append(node.problem(f"must be a path, not {node.kind()}", "put it in quotes"))
    return None


def _unknown(key: str, node: Node, *, run_wide: bool) -> Problem:
    if key in RUN_WIDE:
        flag = f", or use --{key.replace('_', '-')}" if key not in ("max_attempts", "give_up_after") else ""
        what = f"'{key}' holds for a whole run, not for one task"
        return node.problem(what, f"move it to the config file's runner_config{flag}")
    known = [*TASK_NAMES, OUTPUT_DIR, *(RUN_WIDE if run_wide else ())]
    return node.problem(f"unknown key '{key}'", did_you_mean(key, known, noun="known keys"))
