"""YAML text into nodes that know their lines. Bounded: bombs, giants and binaries are refused.

Nodes are built from the parser's events, not from PyYAML's own tree: that is faster, and the C
composer crashes the process on deep nesting.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import yaml

from fms_dgt.core.node import Node, Place
from fms_dgt.core.yaml_syntax import MAX_DEPTH, TOO_DEEP, syntax_problem
from fms_dgt.errors import InputError, Problem
from fms_dgt.safety.permissions import current
from fms_dgt.safety.regular_file import NotRegular, open_regular

MAX_BYTES = 16 * 1024 * 1024
MAX_NODES = 1_000_000
# what Python reads and writes of a number; its time grows with the square of that
MAX_DIGITS = 4300
_MAX_BITS = 14_284
_MOST_REPEATED = 100

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
# dates and binary become Python objects that no JSON file can hold; people who write them mean text
_AS_TEXT = {f"{_TAG}{name}" for name in ("str", "timestamp", "binary", "merge", "value")}
_SCALAR_TAGS = _AS_TEXT | {f"{_TAG}{name}" for name in ("null", "bool", "int", "float")}
# YAML 1.1 wants a dot and a sign in a float; nobody who writes 1e-5 means text
_FLOAT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+|[-+]\.\d+")


def read_yaml(path: Path, *, shown: str | None = None) -> Node:
    """The file as a node tree; an empty file is an error. Raises InputError."""
    name = shown or str(path)
    return parse_yaml(read_text(path, name), name)


def parse_yaml(text: str, origin: str) -> Node:
    """YAML text as a node tree. Raises InputError."""
    repeated: list[Problem] = []
    try:
        root = _Reader(_Loader(text), origin, repeated).document()
    except yaml.YAMLError as error:
        raise InputError([*repeated, syntax_problem(error, text, origin)]) from error
    except UnicodeEncodeError as error:
        raise InputError([Problem("is not UTF-8 text", "save it as UTF-8", origin)]) from error
    except InputError as error:
        raise InputError([*repeated, *error.problems]) from error
    if repeated:
        raise InputError(repeated)
    if root is None:
        raise InputError([Problem("the file is empty", "write at least one key", origin)])
    return root


def read_text(path: Path, shown: str, *, noun: str = "a YAML file", limit: int = MAX_BYTES) -> str:
    """A text file's content. `shown` is its name and `noun` what it is, in problems. Raises InputError."""
    current().read(path, shown)
    try:
        with open_regular(path) as file:
            data = file.read(limit + 1)
            whole = os.fstat(file.fileno()).st_size
    except NotRegular as error:
        raise InputError([Problem(str(error), f"name {noun}", shown)]) from error
    except FileNotFoundError as error:
        raise InputError([Problem("there is no such file", "check the path", shown)]) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError([Problem(f"cannot be read: {why}", "check its permissions", shown)]) from error
    if len(data) > limit:
        size = max(whole, len(data)) / 1024 / 1024
        what = f"has {size:.0f} MB; {noun} may have {limit // 1024 // 1024} MB"
        raise InputError([Problem(what, "split it, or keep rows in a JSONL file", shown)])
    if b"\0" in data:
        raise InputError([Problem("is binary, not text", f"name {noun}", shown)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError([Problem("is not UTF-8 text", "save it as UTF-8", f"{shown}:{line}")]) from error


class _Reader:
    """Turns a parser's events into nodes, counting what aliases unfold.

    Keys that stand twice go into `repeated`; all else that is wrong ends the reading.
    """

    def __init__(self, loader: Any, origin: str, repeated: list[Problem]) -> None:
        self._loader = loader
        self._origin = origin
        self._repeated = repeated
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._open: list[str | None] = []
        self._merged = 0

    def document(self) -> Node | None:
        """The only document; None where there is nothing in it."""
        self._loader.get_event()
        event = self._loader.get_event()
        if isinstance(event, yaml.StreamEndEvent):
            return None
        first = self._loader.get_event()
        root, _ = self._value(first, Place(self._origin, _line(first)))
        self._loader.get_event()
        event = self._loader.get_event()
        if not isinstance(event, yaml.StreamEndEvent):
            mend = "keep one, and remove the line '---'"
            raise self._error("a second YAML document begins", mend, _line(event))
        return None if root.value is None else root

    def _value(self, event: Any, place: Place) -> tuple[Node, int]:
        """A value and how many nodes it unfolds to."""
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.ScalarEvent):
            result = Node(self._scalar(event, place), place), 1
        else:
            result = self._collection(event, place)
        if event.anchor is not None:
            self._anchors[event.anchor] = result
        return result

    def _check_weight(self, weight: int) -> None:
        if weight > MAX_NODES:
            what = f"unfolds to more than {MAX_NODES:,} values"
            raise self._error(what, "use fewer aliases, or keep rows in a JSONL file")

    def _alias(self, event: Any) -> tuple[Node, int]:
        if event.anchor in self._open:
            raise self._error(f"'*{event.anchor}' refers to itself", "remove it", _line(event))
        if event.anchor not in self._anchors:
            what = f"'*{event.anchor}' refers to nothing"
            mend = f"write '&{event.anchor}' before it, or put it in quotes"
            raise self._error(what, mend, _line(event))
        return self._anchors[event.anchor]

    def _collection(self, event: Any, place: Place) -> tuple[Node, int]:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", f"{_TAG}map" if is_mapping else f"{_TAG}seq"):
            raise self._unknown_tag(event)
        self._open.append(event.anchor)
        if len(self._open) > MAX_DEPTH:
            raise self._error(*TOO_DEEP, _line(event))
        result = self._mapping(place) if is_mapping else self._sequence(place)
        self._open.pop()
        return result

    def _sequence(self, place: Place) -> tuple[Node, int]:
        items: list[Node] = []
        weight = 1
        while not isinstance(event := self._loader.get_event(), yaml.SequenceEndEvent):
            child, size = self._value(event, place.child(len(items), _line(event)))
            items.append(child)
            weight += size
            self._check_weight(weight)
        return Node(items, place), weight

    def _mapping(self, place: Place) -> tuple[Node, int]:
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        weight = 1
        while not isinstance(event := self._loader.get_event(), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                mend = "write it as text; put a value that begins with '{' or '[' in quotes"
                raise self._error("a key must be text", mend, line)
            key = event.value
            if key in own:
                what = f"duplicate key '{key}'"
                self._repeated.append(Problem(what, "remove one", f"{self._origin}:{line}"))
                if len(self._repeated) == _MOST_REPEATED:
                    raise InputError([])
            child, size = self._value(self._loader.get_event(), place.child(key, line))
            weight += size
            self._check_weight(weight)
            if key == "<<" and event.implicit[0]:
                merged = {**self._merge_key(child, line), **merged}
                # a merge copies, and what is copied may itself be merged of others
                self._merged += len(merged)
                self._check_weight(self._merged)
            else:
                own[key] = child
        return Node({**merged, **own}, place), weight

    def _merge_key(self, child: Node, line: int) -> dict[str, Node]:
        sources = child.value if child.is_list else [child]
        if not all(source.is_mapping for source in sources):
            raise self._error("'<<' must name a mapping", "write '<<: *name'", line)
        result: dict[str, Node] = {}
        for source in reversed(sources):
            result.update(source.value)
        return result

    def _scalar(self, event: Any, place: Place) -> Any:
        text = event.value
        if event.implicit[0]:
            tag = self._loader.resolve(yaml.ScalarNode, text, (True, False))
        elif event.tag in (None, "!", f"{_TAG}str"):
            return text
        else:
            tag = event.tag
        if tag not in _SCALAR_TAGS:
            raise self._unknown_tag(event)
        if tag in _AS_TEXT or ":" in text:  # 12:30 is not a number in base 60
            return float(text) if _FLOAT.fullmatch(text) else text
        return self._converted(tag, text, place)

    def _converted(self, tag: str, text: str, place: Place) -> Any:
        if tag == f"{_TAG}int" and len(text) > MAX_DIGITS:
            raise _no_number(place)
        try:
            construct = yaml.SafeLoader.yaml_constructors[tag]
            value = construct(self._loader, yaml.ScalarNode(tag, text))
        except (ValueError, OverflowError, KeyError) as error:
            raise _no_number(place) from error
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            raise _no_number(place)
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError([Problem(f"is {text}, which JSON cannot hold", "put it in quotes", str(place))])
        return value

    def _unknown_tag(self, event: Any) -> InputError:
        shown = event.tag.replace(_TAG, "!!")
        what = f"the tag '{shown}' is not known"
        return self._error(what, "remove it; tags run no code here", _line(event))

    def _error(self, what: str, mend: str, line: int | None = None) -> InputError:
        return InputError([Problem(what, mend, f"{self._origin}:{line}" if line else self._origin)])


def _no_number(place: Place) -> InputError:
    return InputError([Problem("cannot be read as a number", "put it in quotes", str(place))])


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
