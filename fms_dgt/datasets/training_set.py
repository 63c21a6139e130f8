"""Rows as trainers read them, and sets of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from fms_dgt.core.canonical import hexdigest
from fms_dgt.datasets.row_file import (
    CONVERSATION,
    TURN,
    Columns,
    Message,
    Progress,
    check_target,
    counted,
    row_file,
)
from fms_dgt.errors import SetupError

if TYPE_CHECKING:
    import pandas as pd

Make: TypeAlias = Callable[[list[str]], Iterator["SetRow"]]


class SetRow(Protocol):
    """A row of a set. `kind` is counted and not written; `EXAMPLE` has a value of each column."""

    EXAMPLE: ClassVar[Mapping[str, Any]]

    @property
    def kind(self) -> str:
        """What the row is, in a word or two."""

    def columns(self) -> Columns:
        """The row as it is written."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One conversation; where `id` is empty, it is derived."""

    EXAMPLE: ClassVar[Mapping[str, Any]] = CONVERSATION

    kind: str
    messages: list[Message]
    metadata: Mapping[str, Any]
    unmask: bool = False
    id: str = ""

    @property
    def key(self) -> str:
        """The id, which follows from the content alone."""
        return self.id or hexdigest([self.messages, dict(self.metadata)])

    def columns(self) -> Columns:
        """The row as it is written."""
        return {
            "id": self.key,
            "messages": self.messages,
            "metadata": json.dumps(self.metadata, ensure_ascii=False),
            "unmask": self.unmask,
        }


@dataclass(frozen=True, slots=True)
class TextRow:
    """A text that is learned whole, without a chat format."""

    EXAMPLE: ClassVar[Mapping[str, Any]] = {"id": "", "text": "", "metadata": ""}

    kind: str
    text: str
    metadata: Mapping[str, Any]

    def columns(self) -> Columns:
        """The row as it is written. The id follows from the content alone."""
        return {
            "id": hexdigest([self.text, dict(self.metadata)]),
            "text": self.text,
            "metadata": json.dumps(self.metadata, ensure_ascii=False),
        }


@dataclass(frozen=True, slots=True)
class PreferenceRow:
    """A prompt with a better and a worse answer to it, each as turns."""

    EXAMPLE: ClassVar[Mapping[str, Any]] = {
        "id": "",
        "prompt": [TURN],
        "chosen": [TURN],
        "rejected": [TURN],
        "metadata": "",
    }

    prompt: list[Message]
    chosen: list[Message]
    rejected: list[Message]
    metadata: Mapping[str, Any]
    kind: str = "preference"

    def columns(self) -> Columns:
        """The row as it is written. The id follows from the content alone."""
        return {
            "id": hexdigest([self.prompt, self.chosen, self.rejected, dict(self.metadata)]),
            "prompt": self.prompt,
            "chosen": self.chosen,
            "rejected": self.rejected,
            "metadata": json.dumps(self.metadata, ensure_ascii=False),
        }


@dataclass(frozen=True)
class Written:
    """A file that was written: its rows, those of each kind, and what should be known about them.

    `kind` is what the file is; a recipe's rows are its datasets.
    """

    path: Path
    kind: str
    rows: int
    kinds: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class TrainingSet:
    """Rows for a trainer, made while they are read; reading again gives the same rows.

    `notes` are of the last reading: what should be known about the rows.
    """

    def __init__(self, name: str, make: Make) -> None:
        self.name = name
        self.notes: list[str] = []
        self._make = make

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (row.columns() for row in self.rows())

    def rows(self) -> Iterator[SetRow]:
        """The rows, with their kinds."""
        self.notes = []
        return self._make(self.notes)

    def to_pandas(self) -> pd.DataFrame:
        """All rows in a frame."""
        import pandas as pd  # noqa: PLC0415 (heavy)

        return pd.DataFrame(list(self))

    def to_dataset(self) -> Any:
        """All rows in a Hugging Face dataset. Raises SetupError where the package is missing."""
        try:
            from datasets import Dataset  # noqa: PLC0415 (not needed otherwise)
        except ImportError as error:
            raise SetupError("this needs the package datasets; pip install datasets") from error
        return Dataset.from_list(list(self))

    def write(self, path: str | Path, *, force: bool = False, progress: Progress | None = None) -> Written:
        """Write JSONL or Parquet, by the path's ending; whole or not at all.

        Raises FolderError where the file is there and `force` is not set.
        """
        target = Path(path)
        check_target(target, force=force)
        kinds: Counter[str] = Counter()
        rows = counted(self.rows(), progress)
        first = next(rows, None)
        with row_file(target, first.EXAMPLE if first else CONVERSATION) as write:
            for row in [] if first is None else chain([first], rows):
                kinds[row.kind] += 1
                write(row.columns())
        return Written(target, self.name, kinds.total(), dict(sorted(kinds.items())), tuple(self.notes))
