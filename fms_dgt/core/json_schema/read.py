"""A schema as somebody wrote it: what in it cannot be checked is an error with its place, never ignored."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from fms_dgt.core.json_schema import formats, refs
from fms_dgt.core.json_schema.keywords import (
    BY_NAME,
    CHECKED,
    COUNTS,
    INSTEAD,
    KINDS,
    NUMBERS,
    ONE,
    OWN_PREFIX,
    REMARKS,
    SEVERAL,
    inner,
    is_remark,
)
from fms_dgt.core.json_schema.loops import child_of, loop_problems
from fms_dgt.core.json_schema.pattern import compiled
from fms_dgt.core.node import Node
from fms_dgt.errors import Problem, did_you_mean

MOST_VALUES: Final = 100_000
DEEPEST: Final = 100
_SHOWN = 10
_RE2 = "patterns are RE2's: no back-references, and no look-around but for a look-ahead right behind '^'"


def schema_problems(root: Node) -> list[Problem]:
    """What of a schema is wrong, or would not be checked."""
    if not root.is_mapping:
        return [root.problem(f"must be a JSON schema, not {root.kind()}")]
    over = _over_limit(root)
    if over is not None:
        return [over]
    reading = _Reading(root)
    reading.run()
    problems = reading.problems
    if problems:
        more = len(problems) - _SHOWN
        rest = [root.problem(f"{more} more problems of this kind")] if more > 0 else []
        return problems[:_SHOWN] + rest
    return loop_problems(root, reading.schemas)


def too_large(where: str) -> Problem:
    """What is wrong with a schema that has too much in it."""
    return Problem(f"the schema has more than {MOST_VALUES:,} values in it", "make it smaller", where)


def unchecked_formats(schema: Any) -> list[str]:
    """The formats in a schema that are not checked, sorted."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            name = item.get("format")
            found.update({name} if isinstance(name, str) and not formats.is_checked(name) else ())
            waiting.extend(each for _, each in inner(item))
    return sorted(found)


def _over_limit(root: Node) -> Problem | None:
    """What is wrong with a schema that is too large or too deep to be worked with."""
    waiting, seen = [(root, 1)], 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            return too_large(str(root.place))
        if depth > DEEPEST:
            return root.problem(f"the schema is nested too deeply: more than {DEEPEST} levels", "use '$ref'")
        if node.is_mapping or node.is_list:
            children = node.value.values() if node.is_mapping else node.value
            waiting.extend((child, depth + 1) for child in children)
    return None


