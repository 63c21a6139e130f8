"""What a stage or validator works with: asks, randomness, several things at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from fms_dgt.core.generator import Completion
from fms_dgt.core.row import Row

if TYPE_CHECKING:
    from fms_dgt.core.stages import Check, Stage
    from fms_dgt.core.validator import Verdict


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read: `value` as the template's contract says, `text` as it came.

    `cut` is set where the answer was broken off by its limit of tokens: a last item is then left out of
    `value`, a text ends in the middle. `keys` are those of a JSON object, as far as its schema names them.
    """

    value: Any
    text: str
    completion: Completion
    cut: bool = False
    keys: tuple[str, ...] = ()


class Kit(ABC):
    """Everything a row's step may do. Each call it makes is journaled, limited, retried and traced."""

    @abstractmethod
    async def ask(
        self,
        role: str,
        template: str,
        *,
        count: int | None = None,
        params: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> Reply:
        """Ask the generator that plays `role` with a template and read the reply.

        Values that are not given come from the row and the task. An unreadable reply is asked again
        once; then the row is rejected. A call that fails for good rejects the row, too.
        """

    @abstractmethod
    async def together(self, *steps: Awaitable[Any]) -> list[Any]:
        """The results of several awaitables, in the order given, worked on at once.

        All of them end before this returns; if some raise, the first in the order given counts.
        """

    @abstractmethod
    def random(self, name: str = "") -> Random:
        """Random numbers that depend on the seed, the row, the stage and `name`, and on nothing else."""

    @abstractmethod
    async def measure(self, check: Check, row: Row) -> Verdict:
        """The verdict of a check's validator on a row."""

    @abstractmethod
    async def step(self, stage: Stage, row: Row) -> list[Row]:
        """Another stage's work on a row, under that stage's own name."""

    @property
    @abstractmethod
    def check(self) -> Check:
        """In a validator: the check that it answers (its column `on`, its `template`)."""

    @property
    def fixed_texts(self) -> Sequence[str]:
        """The text that every prompt of the flow has, whatever the row: templates less their placeholders.

        Prompts of checks are left out.
        """
        return ()
