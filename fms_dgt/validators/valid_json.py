"""JSON that parses, and that fits a schema where there is one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.node import Node
from fms_dgt.core.reply import contract_from
from fms_dgt.core.reply.json_value import problem_in
from fms_dgt.core.stages import Check
from fms_dgt.core.template import Template
from fms_dgt.core.typed import option
from fms_dgt.core.validator import ValidatorOptions
from fms_dgt.errors import Problem
from fms_dgt.validators.text import excerpt
from fms_dgt.validators.text_check import Finding, TextCheck

_AROUND = 40
_FENCE = re.compile(r"\s*```(?:json)?[ \t]*\n(.*)\n[ \t]*```\s*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class ValidJsonOptions(ValidatorOptions):
    """What the JSON must look like; without a schema, any value will do."""

    schema: dict[str, Any] | None = option(None, help="a JSON schema, with what a template's `json` may have")
    fenced: bool = option(default=False, help="whether ``` around the JSON is allowed")


class ValidJson(TextCheck[ValidJsonOptions]):
    """Refuses a text that is not one JSON value as a whole. The score is 1.

    It is read strictly: NaN, comments, single quotes and words around it make it none. A column that
    holds a value rather than text is JSON.

    In a config file:

        databuilders:
          skills_sdg:
            postprocessors:
              - {name: valid_json, on: response, schema: {type: object, required: [city]}}
    """

    Options = ValidJsonOptions

    def look(self, text: str) -> Finding:
        fence = _FENCE.fullmatch(text) if self.options.fenced else None
        try:
            value = json.loads(fence[1] if fence else text, parse_constant=_refused)
        except json.JSONDecodeError as error:
            around = excerpt(error.doc, max(0, error.pos - _AROUND), error.pos + _AROUND)
            said = {"problem": error.msg, "line": error.lineno, "column": error.colno, "text": around}
            return Finding(0, "no valid JSON", said)
        except RecursionError:
            return Finding(0, "no valid JSON", {"problem": "it is nested too deeply"})
        except ValueError as error:
            return Finding(0, "no valid JSON", {"problem": str(error)})
        problem = problem_in(value, self.options.schema) if self.options.schema else None
        return (
            Finding(0, "JSON that does not fit the schema", {"problem": problem}) if problem else Finding(1)
        )

    def problems(self, check: Check, template: Template | None) -> list[Problem]:
        found = super().problems(check, template)
        if self.options.schema is not None:
            contract_from(Node.of({"json": self.options.schema}, f"the check '{check.name}'"), found)
        return found


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