class _Reading:
    """One pass over all schemas in a schema, those that `$ref`s name included."""

    def __init__(self, root: Node) -> None:
        self.problems: list[Problem] = []
        self.schemas: list[Node] = []
        self._root = root
        self._waiting = [root]
        self._seen: set[int] = set()

    def run(self) -> None:
        while self._waiting:
            node = self._waiting.pop()
            if id(node) not in self._seen:
                self._seen.add(id(node))
                self.schemas.append(node)
                self._schema(node)
        self.problems.sort(key=lambda problem: _line_of(problem.where))

    def _schema(self, node: Node) -> None:
        if isinstance(node.value, bool) and node is not self._root:
            return
        if not node.is_mapping:
            self._problem(node, f"must be a JSON schema, not {node.kind()}", _mend_of_list(node))
            return
        for key, child in node.items():
            if key in ONE:
                self._waiting.append(child)
            elif key in SEVERAL:
                self._several(child)
            elif key in BY_NAME:
                self._by_name(key, child)
            elif key == "$ref":
                self._ref(child)
            elif key in _VALUES:
                _VALUES[key](self, child)
            elif not is_remark(key) and not (key == "$id" and node is self._root):
                self._problem(child, f"the schema's '{key}' is not supported", _in_place_of(key))

    def _problem(self, node: Node, what: str, mend: str = "") -> None:
        self.problems.append(node.problem(what, mend))

    def _several(self, node: Node) -> None:
        if not node.is_list or not node.value:
            what = f"must be a list with something in it, not {_kind(node)}"
            self._problem(node, what, "write a list of schemas")
            return
        self._waiting.extend(node.value)

    def _by_name(self, key: str, node: Node) -> None:
        if not node.is_mapping:
            self._problem(node, f"must be a mapping of names to schemas, not {node.kind()}")
            return
        for name, child in node.items():
            if key == "patternProperties":
                self._is_pattern(child, name)
            self._waiting.append(child)

    def _ref(self, node: Node) -> None:
        text = node.value
        if not isinstance(text, str):
            self._problem(node, f"must be text such as '#/$defs/NAME', not {node.kind()}")
            return
        try:
            steps = refs.steps_of(text)
        except refs.NoTarget:
            what = f"'{text}' is not in this schema, and nothing is fetched or read for it"
            self._problem(node, what, "copy that schema below '$defs', and write '#/$defs/NAME'")
            return
        found = self._root
        for step in steps:
            child = child_of(found, step)
            if child is None:
                known = found.value if found.is_mapping else ()
                mend = did_you_mean(step, known, noun="there are")
                self._problem(node, f"'{text}' leads nowhere: there is no '{step}'", mend)
                return
            found = child
        self._waiting.append(found)

    def check_type(self, node: Node) -> None:
        value = node.plain()
        for kind in value if isinstance(value, list) and value else [value]:
            if not isinstance(kind, str) or kind not in KINDS:
                known = did_you_mean(str(kind), KINDS, noun="it may be")
                mend = "put it in quotes: 'null'" if kind is None else known
                self._problem(node, f"unknown type '{'null' if kind is None else kind}'", mend)

    def check_enum(self, node: Node) -> None:
        if not node.is_list or not node.value:
            self._problem(node, f"must be a list with something in it, not {_kind(node)}")
        else:
            self.check_finite(node)

    def check_finite(self, node: Node) -> None:
        for leaf in node.leaves():
            if isinstance(leaf.value, float) and not math.isfinite(leaf.value):
                self._problem(leaf, f"is {leaf.value}, which no JSON value is")

    def check_names(self, node: Node) -> None:
        if not node.is_list:
            mend = "write 'required' one level up, a list of names" if isinstance(node.value, bool) else ""
            self._problem(node, f"must be a list with something in it, not {node.kind()}", mend)
        elif not all(isinstance(child.value, str) for child in node.value):
            self._problem(node, "must be a list of names")

    def check_names_by_name(self, node: Node) -> None:
        if not node.is_mapping:
            self._problem(node, f"must be a mapping of names to lists of names, not {node.kind()}")
            return
        for child in node.value.values():
            self.check_names(child)

    def check_true_or_false(self, node: Node) -> None:
        if not isinstance(node.value, bool):
            self._problem(node, f"must be true or false, not {node.kind()}")

    def check_count(self, node: Node) -> None:
        value = node.value
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._problem(node, f"must be a number, not {node.kind()}")
        elif not (value >= 0 and float(value).is_integer()):
            self._problem(node, f"must be a whole number that is not negative, not {value}")

    def check_number(self, node: Node) -> None:
        value = node.value
        if not isinstance(value, int | float) or isinstance(value, bool):
            is_draft_4 = isinstance(value, bool) and "exclusive" in node.place.key
            mend = "write the number itself here, in place of 'minimum' or 'maximum'" if is_draft_4 else ""
            self._problem(node, f"must be a number, not {node.kind()}", mend)
        else:
            self.check_finite(node)

    def check_positive(self, node: Node) -> None:
        before = len(self.problems)
        self.check_number(node)
        if len(self.problems) == before and node.value <= 0:
            self._problem(node, f"must be more than 0, not {node.value}")

    def check_pattern(self, node: Node) -> None:
        if not isinstance(node.value, str):
            self._problem(node, f"must be text, not {node.kind()}", "put it in quotes")
        else:
            self._is_pattern(node, node.value)

    def _is_pattern(self, node: Node, pattern: str) -> None:
        try:
            compiled(pattern)
        except ValueError as error:
            shown = pattern if len(pattern) <= 60 else pattern[:57] + "..."
            self._problem(node, f"RE2 cannot take the pattern '{shown}': {error}", _RE2)

    def check_text(self, node: Node) -> None:
        if not isinstance(node.value, str):
            self._problem(node, f"must be text, not {node.kind()}", "put it in quotes")


_VALUES: Final[Mapping[str, Callable[[_Reading, Node], None]]] = {
    "type": _Reading.check_type,
    "enum": _Reading.check_enum,
    "const": _Reading.check_finite,
    "required": _Reading.check_names,
    "dependentRequired": _Reading.check_names_by_name,
    "uniqueItems": _Reading.check_true_or_false,
    "pattern": _Reading.check_pattern,
    "format": _Reading.check_text,
    **dict.fromkeys(COUNTS, _Reading.check_count),
    **dict.fromkeys(NUMBERS, _Reading.check_number),
    "multipleOf": _Reading.check_positive,
}
# min_length, MinLength
_FOLDED: Final = {key.lower(): key for key in CHECKED}


def _in_place_of(key: str) -> str:
    """What to write in place of a keyword that is not checked."""
    if key in INSTEAD:
        return INSTEAD[key]
    written = _FOLDED.get(key.lower().replace("_", ""))
    if written:
        return f"write '{written}'"
    hint = did_you_mean(key, CHECKED | REMARKS, noun="checked are")
    return f"{hint}; a key of your own begins with '{OWN_PREFIX}'"


def _kind(node: Node) -> str:
    return "an empty list" if node.value == [] else node.kind()


def _mend_of_list(node: Node) -> str:
    is_items = node.place.key.endswith(".items") or node.place.key == "items"
    return "write 'prefixItems' for a list with a schema for each place" if node.is_list and is_items else ""


def _line_of(where: str) -> int:
    parts = where.split(":")
    return next((int(part) for part in parts[1:] if part.isdigit()), 0)
