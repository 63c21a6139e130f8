"""Conversations as a prompt and its completion, for trainers that learn the completion alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fms_dgt.datasets.row_file import TURN, Columns, Progress, Write, check_target, counted, row_file
from fms_dgt.datasets.training_set import SetRow, TrainingRow, TrainingSet, Written
from fms_dgt.errors import InputError, Problem

_COMPLETION: Mapping[str, Any] = {"id": "", "prompt": [TURN], "completion": [TURN], "metadata": ""}
_MESSAGES: Mapping[str, Any] = {"id": "", "messages": [TURN], "metadata": ""}
# a trainer's chat template has no such turn
_NO_TURN = "pretraining"


def write_completions(
    made: TrainingSet, path: str | Path, *, force: bool = False, progress: Progress | None = None
) -> list[Written]:
    """Write a row for each answer of each conversation: `prompt`, all turns before it, and `completion`.

    Conversations that are learned whole (`unmask`) are written as `messages` to a file of their own, since
    a trainer takes one kind of row a file. A file that would have no rows is not written; where there are
    no rows at all, the first is there and empty. Raises FolderError, InputError.
    """
    writer = _Writer(Path(path), force)
    with writer.files:
        for row in counted(made.rows(), progress):
            writer.add(row)
        if not writer.kinds:
            writer.open(writer.answers, _COMPLETION)
    notes = (*made.notes, *writer.notes())
    return [
        Written(target, made.name, kinds.total(), dict(sorted(kinds.items())), notes)
        for target, kinds in writer.kinds.items()
    ]


def whole_file(path: Path) -> Path:
    """Where the conversations go that are learned whole."""
    return path.with_name(f"{path.stem}_whole{path.suffix}")


class _Writer:
    """Both files, each begun with its first row; they take their places together, in the end."""

    def __init__(self, path: Path, force: bool) -> None:
        self.answers, self.whole = path, whole_file(path)
        self.files = ExitStack()
        self.kinds: dict[Path, Counter[str]] = {}
        self._write: dict[Path, Write] = {}
        self._unanswered = 0
        for target in (self.answers, self.whole):
            check_target(target, force=force)

    def open(self, target: Path, example: Mapping[str, Any]) -> None:
        """Begin a file."""
        self.kinds[target] = Counter()
        self._write[target] = self.files.enter_context(row_file(target, example))

    def add(self, row: SetRow) -> None:
        """Write what comes of a row."""
        if not isinstance(row, TrainingRow):
            raise InputError([Problem("only conversations have completions", "write the set as it is")])
        if any(turn["role"] == _NO_TURN for turn in row.messages):
            self._unanswered += 1
        elif row.unmask:
            self._put(self.whole, _MESSAGES, row.kind, _as_messages(row))
        else:
            answered = False
            for columns in completions(row):
                answered = True
                self._put(self.answers, _COMPLETION, row.kind, columns)
            self._unanswered += not answered

    def _put(self, target: Path, example: Mapping[str, Any], kind: str, columns: Columns) -> None:
        if target not in self.kinds:
            self.open(target, example)
        self.kinds[target][kind] += 1
        self._write[target](columns)

    def notes(self) -> Iterator[str]:
        """What should be known about the files."""
        if self.whole in self.kinds:
            yield f"{self.whole}: conversations that are learned whole, as 'messages'; train on it by itself"
        for target in (self.answers, self.whole):
            if target not in self.kinds and target.exists():
                yield f"{target} is of an earlier set; this one has no rows for it: remove it"
        if self._unanswered:
            one = self._unanswered == 1
            many = "1 conversation is" if one else f"{self._unanswered:,} conversations are"
            yield f"{many} left out: no turn answers another"


def completions(row: TrainingRow) -> Iterator[Columns]:
    """A row for each answer of a conversation. The id is the conversation's, numbered where it has more."""
    answers = [at for at, turn in enumerate(row.messages) if turn["role"] == "assistant" and at]
    for number, at in enumerate(answers, 1):
        yield {
            "id": row.key if len(answers) == 1 else f"{row.key}-{number}",
            "prompt": row.messages[:at],
            "completion": row.messages[at : at + 1],
            "metadata": json.dumps(row.metadata, ensure_ascii=False),
        }


def _as_messages(row: TrainingRow) -> Columns:
    return {name: value for name, value in row.columns().items() if name in _MESSAGES}
