"""What converters made, kept in the cache, so that a run that goes on converts nothing again."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

from fms_dgt.core.canonical import hexdigest
from fms_dgt.documents.converters.converter import Converter
from fms_dgt.errors import SetupError
from fms_dgt.safety.cache import cache_folder, put_file

_OURS = Path(__file__).parent / "converters"


class Conversions:
    """Converted files, by their bytes and by what converted them: its code, and the packages it names."""

    def __init__(self, cache: Path | None) -> None:
        self._folder = cache_folder(cache) / "converted"

    def text(self, converter: Converter, data: bytes, convert: Callable[[], str]) -> str:
        """What `convert` makes of `data`, or made of it before. Raises what it raises."""
        try:
            made_by = list(_identity(type(converter)))
        except (TypeError, OSError):
            # of a notebook, say: nobody can tell when its code changes
            return convert()
        key = hexdigest([hashlib.sha256(data).hexdigest(), made_by])
        place = self._folder / f"{key}.md"
        with contextlib.suppress(OSError, UnicodeError):
            return place.read_bytes().decode("utf-8")
        text = convert()
        # where nothing can be kept, it is converted each time
        with contextlib.suppress(SetupError):
            put_file(place, text.encode("utf-8"))
        return text


def _identity(cls: type[Converter]) -> Iterator[str]:
    yield f"{cls.__module__}:{cls.__qualname__}"
    file = Path(inspect.getfile(cls))
    # ours use each other
    for path in sorted(_OURS.glob("*.py")) if file.parent == _OURS else [file]:
        yield hashlib.sha256(path.read_bytes()).hexdigest()
    for package in cls.packages:
        found = importlib.util.find_spec(package)
        if found is not None and found.origin and Path(found.origin).is_file():
            # it is written anew when another version is installed
            yield f"{package}: {Path(found.origin).stat().st_mtime_ns}"
