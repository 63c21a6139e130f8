"""What the registry holds: names as declared, plugins as found, and how each stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeAlias, TypeVar

from fms_dgt.safety.working_folder import shown

Group: TypeAlias = Literal["builders", "generators", "validators", "hooks"]
Status: TypeAlias = Literal["ok", "broken", "disabled", "include"]

GROUPS: tuple[Group, ...] = ("builders", "generators", "validators", "hooks")
NOUNS = {"builders": "builder", "generators": "generator", "validators": "validator", "hooks": "hook plugin"}
PREFIX = "fms_dgt."
OURS = "fms-dgt"

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Found(Generic[T_co]):
    """A plugin's class, ready for use. Its templates and defaults stand in `folder`."""

    name: str
    cls: type[T_co]
    distribution: str
    version: str
    folder: Path


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """How one declared name stands; `reason` says why it is broken or disabled.

    The distribution of an included file is the file's name, its version a digest of its text. `about` is one
    sentence on what the plugin is for; with `alias_of` it is the one of that name, by another.
    """

    group: str
    name: str
    distribution: str
    version: str
    status: Status
    reason: str = ""
    about: str = ""
    alias_of: str = ""


@dataclass(frozen=True, eq=False)
class Entry:
    """A name that a distribution declares (`value`: "module:attribute") or an included file holds.

    With a status of "broken" or "disabled", nobody may use it, whatever it leads to.
    """

    group: str
    name: str
    distribution: str
    version: str
    value: str = ""
    held: object = None
    path: Path | None = None
    status: Status = "ok"
    reason: str = ""

    @property
    def usable(self) -> bool:
        """Whether it may be loaded."""
        return self.status in ("ok", "include")

    @property
    def is_ours(self) -> bool:
        """Whether fms_dgt itself declares it."""
        return self.path is None and normalized(self.distribution) == OURS

    @property
    def origin(self) -> str:
        """Where it comes from, for messages."""
        return shown(self.path) if self.path else f"{self.distribution} {self.version}".rstrip()

    def info(self, fault: str = "", about: str = "", alias_of: str = "") -> PluginInfo:
        """How it stands; `fault` is what loading it brought to light."""
        status: Status = "broken" if fault else self.status
        reason = fault or self.reason
        return PluginInfo(
            self.group, self.name, self.distribution, self.version, status, reason, about, alias_of
        )


def normalized(distribution: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
