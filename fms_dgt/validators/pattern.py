"""Patterns that a text must match, and patterns that it must not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fms_dgt.core.stages import Check
from fms_dgt.core.template import Template
from fms_dgt.core.typed import option
from fms_dgt.core.validator import ValidatorOptions
from fms_dgt.errors import Problem
from fms_dgt.validators.linear_pattern import LinearPatterns, pattern_problems
from fms_dgt.validators.term_list import TermList
from fms_dgt.validators.text_check import Finding, TextCheck


@dataclass(frozen=True, kw_only=True)
class PatternOptions(ValidatorOptions):
    """Regular expressions in RE2's syntax, as a list or as a file with one a line."""

    must_match: TermList = option(default_factory=TermList, help="each of these matches somewhere")
    must_not_match: TermList = option(default_factory=TermList, help="none of these does")
    ignore_case: bool = option(default=False)


class Pattern(TextCheck[PatternOptions]):
    r"""Refuses a text that lacks a pattern, or has one that it must not have. The score is 1.

    A pattern may match anywhere; `^` and `$` are the ends of the text, `(?m)` makes them those of a line.
    `\w`, `\d` and `\b` know ASCII alone; `\pL` is any letter, `\pN` any digit.

    In a config file:

        databuilders:
          skills_sdg:
            postprocessors:
              - {name: pattern, on: response, must_not_match: ['(?i)lorem ipsum', '\bTODO\b']}
    """

    Options = PatternOptions

    @cached_property
    def _wanted(self) -> LinearPatterns:
        return LinearPatterns(self.options.must_match.texts, ignore_case=self.options.ignore_case)

    @cached_property
    def _unwanted(self) -> LinearPatterns:
        return LinearPatterns(self.options.must_not_match.texts, ignore_case=self.options.ignore_case)

    def look(self, text: str) -> Finding:
        missing = self._wanted.first_missing(text)
        if missing is not None:
            return Finding(0, "lacks a pattern", {"pattern": missing})
        hit = self._unwanted.first_match(text)
        if hit is not None:
            return Finding(0, "has a pattern it must not have", {"pattern": hit.pattern, "text": hit.text})
        return Finding(1)

    def problems(self, check: Check, template: Template | None) -> list[Problem]:
        options = self.options
        terms = (*options.must_match.terms, *options.must_not_match.terms)
        found = super().problems(check, template)
        if not terms:
            mend = "add 'must_match: [...]' or 'must_not_match: [...]'"
            found.append(Problem("has no pattern to look for", mend, f"the check '{check.name}'"))
        return [*found, *pattern_problems(terms, ignore_case=options.ignore_case)]
