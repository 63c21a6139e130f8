"""A data builder: turns a task into a source and a flow, and names the type of its records."""

from __future__ import annotations

import typing
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from fms_dgt.core.composed import Flow
from fms_dgt.core.record import Record
from fms_dgt.core.source import Source
from fms_dgt.core.task import Task
from fms_dgt.errors import Problem


@dataclass(frozen=True, kw_only=True)
class BuilderOptions:
    """Options of a builder: keys of its YAML beside `name` and `blocks`. Subclasses add them."""


T = TypeVar("T", bound=Task)


class DataBuilder(ABC, Generic[T]):
    """How data is made.

    Beside its module stand its defaults, `<name>.yaml`, and its prompts, `templates/<name>.yaml`.
    `defaults` is what that file would say, for a builder without one.
    """

    Options: ClassVar[type[BuilderOptions]] = BuilderOptions
    record: ClassVar[type[Record]]
    defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, options: Any = None) -> None:
        self.options: Any = options if options is not None else self.Options()

    @abstractmethod
    def source(self, task: T) -> Source:
        """Where the units of this task come from."""

    @abstractmethod
    def flow(self, task: T) -> Flow:
        """What happens to each of them."""

    def columns(self, task: T) -> Mapping[str, Any]:
        """What every row of the task has beside its own columns; records and templates may use it."""
        return {
            "task_name": task.task_name,
            "task_description": task.task_description,
            "taxonomy_path": task.taxonomy_path,
        }

    def output(self, task: T) -> Sequence[str] | None:
        """Where `record` is `Columns`: the columns that records have; None for all of the row's."""
        return None

    def template_files(self) -> Mapping[str, Path]:
        """Templates that stand elsewhere than in the builder's own `templates/` folder."""
        return {}

    def check(self, task: T) -> list[Problem]:
        """What is wrong with a task that its types cannot say, found before the first call."""
        return []

    def notes(self, task: T) -> Sequence[str]:
        """What the user should know of a task that is no mistake: a file that was left out, say."""
        return ()

    @classmethod
    def task_type(cls) -> type[Task]:
        """The task class that the builder was declared with: `DataBuilder[HaikuTask]`."""
        for base in (b for c in cls.__mro__ for b in getattr(c, "__orig_bases__", ())):
            args = typing.get_args(base)
            if args and isinstance(args[0], type) and issubclass(args[0], Task):
                return args[0]
        return Task
