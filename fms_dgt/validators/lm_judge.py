"""A model as the judge: a template asks, the reply is a score with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fms_dgt.core.generator import GeneratorSpec
from fms_dgt.core.kit import Kit
from fms_dgt.core.reply import ScoreReply
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check
from fms_dgt.core.template import Template
from fms_dgt.core.typed import option
from fms_dgt.core.validator import Keep, Validator, ValidatorOptions, Verdict
from fms_dgt.errors import Problem


@dataclass(frozen=True, kw_only=True)
class LMJudgeOptions(ValidatorOptions):
    """The model that judges. A `threshold` is the lowest score that goes on."""

    lm_config: GeneratorSpec = option(help="add 'lm_config: {type: ..., model_id_or_path: ...}', the judge")
    votes: int = option(1, low=1, high=100, help="how often each row is judged")
    vote: Literal["majority", "mean"] = option("majority", help="the score that several votes come to")


class LMJudge(Validator[LMJudgeOptions]):
    """A model as the judge: asks `lm_config` with the check's template, whose reply is a `score`.

    Of several `votes`, the score is the one that most of them give (in a tie one that is not kept, and
    the lowest of these: in doubt, a judge rejects) or their mean. The reason is that of the first vote
    for this score, or of the first one nearest to the mean. A row with a vote that cannot be read is
    rejected as unreadable.

    In a config file:

        databuilders:
          skills_sdg:
            blocks:
              - name: validator
                type: lm_judge
                votes: 3
                lm_config: {type: openai, model_id_or_path: gpt-4o-mini, temperature: 0.5}
    """

    Options = LMJudgeOptions

    async def validate(self, row: Row, kit: Kit) -> Verdict:
        check, number = kit.check, self.options.votes
        asks = [kit.ask("lm", str(check.template), params=check.params) for _ in range(number)]
        votes = [reply.value for reply in await kit.together(*asks)]
        score = _mean(votes) if self.options.vote == "mean" and number > 1 else _majority(votes, check.keep)
        nearest = min(votes, key=lambda vote: (abs(vote["score"] - score), vote["score"]))
        return Verdict(score, nearest["reason"], {"votes": votes} if number > 1 else None)

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
        found = []
        if keep is not None and not reply.low <= keep.value <= reply.high:
            scale = f"the scale of its template is from {reply.low} to {reply.high}"
            found.append(
                Problem(f"keeps scores {keep}, but {scale}", "choose a threshold on the scale", where)
            )
        if self.options.votes > 1 and self._temperature(check, template) == 0:
            what = f"{self.options.votes} votes at temperature 0 are the same vote, paid for each time"
            found.append(Problem(what, "set a 'temperature' above 0 in 'lm_config', or 'votes: 1'", where))
        return found

    def _temperature(self, check: Check, template: Template) -> Any:
        own = self.options.lm_config.options.get("temperature")
        said = {"temperature": own.value if own is not None else None, **template.params, **check.params}
        return said["temperature"]


def _majority(votes: Sequence[Mapping[str, Any]], keep: Keep | None) -> int:
    counts = Counter(int(vote["score"]) for vote in votes)
    return min(counts, key=lambda score: (-counts[score], keep is not None and keep(score), score))


def _mean(votes: Sequence[Mapping[str, Any]]) -> float:
    return sum(int(vote["score"]) for vote in votes) / len(votes)
