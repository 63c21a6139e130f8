"""Entry points of installed distributions: names only, nothing is imported."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

from fms_dgt.errors import did_you_mean
from fms_dgt.plugins.entry import GROUPS, PREFIX, Entry, normalized

# what the package of documents finds by itself
_ELSEWHERE = ("converters",)


def installed_entries() -> list[Entry]:
    """Every name that a distribution declares in our groups; the first of a name on sys.path counts."""
    entries: list[Entry] = []
    seen: set[str] = set()
    for distribution in metadata.distributions():
        if PREFIX not in _text(distribution):
            continue
        name = _header(distribution, "Name")
        if name and normalized(name) in seen:
            continue
        seen.add(normalized(name))
        entries.extend(_entries(_first_of(name) or distribution))
    return entries


def _first_of(name: str) -> metadata.Distribution | None:
    """The distribution that Python itself would take, which a stale copy further on is not."""
    try:
        return metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        return None


def _text(distribution: metadata.Distribution) -> str:
    try:
        return distribution.read_text("entry_points.txt") or ""
    except (OSError, ValueError):
        # not text: no installer wrote it, and nothing in it could be ours
        return ""


def _header(distribution: metadata.Distribution, key: str) -> str:
    try:
        return str(distribution.metadata[key] or "")
    except Exception:  # noqa: BLE001 (damaged metadata raises differently in every Python)
        return ""


def _entries(distribution: metadata.Distribution) -> Iterator[Entry]:
    name = _header(distribution, "Name") or "(a distribution without a name)"
    version = _header(distribution, "Version")
    for group, key, value in dict.fromkeys(_lines(_text(distribution))):
        known = group.removeprefix(PREFIX)
        if known in GROUPS:
            yield Entry(known, key, name, version, value)
        elif known not in _ELSEWHERE:
            hint = did_you_mean(group, [PREFIX + known for known in GROUPS], noun="groups")
            reason = f"there is no group '{group}'; {hint}"
            yield Entry(group, key, name, version, value, status="broken", reason=reason)


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Read line by line, where importlib.metadata gives up on all of it at the first bad line."""
    group = ""
    for line in (raw.strip() for raw in text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif line and not line.startswith(("#", ";")) and group.startswith(PREFIX):
            key, _, value = line.partition("=")
            yield group, key.strip(), value.strip()
