"""Which templates are sure to take time and memory in proportion to the values they are filled with.

A template passes by what it is made of: text, columns, conditions, loops, and filters whose result is about
as long as what they are given. Everything else (calculations, macros, ...) may still be harmless, but that
cannot be seen from its text. How often loops go round is not looked at: `with_ticks` lets whoever fills a
template in stop it between any two statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jinja2 import nodes

_MOST_NODES = 20_000
# what an expression may grow: one step that multiplies a text, or a few that add one to another
_MOST_GROWTH = 8
_MULTIPLIES = 5
# a list as text is a few times as long as what is in it
_WRITES = 3
# of the values that variables and loops keep, all together
_MOST_KEPT = 24
# operations between two statements, and what the condition of a loop is made of
_MOST_STEPS, _MOST_IN_CONDITION = 100, 20
# of the constants that a filter is given
_LONGEST, _HIGHEST, _HIGHEST_CUT, _HIGHEST_INDENT = 16, 16, 1_000_000, 4

_TO_TEXT = {"trim", "upper", "lower", "title", "capitalize", "string"}
_ON_EACH = {*_TO_TEXT, "length", "int", "float", "abs", "first"}
_APPLYING = {"map", "select", "reject", "selectattr", "rejectattr"}
_SAME_SIZE = {
    *("last", "round", "list", "sort", "unique", "reverse", "wordcount", "min", "max", "items", "dictsort"),
    *("truncate", "default", "d", "length", "count", "first", *_ON_EACH, *_APPLYING),
}
# what is `safe` makes whatever is added to it longer, by escaping it
_LARGER = {"join", "tojson", "escape", "e", "safe", "replace", "indent"}
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
_METHODS = {
    *("strip", "lstrip", "rstrip", "upper", "lower", "title", "capitalize", "splitlines", "split"),
    *("startswith", "endswith", "items", "keys", "values", "get"),
}
_TEXT_METHODS = {"strip", "lstrip", "rstrip", "upper", "lower", "title", "capitalize", "join", "replace"}


class _NotSure(Exception):
    """The template may be harmless, but its text does not show it."""


def is_bounded(template: nodes.Template) -> bool:
    """Whether each of its statements takes no more than a multiple of the values' size.

    How many statements are carried out, and what they write, has to be counted meanwhile.
    """
    try:
        if _count(template) > _MOST_NODES:
            return False
        _Checker().body(template.body)
    except (_NotSure, RecursionError):
        return False
    return True


def with_ticks(template: nodes.Template) -> nodes.Template:
    """The template (changed) with an empty text written before each statement of each body."""
    for node in [template, *template.find_all((nodes.If, nodes.For))]:
        for name in ("body", "else_"):
            statements = getattr(node, name, None)
            if statements:
                setattr(
                    node, name, [part for statement in statements for part in (_tick(statement), statement)]
                )
    return template


def _tick(before: nodes.Node) -> nodes.Output:
    return nodes.Output([nodes.TemplateData("")], lineno=before.lineno)


def _count(node: nodes.Node, kind: type[nodes.Node] | tuple[type[nodes.Node], ...] = nodes.Node) -> int:
    return isinstance(node, kind) + sum(1 for _ in node.find_all(kind))


class _Checker:
    """Checks statements in the order in which they are carried out."""

    def __init__(self) -> None:
        # how much what a name stands for may be longer than the values, at most
        self._grown: dict[str, int] = {}
        self._kept = 0

    def body(self, statements: Iterable[nodes.Node]) -> None:
        """Check statements. Raises _NotSure."""
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                self._expressions(part)
        elif isinstance(node, nodes.If):
            self._expressions(node.test, *(other.test for other in node.elif_))
            for body in (node.body, *(other.body for other in node.elif_), node.else_):
                self.body(body)
        elif isinstance(node, nodes.For):
            self._loop(node)
        elif isinstance(node, nodes.Assign):
            self._keep(node.target, self._expressions(node.node), node.node)
        else:
            raise _NotSure

    def _loop(self, node: nodes.For) -> None:
        if node.recursive:
            raise _NotSure
        numbers = _of_range(node.iter)
        grown = self._expressions(*(numbers or [node.iter]))
        self._keep(node.target, grown, node.iter)
        self._grown["loop"] = max(grown, self._grown.get("loop", 0))
        if node.test is not None:
            # no statement is between its evaluations
            _check_condition(node.test)
        self.body(node.body)
        self.body(node.else_)

    def _keep(self, target: nodes.Node, grown: int, value: nodes.Node) -> None:
        for name in _names(target):
            self._grown[name] = max(grown, self._grown.get(name, 0))
        if _count(value, _STEPS):
            self._kept += 1 + grown
        if self._kept > _MOST_KEPT:
            raise _NotSure

    def _expressions(self, *expressions: nodes.Node) -> int:
        """How much they may grow. Raises _NotSure where that, or the work, is too much."""
        growth = max(map(self._growth, expressions))
        if growth > _MOST_GROWTH or sum(_count(node, _STEPS) for node in expressions) > _MOST_STEPS:
            raise _NotSure
        return growth

    def _growth(self, node: nodes.Node) -> int:
        """How much an expression's value may be longer than the values. Raises _NotSure."""
        if isinstance(node, nodes.Name):
            return self._grown.get(node.name, 0)
        if isinstance(node, nodes.Const | nodes.TemplateData):
            return 0
        if isinstance(node, nodes.Filter):
            return self._filter(node)
        if isinstance(node, nodes.Call):
            return self._method(node)
        if isinstance(node, nodes.Test) and (node.name not in _TESTS or node.dyn_args or node.dyn_kwargs):
            raise _NotSure
        if not isinstance(node, _TRANSPARENT):
            raise _NotSure
        inside = sum(map(self._growth, node.iter_child_nodes()))
        if isinstance(node, nodes.Concat | nodes.Add):
            parts = list(node.iter_child_nodes())
            lists = isinstance(node, nodes.Concat) and not all(map(_is_text, parts))
            return inside + len(parts) - 1 + (_WRITES if lists else 0)
        if isinstance(node, nodes.List | nodes.Tuple | nodes.Dict):
            # each may be the same value again
            return inside + sum(not _is_constant(part) for part in node.items)
        return inside

    def _filter(self, node: nodes.Filter) -> int:
        name, given = node.name, _given(node)
        if node.node is None or node.dyn_args or node.dyn_kwargs or name not in _SAME_SIZE | _LARGER:
            raise _NotSure
        inside = self._growth(node.node)
        if name in ("default", "d"):
            return inside + sum(map(self._growth, given))
        highest = {"truncate": _HIGHEST_CUT, "tojson": _HIGHEST_INDENT}.get(name, _HIGHEST)
        if not all(_is_small(value, highest) for value in given):
            raise _NotSure
        if name in _APPLYING:
            return inside + _applied(node)
        if name in _TO_TEXT and not _is_text(node.node):
            return inside + _WRITES
        return inside + (_MULTIPLIES if name in _LARGER else 0)

    def _method(self, node: nodes.Call) -> int:
        called = node.node
        if not isinstance(called, nodes.Getattr) or node.dyn_args or node.dyn_kwargs or node.kwargs:
            raise _NotSure
        if called.attr == "get":
            return self._growth(called.node) + sum(map(self._growth, node.args))
        if called.attr == "join" and _is_small(called.node, 0) and len(node.args) == 1:
            return self._growth(node.args[0]) + _MULTIPLIES
        known = called.attr in _METHODS or called.attr == "replace"
        if not known or not all(_is_small(value, _HIGHEST) for value in node.args):
            raise _NotSure
        return self._growth(called.node) + (_MULTIPLIES if called.attr == "replace" else 0)


