"""Task files, config files and flags into typed plans. Every error says file, line, key and mend."""

from __future__ import annotations

from fms_dgt.config.blocks import apply_layers, apply_teacher, block_problems, wildcard_problems
from fms_dgt.config.flags import Flags, PlanRequest
from fms_dgt.config.load import load_plan
from fms_dgt.config.plan import DEFAULT_RECORDS, RunPlan, RunSettings, TaskPlan, TaskSettings

__all__ = [
    "DEFAULT_RECORDS",
    "Flags",
    "PlanRequest",
    "RunPlan",
    "RunSettings",
    "TaskPlan",
    "TaskSettings",
    "apply_layers",
    "apply_teacher",
    "block_problems",
    "load_plan",
    "wildcard_problems",
]
