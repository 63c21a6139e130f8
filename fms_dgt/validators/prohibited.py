"""Prohibited material: words, patterns, personal data, and a judge with a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fms_dgt.core.generator import GeneratorSpec
from fms_dgt.core.kit import Kit
from fms_dgt.core.reply import ScoreReply
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check
from fms_dgt.core.template import Template
from fms_dgt.core.typed import option
from fms_dgt.core.validator import ValidatorOptions, Verdict
from fms_dgt.errors import Problem, Rejected
from fms_dgt.validators.linear_pattern import LinearPatterns, pattern_problems
from fms_dgt.validators.personal_data import KINDS, Kind, sighted
from fms_dgt.validators.phrases import Phrases
from fms_dgt.validators.policy import Policy
from fms_dgt.validators.term_list import TermList
from fms_dgt.validators.text_check import Finding, TextCheck


@dataclass(frozen=True, kw_only=True)
class ProhibitedOptions(ValidatorOptions):
    """What may not be in a text. Lists stand in the config, or in files with one entry a line."""

    words: TermList = option(default_factory=TermList, help="words and phrases, found as whole words")
    patterns: TermList = option(default_factory=TermList, help="regular expressions in RE2's syntax")
    ignore_case: bool = option(default=True, help="whether patterns do; words always do")
    personal_data: list[Kind] = option(default_factory=lambda: list(KINDS), help="kinds; [] for none")
    policy: Policy | None = option(None, help="rules that a judge holds the text to, or {file: rules.md}")
    lm_config: GeneratorSpec | None = option(None, help="the judge of the policy")
    lowest_score: int = option(1, help="the judge's lowest score that goes on")


class Prohibited(TextCheck[ProhibitedOptions]):
    """Refuses a text with prohibited words, patterns or personal data, or one that a judge rejects.

    A judge is asked where there is a `policy`, or a template of the check's own whose reply is a `score`; and
    only about texts in which nothing else was found.

    In a config file:

        databuilders:
          skills_sdg:
            postprocessors:
              - {name: prohibited, on: response, words: [smuggler], personal_data: [email, phone]}
    """

    Options = ProhibitedOptions

    @cached_property
    def _words(self) -> Phrases:
        return Phrases(self.options.words.texts)

    @cached_property
    def _patterns(self) -> LinearPatterns:
        return LinearPatterns(self.options.patterns.texts, ignore_case=self.options.ignore_case)

    def look(self, text: str) -> Finding:
        word = self._words.find(text)
        if word is not None:
            return Finding(0, "prohibited word", {"word": word.phrase, "text": word.text})
        hit = self._patterns.first_match(text)
        if hit is not None:
            return Finding(0, "prohibited pattern", {"pattern": hit.pattern, "text": hit.text})
        seen = sighted(text, self.options.personal_data)
        if seen is not None:
            return Finding(0, f"personal data: {seen.kind}", {"text": seen.masked})
        return Finding(1)

    async def validate(self, row: Row, kit: Kit) -> Verdict:
        verdict = await super().validate(row, kit)
        if kit.check.template is None:
            return verdict
        said: Any = (await kit.ask("lm", kit.check.template, params=kit.check.params)).value
        if said["score"] < self.options.lowest_score:
            raise Rejected("against the policy", {"score": said["score"], "reason": said["reason"]})
        return Verdict(said["score"], said["reason"])

    def brings(self, check: Check) -> Mapping[str, Any] | None:
        policy = self.options.policy
        return policy.template(check.on) if policy is not None and check.on else None

    def problems(self, check: Check, template: Template | None) -> list[Problem]:
        options, where = self.options, f"the check '{check.name}'"
        found = super().problems(check, template)
        found += pattern_problems(options.patterns.terms, ignore_case=options.ignore_case)
        if not (options.words.terms or options.patterns.terms or options.personal_data or check.template):
            mend = "add 'words', 'patterns', 'personal_data' or a 'policy' for a judge"
            found.append(Problem("prohibits nothing", mend, where))
        if check.template and options.lm_config is None:
            mend = "add 'lm_config: {type: ..., model_id_or_path: ...}'"
            what = f"has a {'policy' if options.policy else 'template'}, and no judge to ask with it"
            found.append(Problem(what, mend, where))
        return [*found, *self._judge_problems(template, where)]

    def _judge_problems(self, template: Template | None, where: str) -> list[Problem]:
        if template is None:
            return []
        reply, lowest = template.reply, self.options.lowest_score
        if not isinstance(reply, ScoreReply):
            mend = "write 'reply: {score: {from: 0, to: 1}}', say"
            return [Problem("prohibited needs a template that asks for a score", mend, template.origin)]
        if reply.low < lowest <= reply.high:
            return []
        what = (
            f"the scale of its template is from {reply.low} to {reply.high}, and 'lowest_score' is {lowest}"
        )
        return [Problem(what, "choose a score above the lowest of the scale", where)]
