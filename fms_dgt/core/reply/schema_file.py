"""The schema of a `json` reply, where a file or a class has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fms_dgt.core.json_schema.equal import size_of
from fms_dgt.core.json_schema.read import MOST_VALUES, too_large
from fms_dgt.core.json_schema.source import is_class, schema_from
from fms_dgt.core.node import Node, Place
from fms_dgt.core.strict_json import loads
from fms_dgt.core.yaml_file import parse_yaml, read_text, read_yaml
from fms_dgt.errors import InputError, Problem

SUFFIXES = (".json", ".yaml", ".yml")
_HOW = "write the schema below 'json:', or the name of a file: 'json: person.json'"


def json_schema_node(node: Node, problems: list[Problem]) -> Node | None:
    """The schema that `node` is, or that the file or class has which it names; None where there is none."""
    if isinstance(node.value, str):
        return _of_file(node, problems)
    if is_class(node.value):
        try:
            return Node.of(schema_from(node.value), node.place)
        except ValueError as error:
            problems.append(node.problem(str(error)))
            return None
    if node.is_mapping:
        return node
    problems.append(node.problem(f"must be a JSON schema, not {node.kind()}", _HOW))
    return None


def with_schema(reply: Node, problems: list[Problem]) -> Node:
    """A template's `reply` with the schema itself in place of a file's name, to be read elsewhere."""
    named = reply.get("json")
    if named is None or not isinstance(named.value, str):
        return reply
    schema = json_schema_node(named, problems)
    return reply if schema is None else reply.with_(json=schema)


def plain_reply(reply: Any) -> Any:
    """A `reply` that a program gives, as a template's file would have it. Raises ValueError."""
    if is_class(reply):
        reply = {"json": reply}
    schema = reply.get("json") if isinstance(reply, Mapping) else None
    if is_class(schema):
        return {**reply, "json": schema_from(schema)}
    if isinstance(schema, Path):
        return {**reply, "json": str(schema)}
    return reply


def _of_file(node: Node, problems: list[Problem]) -> Node | None:
    text = str(node.value)
    if not text.endswith(SUFFIXES):
        problems.append(node.problem("must be a JSON schema, not text", _HOW))
        return None
    named = Path(text).expanduser()
    places = (Path(node.place.origin).parent / named, named)
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        what, mend = (
            f"there is no schema file '{text}'",
            "write its path from here, or from the working folder",
        )
        problems.append(node.problem(what, mend))
        return None
    try:
        return _read(path)
    except InputError as error:
        problems.extend(error.problems)
        return None


def _read(path: Path) -> Node:
    if path.suffix != ".json":
        return read_yaml(path)
    text = read_text(path, str(path), noun="a JSON schema")
    try:
        value = loads(text)
    except json.JSONDecodeError as error:
        problem = Problem(f"is not JSON: {error.msg}", "correct it", str(Place(str(path), error.lineno)))
        raise InputError([problem]) from error
    except (ValueError, RecursionError) as error:
        what = "is nested too deeply" if isinstance(error, RecursionError) else f"is not JSON: {error}"
        raise InputError([Problem(what, "correct it", str(path))]) from error
    if size_of(value, MOST_VALUES + 1) > MOST_VALUES:
        raise InputError([too_large(str(path))])
    try:
        return _with_lines(text, value, str(path))
    except RecursionError as error:
        raise InputError([Problem("is nested too deeply", "use '$ref'", str(path))]) from error


def _with_lines(text: str, value: Any, origin: str) -> Node:
    """The value with the line of each part, where the text reads the same as YAML, as most JSON does."""
    try:
        node = parse_yaml(text, origin)
    except InputError:
        return Node.of(value, origin)
    return node if node.plain() == value else Node.of(value, origin)
