"""The paths in a task: which of its values are paths is said by the types of its builder's task.

A path is a field of type `Path`, one with `option(path=True)`, or one of a type that reads itself
(`from_node`) and holds a `Path`. Variables of the environment are put into paths alone, and a path has to
lead where tasks may read.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fms_dgt.config.expand import Expander
from fms_dgt.config.paths import at, exists, fixed_part, is_file
from fms_dgt.core.node import Expanded, Node
from fms_dgt.core.typed import path_fields
from fms_dgt.errors import Problem
from fms_dgt.safety.permissions import Permissions, allow_path, outside

_ADDRESS = re.compile(r"[\w+.-]+://|[^/\s]*@[^/\s]*:")
_LOOKS_LIKE_A_PATH = re.compile(r"(.*_)?(path|paths|dir|dirs|file|files|folder)")
_VARIABLE = re.compile(r"(?<!\$)\$\{\w+(:-[^}]*)?\}")


class TaskPaths:
    """Puts variables into the paths of one task, and checks where they lead; faults go to `problems`."""

    def __init__(self, expander: Expander, permissions: Permissions, problems: list[Problem]) -> None:
        self._expander = expander
        self._permissions = permissions
        self._problems = problems
        self._written: dict[str, str] = {}

    def read(self, node: Node, cls: type[Any]) -> Node:
        """The task's mapping with its paths expanded and checked; also one inside it."""
        if not node.is_mapping:
            return node
        fields = path_fields(cls)
        entries = {}
        for key, child in node.items():
            wanted, is_path = fields.get(key, (None, False))
            entries[key] = self._of_type(child, wanted, is_path=is_path)
            if wanted is str and not is_path:
                self._not_put_in(key, child, cls)
        return Node(entries, node.place)

    def shown(self, problem: Problem) -> Problem:
        """A problem with the names of variables in place of what they stand for."""
        texts = [problem.what, problem.mend, problem.where]
        for value, written in self._written.items():
            texts = [text.replace(value, written) for text in texts]
        return Problem(*texts)

    def _of_type(self, node: Node, wanted: Any, *, is_path: bool) -> Node:
        args = typing.get_args(wanted)
        origin = typing.get_origin(wanted)
        if origin in (typing.Union, types.UnionType):
            for option in args:
                node = self._of_type(node, option, is_path=is_path)
            return node
        if node.is_list and origin in (list, tuple, Sequence) and args:
            items = [self._of_type(child, args[0], is_path=is_path) for child in node.value]
            return Node(items, node.place)
        if node.is_mapping and origin in (dict, Mapping) and len(args) == 2:
            entries = {key: self._of_type(child, args[1], is_path=is_path) for key, child in node.items()}
            return Node(entries, node.place)
        if wanted is Path or (is_path and wanted is str):
            return self._path(node)
        if hasattr(wanted, "from_node"):
            return self._read_by_itself(node, wanted)
        if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
            return self.read(node, wanted)
        return node

    def _read_by_itself(self, node: Node, wanted: Any) -> Node:
        if not _holds_path(wanted):
            if isinstance(node.value, str):
                self._check_file(node)
            return node
        if node.is_mapping:
            keys = getattr(wanted, "path_keys", ())
            entries = {key: self._path(child) if key in keys else child for key, child in node.items()}
            return Node(entries, node.place)
        if node.is_list:
            return Node([self._path(child) for child in node.value], node.place)
        return self._path(node)

    def _path(self, node: Node) -> Node:
        node = self._expander.path_in_task(node)
        if not isinstance(node.value, str):
            return node
        if isinstance(node.value, Expanded) and len(node.value) > 1:
            self._written[str(node.value)] = node.value.written
        text = str(node.value)
        if not _ADDRESS.match(text) and not self._permissions.may_read(path := self._target(text, node)):
            self._problems.append(node.problem(outside(str(node.written)), allow_path(path)))
        return node

    def _check_file(self, node: Node) -> None:
        """Text that a type may take for a path: only that of a file that is there is taken for one here."""
        text = str(node.value)
        candidates = [path for path in self._candidates(text, node) if is_file(path)]
        if candidates and not self._permissions.may_read(candidates[0]):
            self._problems.append(node.problem(outside(text), allow_path(candidates[0])))

    def _target(self, text: str, node: Node) -> Path:
        """The file or folder that a path leads to: the first that exists, or would be made."""
        candidates = self._candidates(text, node)
        return next((path for path in candidates if exists(path)), candidates[0])

    def _candidates(self, text: str, node: Node) -> list[Path]:
        """What a path may mean: below the file that says it, or below the working folder."""
        bases = (Path(node.place.origin).parent, Path())
        return [fixed_part(at(base, text.strip())) for base in bases]

    def _not_put_in(self, key: str, node: Node, cls: type[Any]) -> None:
        text = node.value
        if isinstance(text, str) and _LOOKS_LIKE_A_PATH.fullmatch(key) and _VARIABLE.search(text):
            what = f"variables are put into paths alone, and {cls.__name__} does not say that '{key}' is one"
            mend = "write it out, or give the field the type Path in the builder's task"
            self._problems.append(node.problem(what, mend))


@functools.cache
def _holds_path(cls: Any) -> bool:
    """Whether a type has a `Path` in it."""
    if not dataclasses.is_dataclass(cls):
        return False
    return any(_mentions_path(hint) for hint in typing.get_type_hints(cls).values())


def _mentions_path(hint: Any) -> bool:
    if hint is Path:
        return True
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _holds_path(hint)
    return any(_mentions_path(arg) for arg in typing.get_args(hint))
