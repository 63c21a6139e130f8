"""A flow that a program hands to `fms_dgt.run`, as the builder and the task that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fms_dgt.config.blocks import teacher_node
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.composed import Flow
from fms_dgt.core.node import Place
from fms_dgt.core.record import Columns
from fms_dgt.core.source import EachOf, Source
from fms_dgt.core.task import Task

NAME = "given_flow"


@dataclass(frozen=True, kw_only=True)
class GivenTask(Task):
    """The rows that a flow is given."""

    seed_examples: list[dict[str, Any]]


class _GivenBuilder(DataBuilder[GivenTask]):
    record = Columns
    given: Flow

    def source(self, task: GivenTask) -> Source:
        return EachOf(task.seed_examples)

    def flow(self, task: GivenTask) -> Flow:
        return self.given

    def columns(self, task: GivenTask) -> Mapping[str, Any]:
        return {}


def builder_of(flow: Flow, generator: str | Mapping[str, Any] | None) -> type[DataBuilder[Any]]:
    """A builder with this flow. Its templates, where it names any, stand beside the program."""
    teacher = teacher_node(generator, Place("generator")).plain() if generator else None
    judge = {"name": "validator", "type": "lm_judge", "lm_config": teacher}
    defaults = {"blocks": [judge]} if teacher else {}
    return type(
        "GivenFlow", (_GivenBuilder,), {"given": flow, "defaults": defaults, "__module__": "__main__"}
    )


def task_of() -> dict[str, Any]:
    """What a task file would say; the rows are put in by `data`."""
    return {
        "task_name": "flow",
        "task_description": "A flow from a program.",
        "created_by": "fms_dgt.run",
        "data_builder": NAME,
        "seed_examples": [],
    }
