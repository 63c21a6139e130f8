"""What a conversion may take: by the kind of file and its size, times what the user allows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from fms_dgt.safety.worker import Limits

_MB = 2**20
# seconds for any file, and for each megabyte of it: several times what usual files of the kind take
_SECONDS: Mapping[str, tuple[float, float]] = {
    ".pdf": (120, 600),
    ".docx": (60, 120),
    ".pptx": (60, 60),
    ".html": (30, 30),
    ".htm": (30, 30),
    ".xhtml": (30, 30),
}
# converters of others may well recognise characters, or run a model
_OTHERS_SECONDS = (600, 3600)
_MEMORY, _OTHERS_MEMORY = 1024 * _MB, 8192 * _MB
_MEMORY_EACH_BYTE = 10
_OUTPUT = 128 * _MB

_allowed = 1.0


@contextlib.contextmanager
def document_limits(times: float) -> Iterator[None]:
    """Within it, converting a document may take `times` as much time and memory as usual, in this process."""
    global _allowed  # noqa: PLW0603 (a run may be in a thread of its own)
    before, _allowed = _allowed, times
    try:
        yield
    finally:
        _allowed = before


def conversion_limits(suffix: str, size: int, *, is_ours: bool) -> Limits:
    """The limits for a file of `size` bytes."""
    fixed, each = _SECONDS.get(suffix, _OTHERS_SECONDS) if is_ours else _OTHERS_SECONDS
    memory = (_MEMORY if is_ours else _OTHERS_MEMORY) + _MEMORY_EACH_BYTE * size
    return Limits(
        seconds=round(_allowed * (fixed + each * size / _MB)), memory=int(_allowed * memory), output=_OUTPUT
    )
