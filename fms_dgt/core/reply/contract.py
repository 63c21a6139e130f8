"""What every reply contract does.

A reply is read by these rules, whatever its form:

1. A reading is never a guess. What can be read in two ways is refused, and asked for again: that costs a
   call, while a wrong value becomes training data.
2. The surest form that is there counts, and it alone: tags, then JSON, tables, labels, numbers and bullets,
   and at last bare lines, where nothing else can be meant.
3. All that is stated has to agree: two scores, two JSON values or a corrected second version are refused. An
   example, a scale, the form or the schema handed back, and what is quoted, state nothing.
4. Parts are paired only where they stand together, or carry the same number: never across a missing one.
5. What breaks off is left out, also where the server says that the reply had ended: an item or a part counts
   where something ends it.
6. What a model says around its answer (greetings, labels, remarks, closing words, end marks) goes, by how its
   line begins. What stands in a closed tag or in a JSON text is the model's answer and stays.
7. Repairs change marks, never words.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# counts the changes of what contracts ask for: a template's answers depend on it
WORDING: Final = 2


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
        enforces `schema()`. It names parts and says in words what stands in each: an example or a
        placeholder comes back as the answer.
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

    def notes(self) -> Sequence[str]:
        """What the user should know of it that is no mistake."""
        return ()

    @abstractmethod
    def describe(self) -> Mapping[str, Any]:
        """The contract as JSON values, for fingerprints and listings."""
