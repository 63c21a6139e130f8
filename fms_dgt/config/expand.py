"""`${NAME}` and `${NAME:-default}` in text values: which variables may be put in where.

A config may name any variable, but what looks like a secret only in a field for secrets: the text knows
that it holds one (`Expanded.secrets`), and whoever decodes it refuses it elsewhere. A task may name those of
a short list, in paths alone, and never a secret. Messages show names, not values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from fms_dgt.core.node import Expanded, Node
from fms_dgt.errors import Problem
from fms_dgt.safety.environment import DEFAULTS, IN_TASKS, looks_secret

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_BRACED = re.compile(rf"\$\$\{{|\$\{{(?:(?P<name>{_NAME})(?::-(?P<default>[^}}]*))?\}})?")
_IN_PATH = re.compile(rf"{_BRACED.pattern}|\$(?P<bare>{_NAME})")
# these keys hold names, of blocks and plugins and stages, which are compared and shown in messages
_NAMES = ("name", "type", "stages", "metadata", "postprocessors")
# user@host:path, as git and ssh have it
_ADDRESS = re.compile(r"://|^[^/\s]*@[^/\s]*:")
_ESCAPE = "write ${NAME}, or $${ for the characters themselves"


class Expander:
    """Puts environment variables into text; what cannot be expanded goes to `problems`.

    `allowed` are names that the user lets files use beyond the usual: in tasks those that are not on the
    list, in configs those that only look like a secret. With `lenient`, a variable that is not set is missed
    only where the option that has it is used: a teacher takes the place of blocks that want keys.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        problems: list[Problem],
        allowed: Collection[str] = (),
        *,
        lenient: bool = False,
    ) -> None:
        self._lenient = lenient
        self._environ = environ
        self._problems = problems
        self._allowed = frozenset(allowed)
        self.used: list[tuple[str, Node]] = []

    def everywhere(self, node: Node, *, secrets: bool = True) -> Node:
        """A part of a config with every text in it expanded; without `secrets`, none of them may be one."""
        if node.is_mapping:
            entries = {
                key: self.everywhere(child, secrets=secrets and _may_hold_secrets(key, child))
                for key, child in node.items()
            }
            return Node(entries, node.place)
        if node.is_list:
            return Node([self.everywhere(child, secrets=secrets) for child in node.value], node.place)
        return self._in_config(_BRACED, node, secrets=secrets)

    def path(self, node: Node) -> Node:
        """A path in a config: `$NAME` is expanded, too."""
        return self._in_config(_IN_PATH, node, secrets=False)

    def path_in_task(self, node: Node, *, bare: bool = False) -> Node:
        """A path in a task; with `bare`, `$NAME` is expanded, too. What was expanded before stays.

        Nothing is left of a path that has a variable which may not be in it.
        """
        if not isinstance(node.value, str) or isinstance(node.value, Expanded):
            return node
        if _ADDRESS.search(node.value):
            if any(match[0] != "$${" for match in _BRACED.finditer(node.value)):
                what = "a variable of the environment in an address, which would tell a host its value"
                self._problems.append(node.problem(what, "write the address without variables"))
                return Node(None, node.place)
            return Node(Expanded(node.value, node.value), node.place)
        pattern = _IN_PATH if bare else _BRACED
        before = len(self._problems)
        text = pattern.sub(lambda match: self._replaced(match, node, in_task=True), node.value)
        if len(self._problems) > before:
            return Node(None, node.place)
        return Node(Expanded(text, node.value), node.place) if text != node.value else node

    def in_task(self, node: Node) -> Node:
        """A task's mapping with the only path expanded that is the same for every builder: the output folder.

        The others are expanded where the builder's type of task is known. Rows are left alone, seed
        examples above all: `${...}` in them is part of the data.
        """
        runner = node.value.get("runner_config")
        output = runner.get("output_dir") if isinstance(runner, Node) else None
        if output is None or not runner.is_mapping:
            return node
        return node.with_(runner_config=runner.with_(output_dir=self.path_in_task(output)))

    def _in_config(self, pattern: re.Pattern[str], node: Node, *, secrets: bool) -> Node:
        if not isinstance(node.value, str) or "$" not in node.value:
            return node
        missing: list[str] | None = [] if self._lenient and secrets else None
        text = pattern.sub(
            lambda match: self._replaced(match, node, in_task=False, missing=missing), node.value
        )
        if text == node.value:
            return node
        names = dict.fromkeys(
            name for match in pattern.finditer(node.value) if (name := _name_in(match)) is not None
        )
        secret = tuple(name for name in names if self._looks_secret(name) and name not in self._allowed)
        if secret and not secrets:
            what = f"the environment variable {secret[0]} looks like a secret, and may not be put in here"
            mend = f"take it out, or pass --allow-env {secret[0]} if it is none"
            self._problems.append(node.problem(what, mend))
            return Node(Expanded("", node.value), node.place)
        return Node(Expanded(text, node.value, secret, tuple(missing or ())), node.place)

    def _replaced(
        self, match: re.Match[str], node: Node, *, in_task: bool, missing: list[str] | None = None
    ) -> str:
        if match[0] == "$${":
            return "${"
        name, default = _name_in(match), match.groupdict()["default"]
        if name is None:
            what = "'${' begins a variable, and none follows"
            self._problems.append(node.problem(what, _ESCAPE))
            return ""
        if default is not None and "${" in default:
            what = f"the default of {name} begins another variable"
            self._problems.append(node.problem(what, "name one variable with a plain default"))
            return ""
        if in_task and not self._may_be_in_task(name, node):
            return ""
        self.used.append((name, node))
        if default is not None:
            return self._environ.get(name) or str(default)
        return self._value_of(name, node, missing)

    def _may_be_in_task(self, name: str, node: Node) -> bool:
        if self._looks_secret(name):
            what = f"the environment variable {name} looks like a secret, which no task gets"
            self._problems.append(node.problem(what, "take it out; keys belong into a config's 'api_key'"))
            return False
        if name not in IN_TASKS and name not in self._allowed:
            listed = ", ".join(sorted(IN_TASKS))
            what = f"the environment variable {name} is not allowed in a task ({listed} may)"
            self._problems.append(node.problem(what, f"if you trust this task, pass --allow-env {name}"))
            return False
        return True

    def _looks_secret(self, name: str) -> bool:
        return looks_secret(name, self._environ.get(name, ""))

    def _value_of(self, name: str, node: Node, missing: list[str] | None) -> str:
        if name not in self._environ and name in DEFAULTS:
            return DEFAULTS[name]
        if name not in self._environ and missing is not None:
            missing.append(name)
        elif name not in self._environ:
            what = f"the environment variable {name} is not set"
            self._problems.append(node.problem(what, f"set it, or write ${{{name}:-default}}"))
        return self._environ.get(name, "")


def _may_hold_secrets(key: str, node: Node) -> bool:
    """Whether a field for secrets may be below a key. A check that is a mapping has options of its own."""
    return key not in _NAMES or (key == "postprocessors" and any(child.is_mapping for child in _items(node)))


def _items(node: Node) -> list[Node]:
    return node.value if node.is_list else []


def _name_in(match: re.Match[str]) -> str | None:
    groups = match.groupdict()
    return groups["name"] or groups.get("bare")
