"""Which converter reads a file: those that distributions declare, by suffix or by name."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

from fms_dgt.documents.converters.converter import Converter
from fms_dgt.errors import InputError, Problem, SetupError, did_you_mean
from fms_dgt.safety import environment

GROUP = "fms_dgt.converters"
_OURS = "fms_dgt.documents."


class Converters:
    """The converters that are installed. One of another package goes before ours.

    `chosen` names the converter for a suffix (`.pdf: docling`) where there are several, or where ours
    is wanted. A converter that cannot be loaded does no harm; `broken` says why.
    """

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        self._chosen = {_suffix(key): name for key, name in (chosen or {}).items()}

    def suffixes(self) -> list[str]:
        """Every suffix that something can read."""
        found = {suffix for cls in self._classes.values() for suffix in cls.suffixes}
        return sorted(found | self._chosen.keys())

    def name_of(self, suffix: str) -> str:
        """The name of the converter for a suffix; empty where there is none. Raises InputError."""
        chosen = self._chosen.get(suffix)
        if chosen is not None:
            if chosen not in self._classes:
                reason = self.broken.get(chosen) or f"is unknown; {did_you_mean(chosen, self._classes)}"
                raise InputError([Problem(f"the converter '{chosen}', chosen for {suffix}, {reason}")])
            return chosen
        able = [name for name, cls in self._classes.items() if suffix in cls.suffixes]
        foreign = [name for name in able if not _ours(self._classes[name])]
        if len(foreign) > 1:
            names = " and ".join(f"'{name}'" for name in foreign)
            raise InputError(
                [Problem(f"the converters {names} both read {suffix}", "choose one by its name")]
            )
        return next(iter(foreign or able), "")

    def converter(self, suffix: str) -> Converter:
        """The converter for a suffix. Raises InputError if unknown, SetupError without its package."""
        name = self.name_of(suffix)
        if not name:
            listed = ", ".join(self.suffixes())
            raise InputError([Problem(f"nothing reads '{suffix}' files", f"what can be read: {listed}")])
        cls = self._classes[name]
        missing = [package for package in cls.packages if not importlib.util.find_spec(package)]
        if missing:
            mend = f"pip install '{cls.install}'" if cls.install else "install it"
            raise SetupError(f"{suffix} files need the package '{missing[0]}': {mend}")
        return cls()

    def listing(self) -> Iterator[tuple[str, str, str, str]]:
        """Every declared name: its distribution, the version of that, and why it cannot be used, if so."""
        for point in sorted(entry_points(group=GROUP), key=lambda point: (not _is_ours(point), point.name)):
            dist = point.dist
            found = self._loaded.get(point.name, "is switched off by FMS_DGT_DISABLE_PLUGINS")
            reason = found if isinstance(found, str) else ""
            yield point.name, dist.name if dist else "", dist.version if dist else "", reason

    def class_of(self, name: str) -> type[Converter]:
        """The class of a converter that can be used. Raises KeyError."""
        return self._classes[name]

    @cached_property
    def broken(self) -> dict[str, str]:
        """Declared names that cannot be used, and why."""
        return {name: found for name, found in self._loaded.items() if isinstance(found, str)}

    @cached_property
    def _classes(self) -> dict[str, type[Converter]]:
        return {name: found for name, found in self._loaded.items() if not isinstance(found, str)}

    @cached_property
    def _loaded(self) -> dict[str, type[Converter] | str]:
        return dict(_declared())


def _declared() -> Iterator[tuple[str, type[Converter] | str]]:
    off = {_plain(name) for name in environment.setting("FMS_DGT_DISABLE_PLUGINS").split(",")}
    # a package may have been installed since this process began, from a notebook, say
    importlib.invalidate_caches()
    # of one name, a stranger's comes last and counts
    for point in sorted(entry_points(group=GROUP), key=lambda point: (not _is_ours(point), point.name)):
        if _is_ours(point) or not off & {_plain(point.name), _plain(point.dist.name if point.dist else "?")}:
            yield point.name, _load(point)


def _is_ours(point: EntryPoint) -> bool:
    return point.value.startswith(_OURS)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _load(point: EntryPoint) -> type[Converter] | str:
    try:
        cls = point.load()
    except Exception as error:  # noqa: BLE001 (a stranger's module may do anything)
        return f"cannot be loaded: {type(error).__name__}: {error}"
    if not (isinstance(cls, type) and issubclass(cls, Converter)):
        return "is not a class derived from fms_dgt.documents.Converter"
    if not getattr(cls, "suffixes", ()):
        return "names no suffixes"
    return cls


def _ours(cls: type[Converter]) -> bool:
    return cls.__module__.startswith(_OURS)


def _suffix(key: str) -> str:
    return f".{key.lower().lstrip('.')}"
