"""A model as the judge: a template asks, the reply is a score with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt.core.generator import GeneratorSpec
from fms_dgt.core.kit import Kit
from fms_dgt.core.reply import ScoreReply
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check
from fms_dgt.core.template import Template
from fms_dgt.core.typed import option
from fms_dgt.core.validator import Validator, ValidatorOptions, Verdict
from fms_dgt.errors import Problem


@dataclass(frozen=True, kw_only=True)
class LMJudgeOptions(ValidatorOptions):
    """The model that judges. A `threshold` is the lowest score that goes on."""

    lm_config: GeneratorSpec = option(help="add 'lm_config: {type: ..., model_id_or_path: ...}', the judge")


class LMJudge(Validator[LMJudgeOptions]):
    """Asks `lm_config` with the check's template, whose reply is a `score`."""

    Options = LMJudgeOptions

    async def validate(self, row: Row, kit: Kit) -> Verdict:
        check = kit.check
        reply = await kit.ask("lm", str(check.template), params=check.params)
        return Verdict(score=reply.value["score"], reason=reply.value["reason"])

    def problems(self, check: Check, template: Template | None) -> list[Problem]:
        where = f"the check '{check.name}'"
        if not check.template:
            mend = f"name one: Judge('template', ...) or Check('{check.validator}', template='...')"
            return [Problem("lm_judge needs a template to ask with", mend, where)]
        if template is None:
            return []  # that there is no such template is said where templates are found
        reply, keep = template.reply, check.keep
        if not isinstance(reply, ScoreReply):
            mend = "write 'reply: {score: {from: 1, to: 3}}', say"
            return [Problem("lm_judge needs a template that asks for a score", mend, template.origin)]
        if keep is not None and not reply.low <= keep.value <= reply.high:
            scale = f"the scale of its template is from {reply.low} to {reply.high}"
            return [Problem(f"keeps scores {keep}, but {scale}", "choose a threshold on the scale", where)]
        return []
