"""For tests and benchmarks, ours and plugin authors': a stand-in model server and contract suites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fms_dgt.testing.answers import echo_answers, lognormal
    from fms_dgt.testing.contract import GeneratorContract, OrderedValidatorContract
    from fms_dgt.testing.faults import Fault
    from fms_dgt.testing.ledger import Served, paid_in_log
    from fms_dgt.testing.model_server import ModelServer
    from fms_dgt.testing.wire import Answer, prompt_of

# names are looked up when used: a contract suite does not need a web server
_HOMES = {
    "Answer": "wire",
    "Fault": "faults",
    "GeneratorContract": "contract",
    "ModelServer": "model_server",
    "OrderedValidatorContract": "contract",
    "Served": "ledger",
    "echo_answers": "answers",
    "lognormal": "answers",
    "paid_in_log": "ledger",
    "prompt_of": "wire",
}

__all__ = [
    "Answer",
    "Fault",
    "GeneratorContract",
    "ModelServer",
    "OrderedValidatorContract",
    "Served",
    "echo_answers",
    "lognormal",
    "paid_in_log",
    "prompt_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    # at import this would cost every user of the package a web framework
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
