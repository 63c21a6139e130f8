"""The options of a plugin, in words: for `fms_dgt plugins NAME`, and for the documents."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path"}
_BY_CLASS = {
    "GeneratorSpec": "a generator: type and options",
    "TermList": "list, or a file with an entry a line",
}


@dataclass(frozen=True)
class OptionText:
    """One option: `kind` is its type with bounds and default."""

    name: str
    kind: str
    about: str

    def __str__(self) -> str:
        return f"`{self.name}` ({self.kind}){f': {self.about}' if self.about else ''}"


def options_of(options: Any, common: Any = None) -> Iterator[OptionText]:
    """The fields of a dataclass that those of `common` are not among."""
    if not dataclasses.is_dataclass(options):
        return
    known = {spec.name for spec in dataclasses.fields(common)} if common else set()
    hints = typing.get_type_hints(options)
    for spec in dataclasses.fields(options):
        if spec.name not in known and spec.init and not spec.name.startswith("_"):
            yield OptionText(spec.name, _kind(spec, hints[spec.name]), _about(spec))


def _about(spec: dataclasses.Field[Any]) -> str:
    """What an option is for, and its other names."""
    text = spec.metadata.get("help", "")
    aliases = [f"`{name}`" for name in spec.metadata.get("aliases", ())]
    parts = [text] if text else []
    parts += [f"also {', '.join(aliases)}"] if aliases else []
    parts += ["a secret, never written"] if spec.metadata.get("secret") else []
    return "; ".join(parts)


def _kind(spec: dataclasses.Field[Any], hint: Any) -> str:
    is_union = typing.get_origin(hint) in (types.UnionType, typing.Union)
    kinds = typing.get_args(hint) if is_union else (hint,)
    text = " or ".join(_name(kind) for kind in kinds if kind is not type(None))
    low, high = spec.metadata.get("low"), spec.metadata.get("high")
    if low is not None and high is not None:
        text += f", {low:g} to {high:g}"
    elif low is not None:
        text += f", {low:g} or more"
    if spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
        return f"{text}, required"
    default = spec.default
    if default in (None, "", dataclasses.MISSING):
        return text
    return f"{text}, default {str(default).lower() if isinstance(default, bool) else default}"


def _name(kind: Any) -> str:
    """What a person calls a type."""
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        return " or ".join(f"`{choice}`" for choice in typing.get_args(kind))
    if origin in (list, dict, tuple):
        return "mapping" if origin is dict else "list"
    name = getattr(kind, "__name__", str(kind))
    usual = "mapping" if dataclasses.is_dataclass(kind) else str(name)
    return _BY_CLASS.get(name) or _NAMES.get(kind) or usual
