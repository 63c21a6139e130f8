from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from fms_dgt.config import Flags, PlanRequest, RunPlan, load_plan
from fms_dgt.errors import InputError


@pytest.fixture
def plan_of(project: Any) -> Callable[..., RunPlan]:
    """The plan of some files: `plan_of({"task.yaml": TASK}, "task.yaml", config=..., seed=3)`."""

    def plan(
        files: Mapping[str, str], *tasks: Any, config: Any = None, environ: Any = None, **flags: Any
    ) -> RunPlan:
        project(files)
        asked = PlanRequest(tasks=tasks, config=config, flags=Flags(**flags), environ=environ or {})
        made = load_plan(asked)
        if made.problems:
            raise InputError(made.problems)
        return made

    return plan


@pytest.fixture
def problems_of(plan_of: Callable[..., RunPlan]) -> Callable[..., list[str]]:
    """What is wrong with some files, as lines."""

    def problems(*args: Any, **settings: Any) -> list[str]:
        with pytest.raises(InputError) as caught:
            plan_of(*args, **settings)
        return str(caught.value).split("\n")

    return problems
