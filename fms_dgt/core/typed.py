"""Data of unknown shape into a dataclass: unknown keys, wrong types and ranges are all reported.

The dataclass is the whole contract. A field's type says what is accepted, its default whether it may
be left out, and `field(metadata=...)` the rest: `option()` writes that metadata.
"""

from __future__ import annotations

import dataclasses
import math
import re
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from fms_dgt.core.node import Expanded, Node
from fms_dgt.errors import Problem, did_you_mean

T = TypeVar("T")
_URL = re.compile(r"\w[\w+.-]*://\S+$")
_USER = re.compile(r"(?<=://)[^/@\s]*@")
_QUERY = re.compile(r"\?\S*$")
_WRITE = "write it out, or remove the key"
_ANY = object()


def option(
    default: Any = dataclasses.MISSING,
    *,
    default_factory: Any = dataclasses.MISSING,
    low: float | None = None,
    high: float | None = None,
    shapes: bool = True,
    secret: bool = False,
    nonempty: bool = False,
    path: bool = False,
    aliases: Sequence[str] = (),
    help: str = "",  # noqa: A002 (reads well where it is used)
) -> Any:
    """A dataclass field with what its type cannot say.

    `low` and `high` bound numbers; `shapes=False` keeps the field out of every fingerprint (it does
    not change what is made); `secret=True` keeps its value out of everything that is written;
    `nonempty=True` refuses blank text and empty lists; `path=True` says that text is a path, as the type
    `Path` does; `aliases` are other names it may be given by.
    """
    metadata = {
        "low": low,
        "high": high,
        "shapes": shapes and not secret,
        "secret": secret,
        "nonempty": nonempty,
        "path": path,
        "aliases": tuple(aliases),
        "help": help,
    }
    if default_factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=default_factory, metadata=metadata, repr=not secret)
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)


def decode(cls: type[T], node: Node, problems: list[Problem]) -> T | None:
    """An instance of the dataclass `cls`; None, and entries in `problems`, where `node` does not fit."""
    if not node.is_mapping:
        problems.append(node.problem(f"must be a mapping, not {node.kind()}"))
        return None
    fields = _fields(cls)
    before = len(problems)
    values: dict[str, Any] = {}
    for key, child in node.items():
        name = _name_of(key, fields)
        if name is None:
            mend = did_you_mean(key, fields, noun="known keys")
            problems.append(child.problem(f"unknown key '{key}'", mend))
        elif name in values:
            problems.append(child.problem(f"says '{name}' a second time", "remove one of the two"))
        else:
            values[name] = _value(fields[name], child, problems)
    for name, spec in fields.items():
        if name not in values and spec.required:
            problems.append(node.problem(f"the key '{name}' is missing", spec.help or f"add '{name}: ...'"))
    if len(problems) > before:
        return None
    try:
        return cls(**values)
    except ValueError as error:
        # a dataclass's own __post_init__ has the last word
        problems.append(node.problem(str(error)))
        return None


def encode(instance: Any, *, secrets: bool = False, shaping_only: bool = False) -> dict[str, Any]:
    """The fields of a dataclass as JSON values, without secrets unless asked for."""
    result: dict[str, Any] = {}
    for spec in dataclasses.fields(instance):
        if spec.metadata.get("secret") and not secrets:
            continue
        if shaping_only and not spec.metadata.get("shapes", True):
            continue
        result[spec.name] = _plain(getattr(instance, spec.name), secrets, shaping_only)
    return result


def _plain(value: Any, secrets: bool, shaping_only: bool) -> Any:
    if hasattr(type(value), "from_node"):
        # something not made yet (a GeneratorSpec): its options may hold secrets nobody has marked
        return getattr(value, "type", None)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return encode(value, secrets=secrets, shaping_only=shaping_only)
    if isinstance(value, Mapping):
        return {str(k): _plain(v, secrets, shaping_only) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v, secrets, shaping_only) for v in value]
    if isinstance(value, Path):
        return str(value)
    return without_credentials(value) if isinstance(value, str) and not secrets else value


def without_credentials(text: str) -> str:
    """A URL without its user, password and query, where secrets may stand; other text as it is."""
    return _QUERY.sub("?...", _USER.sub("", text)) if _URL.match(text) else text


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    type: Any
    required: bool
    low: float | None
    high: float | None
    nonempty: bool
    aliases: tuple[str, ...]
    help: str
    secret: bool
    path: bool
    keeps_nodes: bool


