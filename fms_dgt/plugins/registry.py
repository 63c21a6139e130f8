"""Names to plugins."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.generator import Generator
from fms_dgt.core.validator import OrderedValidator, Validator
from fms_dgt.errors import PluginError, did_you_mean
from fms_dgt.plugins import claims
from fms_dgt.plugins.about import About
from fms_dgt.plugins.code_place import is_below, is_of_plugin, own_place
from fms_dgt.plugins.entry import GROUPS, NOUNS, Entry, Found, Group, PluginInfo
from fms_dgt.plugins.faults import isolated, summary
from fms_dgt.plugins.hooks import Hooks
from fms_dgt.plugins.include import included
from fms_dgt.plugins.installed import installed_entries
from fms_dgt.plugins.kinds import fault_of, folder_of, group_of
from fms_dgt.plugins.loading import load
from fms_dgt.safety import environment
from fms_dgt.safety.working_folder import shown

AnyValidator: TypeAlias = Validator[Any] | OrderedValidator[Any]


class Plugins:
    """What is installed and included, by group and name; a plugin is imported when it is asked for.

    `notes` are sentences that a run should pass on to the user.
    """

    def __init__(self, entries: Iterable[Entry], notes: Sequence[str] = ()) -> None:
        self.notes = tuple(notes)
        self._entries = tuple(entries)
        self._usable = {(entry.group, entry.name): entry for entry in self._entries if entry.usable}
        self._loaded: dict[Entry, Found[Any] | PluginError] = {}

    @classmethod
    def discover(cls, includes: Sequence[Path] = (), disabled: str | None = None) -> Self:
        """Read the names of what is installed, and import `includes`, which the user named.

        `disabled` lists distributions and plugin names, with commas; FMS_DGT_DISABLE_PLUGINS by
        default. Raises PluginError for a file that cannot be included.
        """
        off = environment.setting(claims.VARIABLE) if disabled is None else disabled
        installed = installed_entries()
        return cls(claims.settled(installed, included(includes), off), claims.notes(installed, off))

    def with_class(self, cls: type, name: str) -> Self:
        """These plugins and a class of the running program, which goes before any other of that name."""
        group = group_of(cls)
        if group is None:
            raise PluginError(f"{cls.__name__} is neither a builder nor a generator nor a validator")
        fault = fault_of(group, cls)
        if fault:
            raise PluginError(f"{cls.__name__}: {fault}")
        file = Path(getattr(sys.modules.get(cls.__module__), "__file__", None) or "this program")
        entry = Entry(group, name, file.name, "", held=cls, path=file, status="include")
        others = (other for other in self._entries if (other.group, other.name) != (group, name))
        return type(self)([*others, entry], self.notes)

    def builder(self, name: str) -> Found[DataBuilder[Any]]:
        """The builder of that name. Raises PluginError."""
        return self._find("builders", name)

    def generator(self, name: str) -> Found[Generator[Any]]:
        """The generator of that name. Raises PluginError."""
        return self._find("generators", name)

    def validator(self, name: str) -> Found[AnyValidator]:
        """The validator of that name. Raises PluginError."""
        return self._find("validators", name)

    def known(self, group: Group) -> list[str]:
        """The names that may be asked for, sorted; whether they load is not known yet."""
        return sorted(name for of, name in self._usable if of == group)

    def fault_in_plugin(self, error: BaseException) -> str:
        """Which plugin's code raised an error, what, and in which line; empty where it is not a plugin's."""
        at = own_place(error)
        if at is None:
            return ""
        loaded = [
            (e, found) for e, found in self._loaded.items() if isinstance(found, Found) and not e.is_ours
        ]
        of = [e.origin for e, found in loaded if is_below(at.file, _file_of(found.cls))]
        if not of and not is_of_plugin(at):
            return ""
        whose = f"code of {of[0]}" if of else "plugin code"
        return f"{whose} raised {summary(error)} ({shown(Path(at.file))}:{at.line})"

    def hooks(self) -> Hooks:
        """All hook plugins, loaded anew; broken ones are left out. Raises PluginError for an included one."""
        hooks, faults = self._hooks()
        for entry, fault in faults.items():
            if entry.path:
                raise PluginError(f"the hook plugin '{entry.name}' of {entry.origin} is broken: {fault}")
        return hooks

    def listing(self) -> list[PluginInfo]:
        """How every name stands; tries to load each, and never raises."""
        _, faults = self._hooks()
        infos = [self._info(entry, faults.get(entry, "") or self._fault(entry)) for entry in self._entries]
        order: dict[str, int] = {group: place for place, group in enumerate(GROUPS)}
        return sorted(infos, key=lambda i: (order.get(i.group, len(order)), i.group, i.name, i.distribution))

    def thing(self, group: str, name: str) -> object:
        """The plugin of that name: a class or, for a hook plugin, maybe a module. Raises PluginError."""
        entry = self._usable.get((group, name))
        if entry is None:
            raise PluginError(f"there is no plugin '{name}' in the group '{group}' that can be used")
        return load(entry)

    def _info(self, entry: Entry, fault: str) -> PluginInfo:
        if fault or not entry.usable:
            return entry.info(fault)
        first = min((other.name for other in self._entries if _are_one(entry, other)), default=entry.name)
        return entry.info(about=About.of(load(entry)).short, alias_of=first if first != entry.name else "")

    def _find(self, group: Group, name: str) -> Found[Any]:
        entry = self._usable.get((group, name))
        if entry is None:
            raise PluginError(self._why_not(group, name))
        found = self._load(entry)
        if isinstance(found, Found):
            return found
        raise PluginError(_refusal([entry], str(found))) from found.__cause__

    def _why_not(self, group: Group, name: str) -> str:
        named = [entry for entry in self._entries if (entry.group, entry.name) == (group, name)]
        if named:
            alike = [[e for e in named if e.reason == reason] for reason in {e.reason: None for e in named}]
            return "\n".join(_refusal(entries, entries[0].reason) for entries in alike)
        noun = NOUNS[group]
        text = f"unknown {noun} '{name}'; {did_you_mean(name, self.known(group), noun=f'known {noun}s')}"
        elsewhere = [NOUNS[other] for other in GROUPS if (other, name) in self._usable]
        if elsewhere:
            text += f"; '{name}' is a {elsewhere[0]}"
        if not any(entry.is_ours for entry in self._entries):
            text += "; fms_dgt's own are missing, since it is not installed: 'pip install -e .' in its folder"
        return text

    def _fault(self, entry: Entry) -> str:
        if not entry.usable or entry.group == "hooks":
            return ""
        found = self._load(entry)
        return str(found) if isinstance(found, PluginError) else ""

    def _load(self, entry: Entry) -> Found[Any] | PluginError:
        if entry not in self._loaded:
            try:
                self._loaded[entry] = _found(entry)
            except PluginError as error:
                self._loaded[entry] = error
        return self._loaded[entry]

    def _hooks(self) -> tuple[Hooks, dict[Entry, str]]:
        hooks = Hooks()
        faults: dict[Entry, str] = {}
        for entry in (entry for entry in self._entries if entry.group == "hooks"):
            if entry.usable:
                try:
                    hooks.add(load(entry), name=entry.name, origin=entry.origin)
                except PluginError as error:
                    faults[entry] = str(error)
            elif entry.status == "broken":
                faults[entry] = entry.reason
        hooks.broken.extend(entry.info(fault) for entry, fault in faults.items())
        return hooks, faults


def _file_of(cls: type) -> str:
    """The file of the module that a class is defined in; one that nothing is in for a notebook's."""
    return getattr(sys.modules.get(cls.__module__), "__file__", None) or "/?/?"


def _found(entry: Entry) -> Found[Any]:
    cls: Any = load(entry)
    with isolated("checking it failed"):
        fault = fault_of(entry.group, cls)
    if fault:
        raise PluginError(fault)
    # a class typed into a notebook stands in no file: its templates are looked for where it runs
    folder = folder_of(cls) or Path.cwd()
    return Found(entry.name, cls, entry.distribution, entry.version, folder)


def _are_one(entry: Entry, other: Entry) -> bool:
    """Whether two names of a package are of the same plugin."""
    same = (entry.group, entry.value, entry.distribution) == (other.group, other.value, other.distribution)
    return bool(entry.value) and other.usable and same


def _refusal(entries: Sequence[Entry], reason: str) -> str:
    first = entries[0]
    origins = " and ".join(sorted(entry.origin for entry in entries))
    is_broken = "is" if first.status == "disabled" else "is broken:"
    return f"the {NOUNS[first.group]} '{first.name}' of {origins} {is_broken} {reason}"
