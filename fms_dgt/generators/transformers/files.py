"""What the files of a model say, read without loading it: those of a folder, or of the hub's cache."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from typing import Final

HUB_PACKAGE: Final = "huggingface_hub"
# newer models have a file of its own for it
TEMPLATE_FILE: Final = "chat_template.jinja"
TOKENIZER_FILE: Final = "tokenizer_config.json"
LARGEST: Final = 16 * 1024 * 1024


def template_in(name: str, revision: str | None) -> str:
    """The chat template of a model; "" where it has none, or is not on this machine."""
    own = _text(name, TEMPLATE_FILE, revision)
    if own:
        return own
    try:
        config = json.loads(_text(name, TOKENIZER_FILE, revision) or "{}")
    except (ValueError, RecursionError):
        return ""
    template = config.get("chat_template") if isinstance(config, dict) else None
    return template if isinstance(template, str) else ""


def _text(name: str, file: str, revision: str | None) -> str:
    path = _path(name, file, revision)
    try:
        if path is None or not path.is_file() or path.stat().st_size > LARGEST:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _path(name: str, file: str, revision: str | None) -> Path | None:
    if Path(name).is_dir():
        return Path(name) / file
    if name.count("/") != 1 or importlib.util.find_spec(HUB_PACKAGE) is None:
        return None
    hub = importlib.import_module(HUB_PACKAGE)
    try:
        found = hub.try_to_load_from_cache(name, file, revision=revision)
    except ValueError:
        # no name of a repository
        return None
    return Path(found) if isinstance(found, str) else None
