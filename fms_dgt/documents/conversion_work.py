"""Running a converter: in a worker process where it can be had by its name there, else in this one."""

from __future__ import annotations

import importlib
import sys
from functools import lru_cache
from pathlib import Path

from fms_dgt.documents.converters.converter import Converter
from fms_dgt.documents.limits import conversion_limits
from fms_dgt.safety.child import import_path
from fms_dgt.safety.worker import Worker

_OURS = "fms_dgt.documents."


def run_converter(converter: Converter, path: Path) -> str:
    """The file as Markdown. Raises OverLimit, WorkFailed, and what the converter raises in this process."""
    cls = type(converter)
    if not _is_importable(cls):
        return converter.convert(path)
    is_ours = cls.__module__.startswith(_OURS)
    limits = conversion_limits(path.suffix.lower(), path.stat().st_size, is_ours=is_ours)
    worker = _worker(cls.environment, import_path())
    return str(worker.run(cls.__module__, cls.__qualname__, str(path.absolute()), limits=limits))


def convert(module: str, name: str, path: str) -> str:
    """What the worker does."""
    if module not in sys.modules:
        importlib.invalidate_caches()
    found: type[Converter] = getattr(importlib.import_module(module), name)
    try:
        return found().convert(Path(path))
    except ValueError as error:
        # what a converter has to say of a file; its class says nothing more
        raise ValueError(str(error)) from error


@lru_cache(maxsize=8)
def _worker(environment: tuple[str, ...], _path: str) -> Worker:
    # where the import path changes, another process is needed
    return Worker("fms_dgt.documents.conversion_work:convert", environment)


def _is_importable(cls: type[Converter]) -> bool:
    """Whether another process finds the same class by its name: not one of a notebook, say."""
    module = sys.modules.get(cls.__module__)
    names = (cls.__qualname__, cls.convert.__qualname__)
    if getattr(module, cls.__qualname__, None) is not cls or any("<locals>" in name for name in names):
        return False
    top = cls.__module__.partition(".")[0]
    return cls.__module__.startswith(_OURS) or (
        top != "__main__" and any(finder.find_spec(top, None) for finder in sys.meta_path)
    )
