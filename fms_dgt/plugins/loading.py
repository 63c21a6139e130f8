"""From an entry to the object it names, by importing it."""

from __future__ import annotations

import importlib
import re
from types import ModuleType

from fms_dgt.errors import PluginError, did_you_mean
from fms_dgt.plugins.entry import PREFIX, Entry
from fms_dgt.plugins.faults import isolated

_VALUE = re.compile(r"(?P<module>\w+(?:\.\w+)*)\s*(?::\s*(?P<attribute>\w+(?:\.\w+)*)\s*)?(?:\[.*\])?")
_MISSING = object()


def load(entry: Entry) -> object:
    """The object behind the entry. Raises PluginError with the bare reason, whatever goes wrong."""
    if entry.path is not None:
        return entry.held
    match = _VALUE.fullmatch(entry.value)
    # a module may be a hook plugin, as with every other host of pluggy
    if not entry.name or match is None or not (match["attribute"] or entry.group == "hooks"):
        shown = f"{entry.name} = {entry.value}".strip()
        like = f'{entry.name or "name"} = "module:Class"'
        raise PluginError(f"malformed entry point '{shown}'; under [{PREFIX}{entry.group}], write {like}")
    with isolated(f"importing {match['module']} failed"):
        thing: object = importlib.import_module(match["module"])
    for name in (match["attribute"] or "").split("."):
        thing = _attribute(thing, name) if name else thing
    return thing


def _attribute(thing: object, name: str) -> object:
    is_module = isinstance(thing, ModuleType)
    owner = str(getattr(thing, "__name__", "it"))
    shown = f"module {owner}" if is_module else owner
    with isolated(f"reading '{name}' of {shown} failed"):
        found = getattr(thing, name, _MISSING)
        names = [known for known in vars(thing) if not known.startswith("_")] if found is _MISSING else []
    if found is _MISSING:
        hint = did_you_mean(name, names, noun="it has")
        raise PluginError(f"{shown} has no '{name}'; {hint}")
    return found