# what may take time in proportion to a value, or makes another
_STEPS = (
    *(nodes.Filter, nodes.Call, nodes.Test, nodes.Compare, nodes.Slice, nodes.Concat, nodes.BinExpr),
    *(nodes.List, nodes.Tuple, nodes.Dict),
)
_TRANSPARENT = (
    *(nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Not),
    *(nodes.And, nodes.Or, nodes.CondExpr, nodes.Sub, nodes.Neg, nodes.Pos, nodes.Concat, nodes.Add),
    *(nodes.Test, nodes.Compare, nodes.Operand),
)
_IN_CONDITION = (
    *(nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Not, nodes.And, nodes.Or),
    *(nodes.Compare, nodes.Operand, nodes.List, nodes.Tuple),
)


def _check_condition(node: nodes.Node) -> None:
    """The condition of a loop: nothing but parts of the entry and constants, and comparing them."""
    parts = [node, *node.find_all(nodes.Node)]
    if len(parts) > _MOST_IN_CONDITION or not all(isinstance(part, _IN_CONDITION) for part in parts):
        raise _NotSure
    for part in parts:
        if isinstance(part, nodes.List | nodes.Tuple) and not _is_constant(part):
            raise _NotSure
        if isinstance(part, nodes.Compare):
            ops = [operand.op for operand in part.ops]
            sides = [part.expr, *(operand.expr for operand in part.ops)]
            searched = sides[1:] if "in" in ops or "notin" in ops else sides
            if sum(not _is_constant(side) for side in sides) > 1 or not any(map(_is_constant, searched)):
                raise _NotSure


def _is_constant(node: nodes.Node) -> bool:
    return all(isinstance(part, _CONSTANT) for part in (node, *node.find_all(nodes.Node)))


_CONSTANT = (nodes.Const, nodes.TemplateData, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair)


def _is_text(node: nodes.Node) -> bool:
    """Whether it is text, or fails: writing it does not make it longer."""
    if isinstance(node, nodes.Filter):
        return node.name in _TO_TEXT | _LARGER
    if isinstance(node, nodes.Call):
        return isinstance(node.node, nodes.Getattr) and node.node.attr in _TEXT_METHODS
    return isinstance(node, nodes.Concat | nodes.Const | nodes.TemplateData)


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


def _applied(node: nodes.Filter) -> int:
    """How much `map('upper')`, `select('defined')` and the like add; what they apply must be known, too."""
    by_attribute = node.name in ("selectattr", "rejectattr")
    applied = [value.as_const() for value in node.args][1 if by_attribute else 0 :]
    known = _ON_EACH if node.name == "map" else _TESTS
    if applied and (applied[0] not in known or (node.name == "map" and len(applied) > 1)):
        raise _NotSure
    if node.name == "map" and not applied and not any(keyword.key == "attribute" for keyword in node.kwargs):
        raise _NotSure
    return _WRITES if node.name == "map" and applied and applied[0] in _TO_TEXT else 0
