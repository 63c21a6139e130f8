"""Makes training data for language models: tasks, data builders, generators and validators as plugins.

Everything named here is public. Names are imported when they are first used: `import fms_dgt` costs
next to nothing, and `--help` pays for no engine.
"""

import importlib

# what type checkers take for true, without the import of `typing`
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from fms_dgt.api import arun, run
    from fms_dgt.core.builder import BuilderOptions, DataBuilder
    from fms_dgt.core.composed import Branch, Flow, ForEach, Together, Unfold
    from fms_dgt.core.generator import Completion, Generator, GeneratorOptions, GeneratorSpec, Request
    from fms_dgt.core.kit import Kit, Reply
    from fms_dgt.core.record import Columns, Record
    from fms_dgt.core.row import Row
    from fms_dgt.core.source import EachOf, Endless, Source
    from fms_dgt.core.stages import Check, Generate, Judge, Map, Prompt, Stage, stage
    from fms_dgt.core.task import Task
    from fms_dgt.core.typed import option
    from fms_dgt.core.validator import (
        Match,
        Memory,
        OrderedValidator,
        Validator,
        ValidatorOptions,
        Verdict,
        at_least,
        at_most,
        below,
        equal,
    )
    from fms_dgt.errors import (
        FmsDgtError,
        GeneratorError,
        Interrupted,
        Problem,
        Rejected,
        RunError,
        UserError,
    )
    from fms_dgt.outcome import Outcome
    from fms_dgt.plugins.hookspecs import hookimpl

__version__ = "0.1.0"

_HOMES = {
    "fms_dgt.api": ("arun", "run"),
    "fms_dgt.core.builder": ("BuilderOptions", "DataBuilder"),
    "fms_dgt.core.composed": ("Branch", "Flow", "ForEach", "Together", "Unfold"),
    "fms_dgt.core.generator": ("Completion", "Generator", "GeneratorOptions", "GeneratorSpec", "Request"),
    "fms_dgt.core.kit": ("Kit", "Reply"),
    "fms_dgt.core.record": ("Columns", "Record"),
    "fms_dgt.core.row": ("Row",),
    "fms_dgt.core.source": ("EachOf", "Endless", "Source"),
    "fms_dgt.core.stages": ("Check", "Generate", "Judge", "Map", "Prompt", "Stage", "stage"),
    "fms_dgt.core.task": ("Task",),
    "fms_dgt.core.typed": ("option",),
    "fms_dgt.core.validator": (
        "Match",
        "Memory",
        "OrderedValidator",
        "Validator",
        "ValidatorOptions",
        "Verdict",
        "at_least",
        "at_most",
        "below",
        "equal",
    ),
    "fms_dgt.errors": (
        "FmsDgtError",
        "GeneratorError",
        "Interrupted",
        "Problem",
        "Rejected",
        "RunError",
        "UserError",
    ),
    "fms_dgt.outcome": ("Outcome",),
    "fms_dgt.plugins.hookspecs": ("hookimpl",),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Branch",
    "BuilderOptions",
    "Check",
    "Columns",
    "Completion",
    "DataBuilder",
    "EachOf",
    "Endless",
    "Flow",
    "FmsDgtError",
    "ForEach",
    "Generate",
    "Generator",
    "GeneratorError",
    "GeneratorOptions",
    "GeneratorSpec",
    "Interrupted",
    "Judge",
    "Kit",
    "Map",
    "Match",
    "Memory",
    "OrderedValidator",
    "Outcome",
    "Problem",
    "Prompt",
    "Record",
    "Rejected",
    "Reply",
    "Request",
    "Row",
    "RunError",
    "Source",
    "Stage",
    "Task",
    "Together",
    "Unfold",
    "UserError",
    "Validator",
    "ValidatorOptions",
    "Verdict",
    "arun",
    "at_least",
    "at_most",
    "below",
    "equal",
    "hookimpl",
    "option",
    "run",
    "stage",
]


def __getattr__(name: str) -> "Any":
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'fms_dgt' has no attribute '{name}'")
    return getattr(importlib.import_module(module), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
