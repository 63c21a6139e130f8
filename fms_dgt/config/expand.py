"""`${NAME}` and `${NAME:-default}` in text values."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fms_dgt.core.node import Node
from fms_dgt.errors import Problem

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_BRACED = re.compile(rf"\$\$\{{|\$\{{(?:(?P<name>{_NAME})(?::-(?P<default>[^}}]*))?\}})?")
_IN_PATH = re.compile(rf"{_BRACED.pattern}|\$(?P<bare>{_NAME})")
_PATH_KEY = re.compile(r"(.*_)?(path|paths|dir|dirs|file|files|folder)")
_PATH_KEYS = {"teacher_config"}
_NO_PATHS = {"taxonomy_path"}


class Expander:
    """Puts environment variables into text; what cannot be expanded goes to `problems`."""

    def __init__(self, environ: Mapping[str, str], problems: list[Problem]) -> None:
        self._environ = environ
        self._problems = problems

    def everywhere(self, node: Node) -> Node:
        """The tree with every text in it expanded."""
        if node.is_mapping:
            return Node({key: self.everywhere(child) for key, child in node.items()}, node.place)
        if node.is_list:
            return Node([self.everywhere(child) for child in node.value], node.place)
        return self.text(node)

    def in_task(self, node: Node) -> Node:
        """A task's mapping with its `runner_config` and its paths expanded, and nothing else.

        Rows are left alone, seed examples above all: `${...}` in them is part of the data.
        """
        return Node({key: self._entry(key, child) for key, child in node.items()}, node.place)

    def path(self, node: Node) -> Node:
        """Text that is a path: `$NAME` is expanded, too."""
        return self._expanded(_IN_PATH, node) if isinstance(node.value, str) else node

    def text(self, node: Node) -> Node:
        """One value; anything but text stays as it is."""
        if not isinstance(node.value, str) or "${" not in node.value:
            return node
        return self._expanded(_BRACED, node)

    def _entry(self, key: str, child: Node) -> Node:
        if key == "runner_config":
            return self.everywhere(child)
        if key not in _NO_PATHS and (_PATH_KEY.fullmatch(key) or key in _PATH_KEYS):
            if child.is_list:
                return Node([self.text(item) for item in child.value], child.place)
            child = self.text(child)
        return self.in_task(child) if child.is_mapping else child

    def _expanded(self, pattern: re.Pattern[str], node: Node) -> Node:
        return Node(pattern.sub(lambda match: self._replaced(match, node), node.value), node.place)

    def _replaced(self, match: re.Match[str], node: Node) -> str:
        if match[0] == "$${":
            return "${"
        groups = match.groupdict()
        name, default = groups["name"] or groups.get("bare"), groups["default"]
        if name is None:
            what = "'${' begins a variable, and none follows"
            self._problems.append(node.problem(what, "write ${NAME}, or $${ for the characters themselves"))
            return ""
        if default is not None:
            return self._environ.get(name) or str(default)
        return self._value_of(name, node)

    def _value_of(self, name: str, node: Node) -> str:
        if name not in self._environ:
            what = f"the environment variable {name} is not set"
            self._problems.append(node.problem(what, f"set it, or write ${{{name}:-default}}"))
        return self._environ.get(name, "")