_known_fields: dict[Any, dict[str, _Field]] = {}


def _fields(cls: Any) -> dict[str, _Field]:
    if cls in _known_fields:
        return _known_fields[cls]
    hints = typing.get_type_hints(cls)
    result = _known_fields[cls] = {}
    for spec in dataclasses.fields(cls):
        if not spec.init or spec.name.startswith("_"):
            continue
        meta = spec.metadata
        required = spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING
        result[spec.name] = _Field(
            hints[spec.name],
            required,
            meta.get("low"),
            meta.get("high"),
            meta.get("nonempty", False),
            meta.get("aliases", ()),
            meta.get("help", ""),
            meta.get("secret", False),
            meta.get("path", False),
            _keeps_nodes(hints[spec.name]),
        )
    return result


def field_names(cls: type) -> list[str]:
    """The names by which a dataclass's fields may be given, aliases included."""
    fields = _fields(cls)
    return [*fields, *(alias for spec in fields.values() for alias in spec.aliases)]


def path_fields(cls: type) -> Mapping[str, tuple[Any, bool]]:
    """The type of each name of a field, aliases included, and whether `option(path=True)` is said of it."""
    fields = _fields(cls)
    return {key: (spec.type, spec.path) for name, spec in fields.items() for key in (name, *spec.aliases)}


def _name_of(key: str, fields: Mapping[str, _Field]) -> str | None:
    if key in fields:
        return key
    return next((name for name, spec in fields.items() if key in spec.aliases), None)


def _value(spec: _Field, node: Node, problems: list[Problem]) -> Any:
    if not spec.keeps_nodes:
        found = ([] if spec.secret else secret_problems(node)) or unset_problems(node)
        if found:
            problems.extend(found)
            return None
    value = convert(spec.type, node, problems)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if spec.low is not None and value < spec.low:
            problems.append(node.problem(f"is {_number(value)}", f"it must be {spec.low:g} or more"))
        elif spec.high is not None and value > spec.high:
            problems.append(node.problem(f"is {_number(value)}", f"it must be {spec.high:g} or less"))
    if spec.nonempty and (value in ([], {}) or (isinstance(value, str) and not value.strip())):
        mend = "write it out" if isinstance(value, str) else "give at least one entry"
        problems.append(node.problem("is empty", mend))
    return value


def secret_problems(node: Node) -> list[Problem]:
    """Variables that look like secrets and stand in a field that is not one for secrets."""
    return [
        leaf.problem(
            f"the environment variable {name} looks like a secret, and this is not a field for secrets",
            f"put it into 'api_key' or another field for secrets, or pass --allow-env {name} if it is none",
        )
        for leaf in node.leaves()
        if isinstance(leaf.value, Expanded)
        for name in leaf.value.secrets
    ]


def unset_problems(node: Node) -> list[Problem]:
    """Variables that are not set, in text that is now used."""
    return [
        leaf.problem(f"the environment variable {name} is not set", f"set it, or write ${{{name}:-default}}")
        for leaf in node.leaves()
        if isinstance(leaf.value, Expanded)
        for name in leaf.value.unset
    ]


def _keeps_nodes(wanted: Any) -> bool:
    """Whether a type keeps what it is given undecoded, so that the fields inside decide."""
    if typing.get_origin(wanted) in (typing.Union, types.UnionType):
        return any(map(_keeps_nodes, typing.get_args(wanted)))
    return bool(getattr(wanted, "keeps_nodes", False))


def convert(wanted: Any, node: Node, problems: list[Problem]) -> Any:
    """`node` as a value of the type `wanted`."""
    if wanted in (Any, object, Node):
        _check_finite(node, problems)
        return node if wanted is Node else node.plain()
    origin = typing.get_origin(wanted) or (wanted if wanted in (list, tuple) else None)
    if origin in (typing.Union, types.UnionType):
        return _union(typing.get_args(wanted), node, problems)
    if origin is Literal:
        return _literal(typing.get_args(wanted), node, problems)
    if origin in (list, tuple, Sequence):
        return _sequence(wanted, origin, node, problems)
    if origin in (dict, Mapping) or wanted in (dict, Mapping):
        return _mapping(typing.get_args(wanted), node, problems)
    if hasattr(wanted, "from_node"):
        return wanted.from_node(node, problems)
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        return decode(wanted, node, problems)
    return _scalar(wanted, node, problems)


