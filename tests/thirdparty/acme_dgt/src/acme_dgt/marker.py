"""Lets a test see which modules were imported."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "ACME_DGT_IMPORTS"


def mark(module: str) -> None:
    """Append the module's name to the file that the environment names."""
    if VARIABLE in os.environ:
        with Path(os.environ[VARIABLE]).open("a", encoding="utf-8") as file:
            file.write(f"{module}\n")
