"""What a backend takes from the environment where its options say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.safety.environment import backend_variables


class Environ:
    """The variables of one backend, or other `values`, and which of them were used."""

    def __init__(self, backend: str, values: Mapping[str, str] | None = None) -> None:
        self._values = backend_variables(backend) if values is None else values
        self._used: dict[str, None] = {}

    @property
    def used(self) -> tuple[str, ...]:
        """The names of those that an option was taken from."""
        return tuple(self._used)

    def value(self, option: Any, *variables: str) -> str:
        """An option, or the first of the variables that holds anything; "" where there is neither."""
        given = str(option or "").strip()
        if given:
            return given
        for variable in variables:
            if found := self.peek(variable):
                self._used[variable] = None
                return found
        return ""

    def peek(self, variable: str) -> str:
        """What a variable holds, without using it."""
        return self._values.get(variable, "").strip()