def _scalar(wanted: Any, node: Node, problems: list[Problem]) -> Any:
    value = str(node.value) if isinstance(node.value, Expanded) else node.value
    if wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _float(value, node, problems)
    if wanted is Path and isinstance(value, str):
        return Path(value)
    if type(value) is wanted:
        return value
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}
    mend = _WRITE if value is None else ""
    if wanted is str and isinstance(value, bool | int | float):
        mend = "put it in quotes"
    elif isinstance(value, str) and wanted in (int, float, bool):
        mend = f"write {node.written} without quotes" if _reads_as(wanted, value) else ""
    name = names.get(wanted, getattr(wanted, "__name__", str(wanted)))
    problems.append(node.problem(f"must be {name}, not {_shown(node)}", mend))
    return None


def _float(value: float, node: Node, problems: list[Problem]) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isfinite(number):
        return number
    problems.append(node.problem(f"is {_number(value)}", "it must be a finite number"))
    return None


def _check_finite(node: Node, problems: list[Problem]) -> None:
    """JSON has no infinities and no NaN: a value that is to be sent or written cannot have them."""
    problems.extend(
        leaf.problem(f"is {leaf.value}", "it must be a finite number, or be put in quotes")
        for leaf in node.leaves()
        if isinstance(leaf.value, float) and not math.isfinite(leaf.value)
    )


def _number(value: float) -> str:
    """A number as messages show it; one of thousands of digits cannot be written out."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:
        return f"a number of more than {value.bit_length() // 4} digits"
    return str(value)


def _reads_as(wanted: type, text: str) -> bool:
    try:
        return text.lower() in ("true", "false") if wanted is bool else bool(str(wanted(text)))
    except ValueError:
        return False


def _shown(node: Node) -> str:
    if isinstance(node.value, str):
        written = str(node.written)
        text = written if len(written) <= 40 else written[:37] + "..."
        return f"the text '{text}'"
    return _number(node.value) if isinstance(node.value, bool | int | float) else node.kind()


def _union(options: tuple[Any, ...], node: Node, problems: list[Problem]) -> Any:
    if node.value is None and type(None) in options:
        return None
    real = [option for option in options if option is not type(None)]
    for candidate in real:
        attempt: list[Problem] = []
        value = convert(candidate, node, attempt)
        if not attempt:
            return value
        if len(real) == 1 or _likely(candidate, node):
            problems.extend(attempt)
            return None
    names = " or ".join(getattr(option, "__name__", str(option)) for option in real)
    problems.append(node.problem(f"must be {names}, not {_shown(node)}"))
    return None


def _likely(candidate: Any, node: Node) -> bool:
    """Whether a failed reading is the one the writer meant, so that its own problems help most."""
    origin = typing.get_origin(candidate) or candidate
    if isinstance(node.value, str):
        # a type that reads text itself knows what is wrong with it
        return hasattr(candidate, "from_node")
    if node.is_mapping:
        return dataclasses.is_dataclass(candidate) or origin in (dict, Mapping)
    return node.is_list and origin in (list, tuple, Sequence)


def _literal(allowed: tuple[Any, ...], node: Node, problems: list[Problem]) -> Any:
    if node.value in allowed:
        return node.plain()
    mend = did_you_mean(str(node.written), [str(a) for a in allowed], noun="it may be")
    problems.append(node.problem(f"cannot be {_shown(node)}", mend))
    return None


def _sequence(wanted: Any, origin: Any, node: Node, problems: list[Problem]) -> Any:
    if not node.is_list:
        mend = _WRITE if node.value is None else "put '- ' before each entry"
        problems.append(node.problem(f"must be a list, not {_shown(node)}", mend))
        return None
    args = typing.get_args(wanted)
    inner = args[0] if args else Any
    values = [convert(inner, child, problems) for child in node.value]
    return tuple(values) if origin is tuple else values


def _mapping(args: tuple[Any, ...], node: Node, problems: list[Problem]) -> Any:
    if not node.is_mapping:
        mend = _WRITE if node.value is None else ""
        problems.append(node.problem(f"must be a mapping, not {_shown(node)}", mend))
        return None
    inner = args[1] if len(args) == 2 else Any
    return {key: convert(inner, child, problems) for key, child in node.items()}
