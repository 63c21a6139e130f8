"""Several documents, whatever they come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from fms_dgt.documents.document import Document
from fms_dgt.errors import Problem


class Collection(ABC):
    """Documents, fetched and converted one by one, always in the same order: sorted by name.

    What cannot be had is in `problems`; everything else raises InputError with those problems
    (SetupError where a package or a program is missing) as long as there are any.
    """

    @abstractmethod
    def names(self) -> list[str]:
        """The documents' names, sorted. Nothing is converted for it."""

    @abstractmethod
    def __iter__(self) -> Iterator[Document]:
        """One document after the other; only one is held."""

    @abstractmethod
    def fingerprint(self) -> str:
        """A digest of the content: it changes if a document is added, removed, renamed or changed."""

    @abstractmethod
    def problems(self) -> list[Problem]:
        """All that is wrong, found without converting: ask before the first call."""

    def notes(self) -> list[str]:
        """Sentences that the user should see: what was guessed, left out or taken from the cache."""
        return []
