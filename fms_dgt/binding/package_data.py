"""A builder's YAML files that its package left out of the wheel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import metadata
from typing import Any

from fms_dgt.core.builder import DataBuilder
from fms_dgt.errors import Problem
from fms_dgt.plugins import Found
from fms_dgt.safety.working_folder import shown


def missing_package_data(found: Found[DataBuilder[Any]]) -> Iterator[Problem]:
    """What to add to a package's build, where no YAML file came with an installed builder."""
    try:
        distribution = metadata.distribution(found.distribution)
    except (metadata.PackageNotFoundError, ValueError):
        return
    if any(found.folder.glob("*.yaml")) or any(found.folder.glob("templates/*.yaml")):
        return
    if _is_editable(distribution):
        return
    package = found.cls.__module__.rpartition(".")[0] or found.cls.__module__
    if "setuptools" in (distribution.read_text("WHEEL") or "setuptools"):
        line = f'"{package}" = ["*.yaml", "templates/*.yaml"]'
        mend = f"write below [tool.setuptools.package-data] of its pyproject.toml: {line}"
    else:
        mend = f"let the build put *.yaml and templates/*.yaml of {package} into the wheel"
    what = f"no YAML file was installed with {found.distribution} {found.version}"
    yield Problem(what, f"{mend}; then build and install it again", shown(found.folder))


def _is_editable(distribution: metadata.Distribution) -> bool:
    """Whether it runs from its source folder, where all files are."""
    try:
        told = json.loads(distribution.read_text("direct_url.json") or "{}")
        return bool(told["dir_info"]["editable"])
    except (ValueError, KeyError, TypeError):
        return False
