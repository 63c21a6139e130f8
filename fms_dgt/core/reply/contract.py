"""What every reply contract does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of a reply, and how many of its items are not in it.

    `cut` ones broke off where the reply was cut off (1 at the most), `incomplete` ones lack a part or
    cannot be read, `surplus` ones were more than asked for.
    """

    value: Any
    cut: int = 0
    incomplete: int = 0
    surplus: int = 0


class ReplyContract(ABC):
    """Writes its own instructions and schema, and reads what comes back.

    Forgiving about form, strict about meaning: what cannot be read raises Unreadable with words that
    say what is missing (they are shown to the model when it is asked again). A reading is never a
    guess.
    """

    @abstractmethod
    def instructions(self, count: int | None, *, as_json: bool) -> str:
        """What a template's `{{ reply_format }}` becomes.

        `count` is how many items are wanted, where that is known; `as_json` is set where the backend
        enforces `schema()`.
        """

    @abstractmethod
    def read(self, text: str, *, finish: str = "stop", count: int | None = None) -> Any:
        """The value of a reply. `finish` is "length" where it was cut off. Raises Unreadable."""

    def reading(self, text: str, *, finish: str = "stop", count: int | None = None) -> Reading:
        """The same value, and what had to be left out to get it. Raises Unreadable."""
        return Reading(self.read(text, finish=finish, count=count))

    def schema(self, count: int | None) -> Mapping[str, Any] | None:
        """The JSON schema for backends that enforce one; None where the reply is free text."""
        return None

    @abstractmethod
    def describe(self) -> Mapping[str, Any]:
        """The contract as JSON values, for fingerprints and listings."""
