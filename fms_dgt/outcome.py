"""What a run from Python gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fms_dgt.core.events import RunFinished, TaskFinished
from fms_dgt.json_lines import JsonLines
from fms_dgt.safety.working_folder import shown as shown_path

if TYPE_CHECKING:
    import pandas as pd

SHOWN_TASKS = 3
# of the picture in a notebook
TABLE_TASKS, TABLE_RECORDS, TABLE_COLUMNS, LONG_CELL = 20, 3, 6, 120


@dataclass(frozen=True)
class Outcome:
    """What a run made. Records are read from disk where they are needed."""

    finished: RunFinished

    def __repr__(self) -> str:
        tasks = self.finished.tasks
        lines = [_line(task) for task in tasks[:SHOWN_TASKS]]
        if len(tasks) > SHOWN_TASKS:
            lines.append(f"... and {len(tasks) - SHOWN_TASKS} tasks more")
        return f"Outcome({'; '.join(lines)}; in {shown_path(self.output_dir)})"

    def _repr_html_(self) -> str:
        """The tasks and the first records, for a notebook."""
        tasks = self.finished.tasks
        head = ("task", "records", "rejected", "end")
        rows = [(t.task, _wanted(t), f"{t.rejected:,}", t.end) for t in tasks[:TABLE_TASKS]]
        more = f"<p>... and {len(tasks) - TABLE_TASKS:,} more tasks</p>" if len(tasks) > TABLE_TASKS else ""
        state = "complete" if self.complete else "not complete"
        folder = shown_path(self.output_dir)
        return f"<p><b>{state}</b>, in {_text(folder)}</p>{_table(head, rows)}{more}{self._first_records()}"

    def _first_records(self) -> str:
        try:
            first = self.records[:TABLE_RECORDS]
        except (OSError, ValueError):
            # moved or damaged since
            return ""
        of_task = {"task_name", "task_description", "taxonomy_path", "created_by"}
        columns = [name for name in dict.fromkeys(key for row in first for key in row) if name not in of_task]
        shown = columns[:TABLE_COLUMNS]
        return _table(shown, [[row.get(name, "") for name in shown] for row in first]) if shown else ""

    @property
    def output_dir(self) -> Path:
        """The folder with the journal, in which each task has a folder with its files."""
        return self.finished.folder

    @property
    def complete(self) -> bool:
        """Whether every task has what it was asked for."""
        return self.finished.exit_code == 0 and all(task.complete for task in self.finished.tasks)

    @property
    def estimate(self) -> Mapping[str, Any] | None:
        """What the rest of all tasks takes, after a run with `estimate=True`."""
        return self.finished.estimate

    @property
    def tasks(self) -> Mapping[str, TaskFinished]:
        """How each task ended."""
        return {task.task: task for task in self.finished.tasks}

    @property
    def counts(self) -> Mapping[str, int]:
        """Records, rejections, calls paid for in this run, answers that the journal had already."""
        return {
            "records": sum(task.kept for task in self.finished.tasks),
            "rejected": sum(task.rejected for task in self.finished.tasks),
            "calls": self.finished.calls,
            "replayed": self.finished.replayed,
        }

    @cached_property
    def records(self) -> Sequence[dict[str, Any]]:
        """Every record, task by task: a sequence that is read from the files as it is used."""
        return self._rows("data.jsonl")

    @cached_property
    def rejections(self) -> Sequence[dict[str, Any]]:
        """Every row that was dropped: where, why, and the evidence."""
        return self._rows("rejected.jsonl")

    def to_pandas(self) -> pd.DataFrame:
        """The records as a frame."""
        import pandas as pd  # noqa: PLC0415 (half a second that only frames need)

        return pd.DataFrame(list(self.records))

    def _rows(self, name: str) -> JsonLines:
        return JsonLines([task.files[name] for task in self.finished.tasks])


def _line(task: TaskFinished) -> str:
    wanted = f" of {task.target}" if task.target is not None else ""
    return f"{task.task}: {task.kept}{wanted} records, {task.end}"


def _wanted(task: TaskFinished) -> str:
    return f"{task.kept:,}" if task.target is None else f"{task.kept:,} of {task.target:,}"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    titles = "".join(f"<th>{_text(title)}</th>" for title in head)
    lines = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"


def _text(value: Any) -> str:
    """A value as bounded text that is not markup, whatever a model has written."""
    text = " ".join(str(value).split())
    text = text if len(text) <= LONG_CELL else f"{text[: LONG_CELL - 3]}..."
    return escape(text.encode("utf-8", "replace").decode("utf-8"))
