"""Which templates are sure to take time and memory in proportion to the values they are filled with.

A template passes by what it is made of: text, columns, conditions, loops over columns, and filters whose
result is about as long as what they are given. Everything else (calculations, loops inside loops over other
columns, macros, ...) may still be harmless, but that cannot be seen from its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from jinja2 import nodes

_MOST_NODES, _MOST_IN_LOOPS = 20_000, 500
# what an expression may grow: one step that multiplies a text, or a few that add one to another
_MOST_GROWTH = 8
_MULTIPLIES = 5
# of the constants that a filter is given
_LONGEST, _HIGHEST, _HIGHEST_CUT = 16, 16, 1_000_000

_CHEAP = {"default", "d", "length", "count", "first", "safe"}
_ON_EACH = {
    "trim",
    "upper",
    "lower",
    "title",
    "capitalize",
    "length",
    "string",
    "int",
    "float",
    "abs",
    "first",
}
_APPLYING = {"map", "select", "reject", "selectattr", "rejectattr"}
_SAME_SIZE = {
    *("last", "round", "list", "sort", "unique", "reverse", "wordcount", "min", "max", "items", "dictsort"),
    *("truncate", *_CHEAP, *_ON_EACH, *_APPLYING),
}
_LARGER = {"join", "tojson", "escape", "e", "replace", "indent"}
_COMPARING = {
    *(
        "equalto",
        "eq",
        "==",
        "ne",
        "!=",
        "gt",
        ">",
        "greaterthan",
        "lt",
        "<",
        "lessthan",
        "ge",
        ">=",
        "le",
        "<=",
    ),
}
_TESTS = {
    *("defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "true", "false"),
    *("mapping", "sequence", "iterable", "odd", "even", "lower", "upper", "sameas", *_COMPARING),
}
_CHEAP_METHODS = {"items", "keys", "values", "get"}
_METHODS = {
    *("strip", "lstrip", "rstrip", "upper", "lower", "title", "capitalize", "splitlines", "split"),
    *("startswith", "endswith", *_CHEAP_METHODS),
}
_LARGER_METHODS = {"join", "replace"}


class _NotSure(Exception):
    """The template may be harmless, but its text does not show it."""


def is_bounded(template: nodes.Template) -> bool:
    """Whether filling it in takes no more than a multiple of its values' size, output aside.

    What it writes has to be counted while it is written: a loop may repeat a long value.
    """
    try:
        if _count(template) > _MOST_NODES or sum(map(_count, _outer_loops(template))) > _MOST_IN_LOOPS:
            return False
        _Checker(None).body(template.body)
    except (_NotSure, RecursionError):
        return False
    return True


def _count(node: nodes.Node) -> int:
    return 1 + sum(1 for _ in node.find_all(nodes.Node))


def _outer_loops(node: nodes.Node) -> Iterator[nodes.For]:
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.For):
            yield child
        else:
            yield from _outer_loops(child)


class _Checker:
    """Checks statements at one depth of loops: `entry` has the names that the innermost loop sets.

    Outside of loops an expression is evaluated once. In one, work may only be done on the entry itself, so
    that all rounds together go through the values once.
    """

    def __init__(self, entry: frozenset[str] | None) -> None:
        self._entry = entry

    def body(self, statements: Iterable[nodes.Node]) -> None:
        """Check statements. Raises _NotSure."""
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                self._expression(part)
        elif isinstance(node, nodes.If):
            self._expression(node.test)
            for body in (node.body, node.elif_, node.else_):
                self.body(body)
        elif isinstance(node, nodes.For):
            self._loop(node)
        elif isinstance(node, nodes.Assign):
            self._assignment(node)
        else:
            raise _NotSure

    def _loop(self, node: nodes.For) -> None:
        numbers = _of_range(node.iter)
        if node.recursive or (self._entry is not None and (numbers or not self._is_of_entry(node.iter))):
            raise _NotSure
        for expression in numbers or (node.iter,):
            self._without_growth(expression)
        inside = _Checker(_names(node.target) | {"loop"})
        if node.test is not None:
            inside._expression(node.test)
        inside.body(node.body)
        self.body(node.else_)

    def _assignment(self, node: nodes.Assign) -> None:
        if self._entry is not None and _names(node.target) & self._entry:
            # the name would stand for something else than the loop's entry
            raise _NotSure
        _names(node.target)
        self._without_growth(node.node)

    def _without_growth(self, node: nodes.Node) -> None:
        if self._growth(node):
            raise _NotSure

    def _expression(self, node: nodes.Node) -> None:
        if self._growth(node) > _MOST_GROWTH:
            raise _NotSure

    def _growth(self, node: nodes.Node) -> int:
        """How much an expression's value may be longer than what is in it. Raises _NotSure."""
        if isinstance(node, nodes.Name | nodes.Const | nodes.TemplateData):
            return 0
        if isinstance(node, nodes.Filter):
            return self._filter(node)
        if isinstance(node, nodes.Call):
            return self._method(node)
        if isinstance(node, nodes.Test):
            return self._test(node)
        if isinstance(node, nodes.Compare):
            return self._comparison(node)
        if isinstance(node, nodes.Concat | nodes.Add):
            parts = list(node.iter_child_nodes())
            self._works_on(*parts)
            return sum(map(self._growth, parts)) + len(parts) - 1
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
            self._works_on(node.node)
        elif not isinstance(node, _TRANSPARENT):
            raise _NotSure
        return sum(map(self._growth, node.iter_child_nodes()))

    def _filter(self, node: nodes.Filter) -> int:
        name = node.name
        if node.node is None or node.dyn_args or node.dyn_kwargs or name not in _SAME_SIZE | _LARGER:
            raise _NotSure
        if name not in _CHEAP:
            self._works_on(node.node)
        if name in ("default", "d"):
            return self._growth(node.node) + sum(map(self._growth, _given(node)))
        if not all(
            _is_small(value, _HIGHEST_CUT if name == "truncate" else _HIGHEST) for value in _given(node)
        ):
            raise _NotSure
        if name in _APPLYING:
            _check_applied(node)
        return self._growth(node.node) + (_MULTIPLIES if name in _LARGER else 0)

    def _method(self, node: nodes.Call) -> int:
        called = node.node
        if not isinstance(called, nodes.Getattr) or node.dyn_args or node.dyn_kwargs or node.kwargs:
            raise _NotSure
        if called.attr == "get":
            return self._growth(called.node) + sum(map(self._growth, node.args))
        if called.attr == "join" and _is_small(called.node, 0) and len(node.args) == 1:
            self._works_on(*node.args)
            return self._growth(node.args[0]) + _MULTIPLIES
        known = called.attr in _METHODS or called.attr == "replace"
        if not known or not all(_is_small(value, _HIGHEST) for value in node.args):
            raise _NotSure
        if called.attr not in _CHEAP_METHODS:
            self._works_on(called.node)
        return self._growth(called.node) + (_MULTIPLIES if called.attr in _LARGER_METHODS else 0)

    def _test(self, node: nodes.Test) -> int:
        if node.name not in _TESTS or node.dyn_args or node.dyn_kwargs:
            raise _NotSure
        given = _given(node)
        if node.name in ("lower", "upper") or not all(isinstance(value, nodes.Const) for value in given):
            self._works_on(node.node)
        return self._growth(node.node) + sum(map(self._growth, given))

    def _comparison(self, node: nodes.Compare) -> int:
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        if any(operand.op in ("in", "notin") for operand in node.ops):
            self._works_on(*sides)
        elif not any(self._is_of_entry(side) for side in sides):
            # as long as the shorter one takes, which is the entry or a constant otherwise
            self._works_on(*sides[1:])
        return sum(map(self._growth, sides))

    def _works_on(self, *expressions: nodes.Node) -> None:
        if self._entry is not None and not all(map(self._is_of_entry, expressions)):
            raise _NotSure

    def _is_of_entry(self, node: nodes.Node) -> bool:
        """Whether it is part of the innermost loop's entry, or a constant."""
        if self._entry is None:
            return True
        if isinstance(node, nodes.Name):
            return node.name in self._entry
        if isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Filter):
            return node.node is not None and self._is_of_entry(node.node)
        if isinstance(node, nodes.Call):
            return all(map(self._is_of_entry, (node.node, *node.args)))
        if isinstance(node, nodes.Tuple | nodes.List | nodes.Concat | nodes.Add):
            return all(map(self._is_of_entry, node.iter_child_nodes()))
        return isinstance(node, nodes.Const)


