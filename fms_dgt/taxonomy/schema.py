"""InstructLab's own schemas, from the package `instructlab-schema`, where that is installed.

Its verdict counts: what our rules let pass and the schema does not is an error all the same.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import yaml

from fms_dgt.core.node import Node
from fms_dgt.errors import SetupError
from fms_dgt.taxonomy.finding import Finding
from fms_dgt.taxonomy.layout import Kind

# the schema compares every seed example with every other
MAX_VALUES = 20_000
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def is_installed() -> bool:
    """Whether the schemas can be asked."""
    try:
        return importlib.util.find_spec("instructlab.schema") is not None
    except ModuleNotFoundError:
        return False


def require() -> None:
    """Raises SetupError where the schemas are not installed."""
    if not is_installed():
        raise SetupError(
            "the package 'instructlab-schema' is missing, and --strict asks for its verdict; "
            "pip install 'fms-dgt[taxonomy]'"
        )


def schema_faults(text: str, root: Node, kind: Kind, version: int) -> list[Finding]:
    """What the schema has against a file that our rules let pass."""
    if not is_installed() or _is_large(root):
        return []
    try:
        said = yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe loader)
        errors = list(_validator(kind, version).iter_errors(said))
    except Exception as error:  # noqa: BLE001 (whatever InstructLab's reader would stumble over)
        detail = " ".join(str(error).split())[:200]
        what = f"InstructLab cannot read it: {detail}"
        return [Finding.at(root, "error", "schema", what, "put the value in quotes")]
    return [_finding(error, root) for error in errors]


def _finding(error: Any, root: Node) -> Finding:
    node = _node_at(root, error.absolute_path)
    if error.validator == "type" and isinstance(node.value, str):
        what = f"InstructLab reads it as {_as_read(error.instance)}, not as text"
        return Finding.at(node, "error", "schema", what, "put it in quotes")
    what = f"InstructLab's schema refuses it: {error.message[:200]}"
    return Finding.at(node, "error", "schema", what)


def _as_read(value: Any) -> str:
    if isinstance(value, int | float):
        return f"the number {value}"
    return "bytes" if isinstance(value, bytes) else f"the date {value}"


def _node_at(root: Node, path: Iterable[str | int]) -> Node:
    node = root
    for step in path:
        try:
            node = node.value[step]
        except (LookupError, TypeError):
            break
    return node


def _is_large(root: Node) -> bool:
    left = MAX_VALUES
    waiting = [root]
    while waiting and left > 0:
        node = waiting.pop()
        left -= 1
        if node.is_mapping:
            waiting.extend(node.value.values())
        elif node.is_list:
            waiting.extend(node.value[: left + 1])
    return left <= 0


@cache
def _validator(kind: Kind, version: int) -> Any:
    from instructlab.schema import schema_base  # noqa: PLC0415 (an extra)
    from jsonschema.validators import validator_for  # noqa: PLC0415
    from referencing import Registry, Resource  # noqa: PLC0415
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415

    def load(name: str) -> Any:
        text = schema_base().joinpath(f"v{version}", name).read_text(encoding="utf-8")
        return Resource.from_contents(json.loads(text), default_specification=DRAFT202012)

    schema = load("knowledge.json" if kind == "knowledge" else "compositional_skills.json").contents
    # what a schema refers to stands beside it, and is looked up once
    registry: Any = Registry(retrieve=cache(load)).with_resource("./version.json", load("version.json"))  # type: ignore[call-arg]
    return validator_for(schema)(schema, registry=registry.crawl())
