"""De-duplication by equality: a text that an earlier record has is refused."""

from __future__ import annotations

from array import array
from typing import Any

from fms_dgt.core.canonical import digest
from fms_dgt.core.plain_words import normal
from fms_dgt.core.validator import Keep, Match, Memory, OrderedValidator, ValidatorOptions
from fms_dgt.validators.text import as_text


class ExactDeduplication(OrderedValidator[ValidatorOptions]):
    """De-duplication: refuses a text that has the words of an earlier record's, in the same order.

    Case, white space, quotation marks, punctuation and numbering make no difference; digits and symbols do.
    The score is 1 for such texts and 0 for all others. A value that is not text is compared as its
    canonical JSON text.

    In a config file:

        databuilders:
          skills_sdg:
            postprocessors:
              - {name: exact, on: response}
    """

    def memory(self, keep: Keep) -> Memory:
        return ExactMemory(keep)


def _compared(value: Any) -> str:
    return normal(value) if isinstance(value, str) else as_text(value).casefold()


class ExactMemory(Memory):
    """Digests of the texts so far: about 180 bytes a record, however long its text is."""

    def __init__(self, keep: Keep) -> None:
        self._refuses = not keep(1.0)
        self._first: dict[bytes, int] = {}
        # the few that were remembered again, a column inherited by several rows, say
        self._later: dict[bytes, list[int]] = {}
        self._records = array("Q")

    def add(self, value: Any, record: int) -> None:
        key = digest(_compared(value))
        position = len(self._records)
        if self._first.setdefault(key, position) != position:
            self._later.setdefault(key, []).append(position)
        self._records.append(record)

    def __len__(self) -> int:
        return len(self._records)

    def find(self, value: Any, start: int = 0) -> Match | None:
        key = digest(_compared(value))
        if not self._refuses or key not in self._first:
            return None
        positions = (self._first[key], *self._later.get(key, ()))
        found = next((position for position in positions if position >= start), None)
        return None if found is None else Match(1.0, self._records[found])
