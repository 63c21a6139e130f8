"""Who may have a name: what is switched off, and what several packages claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from fms_dgt.errors import PluginError, did_you_mean
from fms_dgt.plugins.entry import NOUNS, Entry, normalized

VARIABLE = "FMS_DGT_DISABLE_PLUGINS"


def settled(installed: Iterable[Entry], included: Sequence[Entry], disabled: str) -> list[Entry]:
    """All entries, each with its standing. Raises PluginError where an included name is taken.

    `disabled` concerns installed plugins; an included file is switched off by leaving it out.
    """
    names = {name.strip() for name in disabled.split(",")} - {""}
    rivals: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in installed:
        rivals[entry.group, entry.name].append(_switched_off(entry, names))
    _refuse_taken(included, rivals)
    return [*(entry for claims in rivals.values() for entry in _judged(claims)), *included]


def notes(installed: Sequence[Entry], disabled: str) -> list[str]:
    """What is odd about the list of disabled plugins."""
    known = {entry.name for entry in installed} | {normalized(entry.distribution) for entry in installed}
    names = [name.strip() for name in disabled.split(",") if name.strip()]
    return [
        f"{VARIABLE} names '{name}', which is not installed; {did_you_mean(name, known, noun='installed')}"
        for name in names
        if name not in known and normalized(name) not in known
    ]


def _switched_off(entry: Entry, names: set[str]) -> Entry:
    off = entry.name in names or normalized(entry.distribution) in map(normalized, names)
    if not off or not entry.usable:
        return entry
    return replace(entry, status="disabled", reason=f"switched off by {VARIABLE}")


def _judged(claims: list[Entry]) -> list[Entry]:
    usable = sorted((e for e in claims if e.usable), key=lambda e: (e.distribution, e.version))
    if len(usable) < 2:
        return claims
    if any(entry.is_ours for entry in usable):
        reason = "the name belongs to fms_dgt itself; give the entry point another name"
        losers = [entry for entry in usable if not entry.is_ours]
    else:
        listed = " and ".join(entry.origin for entry in usable)
        off = " or ".join(f"{VARIABLE}={name}" for name in _distributions(usable))
        reason = f"the name is taken by {listed}; switch one off with {off}"
        losers = usable
    return [replace(e, status="broken", reason=reason) if e in losers else e for e in claims]


def _distributions(entries: Iterable[Entry]) -> list[str]:
    return list(dict.fromkeys(entry.distribution for entry in entries))


def _refuse_taken(included: Sequence[Entry], installed: dict[tuple[str, str], list[Entry]]) -> None:
    problems = []
    seen: dict[tuple[str, str], Entry] = {}
    for entry in included:
        key = (entry.group, entry.name)
        taken = [rival for rival in installed.get(key, ()) if rival.usable]
        what = f"the {NOUNS[entry.group]} name '{entry.name}' is taken by {entry.origin} and"
        if key in seen:
            problems.append(f"{what} {_other(seen[key], entry)}; set 'name' in one of the classes")
        elif taken:
            off = " or ".join(f"{VARIABLE}={name}" for name in _distributions(taken))
            listed = " and ".join(rival.origin for rival in taken)
            problems.append(f"{what} {listed}; set another 'name' in the class, or {off}")
        seen.setdefault(key, entry)
    if problems:
        raise PluginError("\n".join(problems))


def _other(first: Entry, second: Entry) -> str:
    return "a second time in it" if first.path == second.path else first.origin
