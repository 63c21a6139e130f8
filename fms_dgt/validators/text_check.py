"""What the checks have in common that look at the text of one column by plain code."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fms_dgt.core.kit import Kit
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check
from fms_dgt.core.template import Template
from fms_dgt.core.validator import Validator, ValidatorOptions, Verdict
from fms_dgt.errors import Problem, Rejected
from fms_dgt.validators.text import as_text

V = TypeVar("V", bound=ValidatorOptions)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was measured; with a `fault`, the reason for which the row does not go on."""

    score: float
    fault: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


class TextCheck(Validator[V]):
    """Looks at the column `on`. Its options say what goes on, not a `keep`.

    A row that does not is rejected with the reason that its finding has: the same for all that fail
    the same way, so that they can be counted.
    """

    @abstractmethod
    def look(self, text: str) -> Finding:
        """What there is to say of a text."""

    async def validate(self, row: Row, kit: Kit) -> Verdict:
        found = self.look(as_text(row[kit.check.on or ""]))
        if found.fault:
            raise Rejected(found.fault, dict(found.evidence) or None)
        return Verdict(found.score)

    def problems(self, check: Check, template: Template | None) -> list[Problem]:
        return own_options_problems(check)


def own_options_problems(check: Check) -> list[Problem]:
    """What is wrong with a check of a column whose own options say what goes on."""
    where = f"the check '{check.name}'"
    found = []
    if not check.on:
        found.append(Problem("looks at no column", "say which: 'on: response'", where))
    if check.keep is not None:
        what = f"keeps scores {check.keep}, but its options say what goes on"
        found.append(Problem(what, "remove 'keep' and 'threshold'", where))
    return found
