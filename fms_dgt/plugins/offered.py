"""What an included module offers: plugin classes and hook implementations defined in it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from fms_dgt.plugins.hookspecs import PROJECT
from fms_dgt.plugins.kinds import fault_of, group_of

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SUFFIX = re.compile(r"(?<=.)(Builder|Generator|Validator)$")


@dataclass(frozen=True)
class Offer:
    """A plugin in an included module; `fault` says why it cannot be used."""

    group: str
    name: str
    held: object
    fault: str = ""


def offered(module: ModuleType) -> Iterator[Offer]:
    """Its plugins in the order of the file; unfinished classes that others derive from are none."""
    classes = [thing for thing in vars(module).values() if _is_public_class(thing, module)]
    for cls in dict.fromkeys(classes):
        group = group_of(cls)
        if group is None and _is_marked(cls):
            yield Offer("hooks", plugin_name(cls), cls)
        elif group and not (inspect.isabstract(cls) and _is_base(cls, module)):
            yield Offer(group, plugin_name(cls), cls, fault_of(group, cls))
    if _is_marked(module):
        yield Offer("hooks", _stem(module), module)


def plugin_name(cls: type) -> str:
    """The class's own `name`, or its class's name in snake case without Builder, Generator, Validator."""
    own = vars(cls).get("name")
    if isinstance(own, str) and own:
        return own
    return _WORDS.sub("_", _SUFFIX.sub("", cls.__name__)).lower()


def _stem(module: ModuleType) -> str:
    return Path(str(module.__file__)).stem


def _is_public_class(thing: object, module: ModuleType) -> bool:
    if not isinstance(thing, type) or thing.__module__ != module.__name__:
        return False
    return not thing.__name__.startswith("_")


def _is_base(cls: type, module: ModuleType) -> bool:
    others = (thing for thing in vars(module).values() if isinstance(thing, type) and thing is not cls)
    return any(issubclass(other, cls) for other in others)


def _is_marked(holder: type | ModuleType) -> bool:
    own = (thing for thing in vars(holder).values() if inspect.isroutine(thing))
    return any(hasattr(thing, f"{PROJECT}_impl") for thing in own)
