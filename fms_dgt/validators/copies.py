"""Copies: a text that repeats a known one, or the prompt that asked for it."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from fms_dgt.core import overlap
from fms_dgt.core.kit import Kit
from fms_dgt.core.plain_words import length, words
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check
from fms_dgt.core.template import Template
from fms_dgt.core.text_form import unformatted, unlabelled
from fms_dgt.core.typed import option
from fms_dgt.core.validator import Validator, ValidatorOptions, Verdict
from fms_dgt.errors import Problem, Rejected
from fms_dgt.validators.text import as_text, excerpt
from fms_dgt.validators.text_check import own_options_problems

# A shorter text shares its words with others by chance: it is compared as a whole, or not at all.
SHORTEST = 8
# Known texts that are looked into, the likeliest first, and the runs of words by which these are told.
MOST_LOOKED_INTO, MOST_SAMPLED = 16, 256


@dataclass(frozen=True, kw_only=True)
class CopiesOptions(ValidatorOptions):
    """What counts as copied. Words are counted; of Chinese and Japanese, two characters are one, of Thai and
    other scripts without spaces, four.
    """

    fewest: int = option(1, low=1, help="a known text counts as copied from so many words on")
    share: float = option(1.0, low=0.1, high=1, help="words from one known text that make a text its copy")
    prompt_share: float | None = option(
        0.6, low=0.1, high=1, help="the same of words from the prompt; null allows any"
    )


def _readings(text: str) -> list[list[str]]:
    """The words of a text without its labels; where that is less, also those without its markup."""
    plain, without_markup = words(unlabelled(text)), unformatted(text)
    bare = plain if without_markup == text else words(unlabelled(without_markup))
    return [plain] if bare == plain else [plain, bare]


@dataclass(frozen=True)
class _Known:
    """A known text: how it begins, and its words, with markup and without."""

    text: str
    readings: Sequence[Sequence[str]]

    @cached_property
    def runs(self) -> frozenset[overlap.Run]:
        return overlap.runs_of(self.readings)


class _KnownTexts:
    """The known texts of a check, found by what they have in common with another text."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [_Known(text, found) for text in dict.fromkeys(texts) if any(found := _readings(text))]
        self._plain: dict[str, _Known] = {}
        self._bare: dict[str, _Known] = {}
        self._holders: dict[overlap.Run, list[int]] = {}
        for number, known in enumerate(self._texts):
            self._plain.setdefault(" ".join(known.readings[0]), known)
            self._bare.setdefault(" ".join(known.readings[-1]), known)
            for run in known.runs:
                self._holders.setdefault(run, []).append(number)

    def same(self, readings: Sequence[Sequence[str]]) -> _Known | None:
        """The first known text of the same words.

        Markup may be missing in one of the two, not in both: `<b>` and `<i>` differ.
        """
        plain, bare = (" ".join(readings[at]) for at in (0, -1))
        return self._plain.get(plain) or self._bare.get(plain) or self._plain.get(bare)

    def likely(self, found: Sequence[str], wanted: float) -> Iterator[tuple[_Known, bytearray]]:
        """Known texts from which a share of these words may come, with the words that do."""
        if overlap.share(overlap.covered(found, self._holders)) < wanted:
            return
        sample = islice(overlap.runs(found), 0, None, max(1, len(found) // MOST_SAMPLED))
        hits = Counter(number for run in sample for number in self._holders.get(run, ()))
        likeliest = heapq.nsmallest(MOST_LOOKED_INTO, hits, key=lambda number: (-hits[number], number))
        for number in likeliest:
            known = self._texts[number]
            yield known, overlap.covered(found, known.runs)


class Copies(Validator[CopiesOptions]):
    """Refuses a text that is copied: from a text that the check has as `known`, or from the prompt.

    A copy of a known text has the same words, or takes a `share` of its words from that text in runs of
    four or more. A copy of the prompt takes them from the text that stands in the templates of the flow.
    What the row's other columns have, too, is quoted, not copied. Case, punctuation, quotation marks,
    numbering, labels (`Question:`), markup and white space make no difference. The score is the largest
    share.

    In a config file:

        databuilders:
          skills_sdg:
            postprocessors:
              - {name: copies, on: response, share: 0.8, fewest: 20}
    """

    Options = CopiesOptions

    def __init__(self, options: CopiesOptions) -> None:
        super().__init__(options)
        self._known: dict[str, _KnownTexts] = {}
        self._prompts: frozenset[overlap.Run] | None = None

    async def validate(self, row: Row, kit: Kit) -> Verdict:
        check, readings = kit.check, _readings(as_text(row[kit.check.on or ""]))
        known = self._known_texts(check)
        size = length(readings[-1])
        if size >= self.options.fewest and (same := known.same(readings)):
            raise Rejected("same as a known text", {"text": excerpt(same.text)})
        if size < SHORTEST:
            return Verdict(0.0)
        most = 0.0
        for found in readings:
            own = _Own(row, check.on or "", known)
            taken = self._from_known(found, known, own) if size >= self.options.fewest else 0.0
            most = max(most, taken, self._from_prompt(found, kit, own))
        return Verdict(most)

    def _from_known(self, found: Sequence[str], known: _KnownTexts, own: _Own) -> float:
        wanted, most = self.options.share, 0.0
        for each, copied in known.likely(found, wanted):
            taken = overlap.share(copied, own.quoted(found) if overlap.share(copied) >= wanted else None)
            if taken >= wanted:
                raise Rejected(
                    "copied from a known text", {"share": round(taken, 4), "text": excerpt(each.text)}
                )
            most = max(most, taken)
        return most

    def _from_prompt(self, found: Sequence[str], kit: Kit, own: _Own) -> float:
        wanted = self.options.prompt_share
        if wanted is None:
            return 0.0
        if self._prompts is None:
            self._prompts = overlap.runs_of(words(piece) for piece in kit.fixed_texts)
        copied = overlap.covered(found, self._prompts)
        taken = overlap.share(copied)
        if taken >= wanted:
            taken = overlap.share(copied, own.quoted(found))
        if taken >= wanted:
            start = copied.index(1)
            said = " ".join(found[start : start + 2 * SHORTEST])
            raise Rejected("copied from the prompt", {"share": round(taken, 4), "text": excerpt(said)})
        return taken

    def _known_texts(self, check: Check) -> _KnownTexts:
        if check.name not in self._known:
            self._known[check.name] = _KnownTexts([as_text(value) for value in check.known])
        return self._known[check.name]

    def problems(self, check: Check, template: Template | None) -> list[Problem]:
        return own_options_problems(check)


class _Own:
    """What a row brought along: its other columns of text, but for those that are known texts themselves."""

    def __init__(self, row: Mapping[str, object], on: str, known: _KnownTexts) -> None:
        self._row = row
        self._on = on
        self._known = known
        self._quoted: bytearray | None = None

    def quoted(self, found: Sequence[str]) -> bytearray:
        """For each of these words, 1 where it stands in a run that the row has elsewhere."""
        if self._quoted is None:
            columns = [value for name, value in self._row.items() if name != self._on and type(value) is str]
            texts = [value for value in columns if self._known.same(_readings(value)) is None]
            readings = (reading for text in texts for reading in (words(text), *_readings(text)))
            self._quoted = overlap.covered(found, overlap.runs_of(readings))
        return self._quoted