_TRANSPARENT = (
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.Tuple,
    nodes.List,
    nodes.Dict,
    nodes.Pair,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.CondExpr,
    nodes.Sub,
    nodes.Neg,
    nodes.Pos,
)


def _names(target: nodes.Node) -> frozenset[str]:
    """The names that a loop or an assignment sets."""
    if isinstance(target, nodes.Name):
        return frozenset([target.name])
    if isinstance(target, nodes.Tuple):
        return frozenset().union(*map(_names, target.items))
    raise _NotSure


def _of_range(node: nodes.Node) -> Sequence[nodes.Node]:
    """The arguments of a call of `range`, which Jinja's sandbox bounds; else none."""
    if not isinstance(node, nodes.Call) or node.kwargs or node.dyn_args or node.dyn_kwargs:
        return []
    return node.args if isinstance(node.node, nodes.Name) and node.node.name == "range" else []


def _given(node: nodes.Filter | nodes.Test) -> list[nodes.Node]:
    return [*node.args, *(keyword.value for keyword in node.kwargs)]


def _is_small(node: nodes.Node, highest: int) -> bool:
    """Whether it is a short constant: text, a small number, a switch."""
    if not isinstance(node, nodes.Const):
        return False
    value = node.value
    if isinstance(value, str):
        return len(value) <= _LONGEST
    return value is None or (isinstance(value, bool | int) and 0 <= value <= highest)


def _check_applied(node: nodes.Filter) -> None:
    """`map('upper')`, `select('defined')` and the like: what they apply must be known, too."""
    by_attribute = node.name in ("selectattr", "rejectattr")
    applied = [value.as_const() for value in node.args][1 if by_attribute else 0 :]
    known = _ON_EACH if node.name == "map" else _TESTS
    if applied and (applied[0] not in known or (node.name == "map" and len(applied) > 1)):
        raise _NotSure
    if node.name == "map" and not applied and not any(keyword.key == "attribute" for keyword in node.kwargs):
        raise _NotSure
