"""Validators measure rows; the stage's `keep` decides what that means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from fms_dgt.core.kit import Kit
from fms_dgt.core.row import Row
from fms_dgt.core.typed import option
from fms_dgt.errors import Problem

if TYPE_CHECKING:
    from fms_dgt.core.stages import Check
    from fms_dgt.core.template import Template


@dataclass(frozen=True, slots=True)
class Verdict:
    """A measurement. `reason` is shown with the record or the rejection, `evidence` with the latter.

    `passed` is the validator's own opinion; it counts where the stage has no `keep`.
    """

    score: float
    reason: str = ""
    evidence: Any = None
    passed: bool = True


Relation: TypeAlias = Literal["at_least", "at_most", "below", "equal"]


@dataclass(frozen=True, slots=True)
class Keep:
    """Which scores go on."""

    relation: Relation
    value: float

    def __call__(self, score: float) -> bool:
        if self.relation == "at_least":
            return score >= self.value
        if self.relation == "at_most":
            return score <= self.value
        return score < self.value if self.relation == "below" else score == self.value

    def __str__(self) -> str:
        return f"{self.relation.replace('_', ' ')} {self.value:g}"

    @property
    def missed(self) -> str:
        """What to say of a score that is not kept; the same for all of them, so that it can be counted."""
        words = {"at_least": "under {}", "at_most": "over {}", "below": "{} or more", "equal": "not {}"}
        return "score " + words[self.relation].format(f"{self.value:g}")


def at_least(value: float) -> Keep:
    """Keep scores of `value` and more."""
    return Keep("at_least", value)


def at_most(value: float) -> Keep:
    """Keep scores up to `value`."""
    return Keep("at_most", value)


def below(value: float) -> Keep:
    """Keep scores under `value`."""
    return Keep("below", value)


def equal(value: float) -> Keep:
    """Keep this score alone."""
    return Keep("equal", value)


@dataclass(frozen=True, kw_only=True)
class ValidatorOptions:
    """Options that every validator has; subclasses add theirs.

    `threshold` sets the `keep` of the checks that this block plays.
    """

    threshold: float | None = option(None)


V = TypeVar("V", bound=ValidatorOptions)


class BaseValidator(Generic[V]):
    """What the two kinds of validator share. `relation` says what a bare threshold means."""

    Options: ClassVar[type[ValidatorOptions]] = ValidatorOptions
    relation: ClassVar[Relation] = "at_least"

    def __init__(self, options: V) -> None:
        self.options = options

    def keep(self) -> Keep | None:
        """What this block's own options make of the stage's `keep`; None where they say nothing."""
        return None if self.options.threshold is None else Keep(self.relation, self.options.threshold)

    def brings(self, check: Check) -> Mapping[str, Any] | None:
        """What a template's file would say, for a check that names none; None where none is needed."""
        return None

    def problems(self, check: Check, template: Template | None) -> list[Problem]:
        """What is wrong with a check that this validator is to play, found before the first call."""
        return []


class Validator(BaseValidator[V], ABC):
    """Measures one row by itself."""

    @abstractmethod
    async def validate(self, row: Row, kit: Kit) -> Verdict:
        """The verdict on a row; `kit.check` says which column or template it is about."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a memory found: how alike, and the record it belongs to (a line of `data.jsonl`, from 1).

    0 stands for a value that the check knew from the beginning.
    """

    score: float
    record: int
    text: str = ""


class Memory(ABC):
    """The values of the records so far, in order."""

    @abstractmethod
    def find(self, value: Any, start: int = 0) -> Match | None:
        """The earliest remembered value that `value` may not stand beside, from position `start` on."""

    @abstractmethod
    def __len__(self) -> int:
        """How many values are remembered."""

    @abstractmethod
    def add(self, value: Any, record: int) -> None:
        """Remember the value of a new record. What was refused before stays refused."""


class OrderedValidator(BaseValidator[V], ABC):
    """Compares a row with the records before it: decided at commit, in unit order.

    The engine owns the order; this class owns what "alike" means.
    """

    relation: ClassVar[Relation] = "below"

    @abstractmethod
    def memory(self, keep: Keep) -> Memory:
        """An empty memory that refuses what `keep` does not let pass."""

    def keep(self) -> Keep | None:
        """A de-duplication without a threshold still has one: the class's default."""
        return super().keep() or Keep("below", 1.0)

    def value(self, row: Mapping[str, Any], on: str) -> Any:
        """What of the row is compared and remembered; a JSON value."""
        return row[on]
