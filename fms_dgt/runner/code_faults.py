"""Errors in a plugin's own code, as data and for the hooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from fms_dgt.core.events import CodeFailed
from fms_dgt.core.wrong_result import WrongResult
from fms_dgt.errors import RequestRefused
from fms_dgt.plugins import CodePlace, full_text, is_in_package, own_place, text_of
from fms_dgt.safety.masking import hide_secrets

# What an error's text has where something was not awaited.
_COROUTINE = "'coroutine' object"


@dataclass(frozen=True, slots=True)
class CodeFault:
    """One such error: `part` is what of the plugin failed, `at` its own line on the way to the error."""

    stage: str
    part: str
    text: str
    at: CodePlace | None
    error: BaseException

    @classmethod
    def of(cls, stage: str, part: str, error: BaseException) -> Self:
        """The fault that an exception is."""
        return cls(stage, part, fault_text(error), own_place(error), error)

    def evidence(self) -> Mapping[str, Any]:
        """What a rejection says of it."""
        return {"error": hide_secrets(self.text), "at": self.at.short if self.at else ""}

    def event(self, task: str) -> CodeFailed:
        """What hooks are told of it."""
        # a line of the package itself, of a built-in stage say, is nothing that its user could correct
        own = self.at if self.at and not is_in_package(self.at.file) else None
        file, line = (own.file, own.line) if own else ("", 0)
        return CodeFailed(task, self.stage, self.part, self.text, file, line, self.error)


class GeneratorRaised(RequestRefused):
    """A generator raised what is not a GeneratorError, or gave no completion."""

    def __init__(self, message: str, fault: CodeFault) -> None:
        super().__init__(message)
        self.fault = fault


def fault_text(error: BaseException) -> str:
    """An exception's type and message; of a result that is wrong, the message alone."""
    if isinstance(error, WrongResult):
        return text_of(error)
    text = full_text(error)
    return f"{text}; 'await' is missing" if _COROUTINE in text else text
