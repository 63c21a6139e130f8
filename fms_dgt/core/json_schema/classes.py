"""The schema of a class: a dataclass, or one that makes a schema itself, as pydantic's models do."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import pathlib
import types
import typing
import uuid
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, Literal

from fms_dgt.core.canonical import canonical

_PLAIN: Final[Mapping[Any, Mapping[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    None: {"type": "null"},
    Any: {},
    object: {},
    decimal.Decimal: {"type": "number"},
    dt.date: {"type": "string", "format": "date"},
    dt.datetime: {"type": "string", "format": "date-time"},
    dt.time: {"type": "string", "format": "time"},
    dt.timedelta: {"type": "string", "format": "duration"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    pathlib.Path: {"type": "string"},
    list: {"type": "array"},
    dict: {"type": "object"},
    tuple: {"type": "array"},
    set: {"type": "array", "uniqueItems": True},
    frozenset: {"type": "array", "uniqueItems": True},
}
_LISTS: Final = (list, Sequence, MutableSequence, typing.Iterable)
_SETS: Final = (set, frozenset, AbstractSet)
_MAPPINGS: Final = (dict, Mapping, MutableMapping)


def schema_of(source: Any) -> Mapping[str, Any]:
    """The schema of a dataclass, a `TypedDict` or a pydantic model. Raises ValueError."""
    made = _made_by_itself(source)
    if made is not None:
        return made
    if isinstance(source, type) and (dataclasses.is_dataclass(source) or typing.is_typeddict(source)):
        return _Classes().schema(source)
    raise ValueError(f"must be a JSON schema or a class that has one, not {_called(source)}")


def _made_by_itself(source: Any) -> Mapping[str, Any] | None:
    """What pydantic makes of a model of its own, or of a dataclass that it decorated."""
    make = getattr(source, "model_json_schema", None)
    if make is None and hasattr(source, "__pydantic_core_schema__"):
        import pydantic  # noqa: PLC0415 (no dependency of ours; the class comes from it)

        make = pydantic.TypeAdapter(source).json_schema
    if make is None:
        return None
    try:
        made = make()
    except Exception as error:
        raise ValueError(f"{_called(source)} makes no JSON schema: {error}") from error
    if not isinstance(made, Mapping):
        raise ValueError(f"{_called(source)} makes no JSON schema, but {_called(made)}")  # noqa: TRY004
    return made


class _Classes:
    """The schema of one class, with those of the classes that it mentions below `$defs`."""

    def __init__(self) -> None:
        self._defs: dict[str, Any] = {}
        self._names: dict[type, str] = {}

    def schema(self, cls: type) -> Mapping[str, Any]:
        """The whole schema of a class."""
        ref = self._of(cls)
        name = self._names[cls]
        is_recursive = canonical(ref) in canonical(self._defs)
        if is_recursive:
            return {**ref, "$defs": self._defs}
        return {**self._defs.pop(name), **({"$defs": self._defs} if self._defs else {})}

    def _of(self, hint: Any) -> Mapping[str, Any]:
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self._of(args[0])
        if isinstance(hint, typing.NewType):
            return self._of(hint.__supertype__)
        if origin in (typing.Union, types.UnionType):
            return {"anyOf": [self._of(arg) for arg in args]}
        if origin in (typing.Required, typing.NotRequired, typing.Final):
            return self._of(args[0])
        if origin is Literal:
            return {"enum": list(args)}
        if origin is not None:
            return self._generic(hint, origin, args)
        if hasattr(hint, "model_json_schema") or hasattr(hint, "__pydantic_core_schema__"):
            raise ValueError(f"{_called(hint)} is inside a dataclass; use pydantic's own dataclass or model")
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return self._named(hint)
        if isinstance(hint, type) and (dataclasses.is_dataclass(hint) or typing.is_typeddict(hint)):
            return self._named(hint)
        known = next((schema for plain, schema in _PLAIN.items() if plain is hint), None)
        if known is None:
            raise ValueError(f"{_called(hint)} has no JSON schema; use a dataclass, or write the schema")
        return dict(known)

    def _generic(self, hint: Any, origin: Any, args: tuple[Any, ...]) -> Mapping[str, Any]:
        if origin is tuple and args[-1:] != (...,):
            size = {"minItems": len(args), "maxItems": len(args)}
            return {"type": "array", "prefixItems": [self._of(arg) for arg in args], **size}
        if origin in (*_LISTS, tuple):
            return {"type": "array", "items": self._of(args[0])}
        if origin in _SETS:
            return {"type": "array", "items": self._of(args[0]), "uniqueItems": True}
        if origin in _MAPPINGS and args[0] is str:
            return {"type": "object", "additionalProperties": self._of(args[1])}
        raise ValueError(f"{hint} has no JSON schema; keys of a mapping must be text")

    def _named(self, cls: type) -> Mapping[str, Any]:
        """A reference to a class, whose schema is put below `$defs` the first time."""
        if cls not in self._names:
            name, number = cls.__name__, 2
            while name in self._defs:
                name, number = f"{cls.__name__}{number}", number + 1
            self._names[cls] = name
            self._defs[name] = {}
            self._defs[name] = self._choices(cls) if issubclass(cls, enum.Enum) else self._object(cls)
        return {"$ref": f"#/$defs/{self._names[cls]}"}

    def _choices(self, cls: type[enum.Enum]) -> Mapping[str, Any]:
        return {"enum": [member.value for member in cls]}

    def _object(self, cls: type) -> Mapping[str, Any]:
        try:
            hints = typing.get_type_hints(cls, include_extras=True)
        except NameError as error:
            raise ValueError(f"{_called(cls)}: {error}") from error
        if dataclasses.is_dataclass(cls):
            fields = [spec for spec in dataclasses.fields(cls) if spec.init]
            names = [spec.name for spec in fields]
            required = [spec.name for spec in fields if _has_no_default(spec)]
        else:
            names, required = list(hints), [name for name in hints if name in cls.__required_keys__]  # type: ignore[attr-defined]
        return {
            "type": "object",
            "properties": {name: self._of(hints[name]) for name in names},
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }


def _has_no_default(spec: dataclasses.Field[Any]) -> bool:
    return spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING


def _called(thing: Any) -> str:
    return (
        f"the class {thing.__name__}"
        if isinstance(thing, type)
        else f"a value of type {type(thing).__name__}"
    )
