"""The beginning of a GGUF file: what a model says about itself, read without loading it."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from os import SEEK_CUR
from pathlib import Path
from typing import Any, BinaryIO, Final

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)
# what follows from here on is the vocabulary: long, and of no use here
VOCABULARY: Final = "tokenizer.ggml."
TEMPLATE: Final = "tokenizer.chat_template"
MOST_WORDS: Final = 4_000_000
LONGEST_TEXT: Final = 4 * 1024 * 1024
MOST_ENTRIES: Final = 10_000
HALF_FLOAT: Final = 2

_SCALARS: Final = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_TEXT: Final = 8
_ARRAY: Final = 9


class NotGGUF(ValueError):
    """A file that is not a GGUF file, or one that breaks off; the message says which."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a model says about itself; what it does not say is None."""

    values: Mapping[str, Any]

    @property
    def context(self) -> int | None:
        """The longest context that the model was trained for, in tokens."""
        return self._whole("context_length")

    def memory_of(self, tokens: int) -> int | None:
        """About how many bytes llama.cpp needs to remember so many tokens; None where that is not plain."""
        if any(".ssm." in key or "sliding_window" in key for key in self.values):
            # such models remember less, each in a way of its own
            return None
        layers, width, heads = map(self._whole, ("block_count", "embedding_length", "attention.head_count"))
        shared = self._whole("attention.head_count_kv") or heads
        if not layers or not width or not heads or not shared:
            return None
        key = self._whole("attention.key_length") or width // heads
        value = self._whole("attention.value_length") or width // heads
        return layers * shared * (key + value) * HALF_FLOAT * tokens

    def _whole(self, name: str) -> int | None:
        value = self.values.get(f"{self.values.get('general.architecture')}.{name}")
        return value if type(value) is int and value > 0 else None


def read_header(path: Path) -> Header:
    """Read up to the vocabulary. Raises NotGGUF, and OSError where the file cannot be read."""
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            raise NotGGUF("is not a GGUF file")
        (version,) = _unpack(file, "<I")
        if version not in VERSIONS:
            raise NotGGUF(f"is a GGUF file of version {version}, which cannot be read")
        _, count = _unpack(file, "<QQ")
        values: dict[str, Any] = {}
        for _ in range(count):
            key = _text(file)
            if key.startswith(VOCABULARY):
                break
            values[key] = _value(file, _unpack(file, "<I")[0])
    return Header(values)


def read_chat_template(path: Path) -> str:
    """The chat template, which stands behind the vocabulary; "" where there is none.

    Raises NotGGUF, and OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            raise NotGGUF("is not a GGUF file")
        _, _, count = _unpack(file, "<IQQ")
        for _ in range(count):
            key = _text(file)
            (kind,) = _unpack(file, "<I")
            if key == TEMPLATE and kind == _TEXT:
                return _text(file)
            _skip(file, kind)
    return ""


def _skip(file: BinaryIO, kind: int) -> None:
    if kind == _TEXT:
        (length,) = _unpack(file, "<Q")
        file.seek(length, SEEK_CUR)
        return
    if kind != _ARRAY:
        _value(file, kind)
        return
    inner, count = _unpack(file, "<IQ")
    if inner in _SCALARS:
        file.seek(count * struct.calcsize(_SCALARS[inner]), SEEK_CUR)
        return
    if inner != _TEXT or count > MOST_WORDS:
        raise NotGGUF("is a GGUF file with an odd list")
    for _ in range(count):
        _skip(file, inner)


def _value(file: BinaryIO, kind: int) -> Any:
    if kind in _SCALARS:
        return _unpack(file, _SCALARS[kind])[0]
    if kind == _TEXT:
        return _text(file)
    if kind != _ARRAY:
        raise NotGGUF("is a GGUF file with an entry of an unknown kind")
    inner, count = _unpack(file, "<IQ")
    if inner == _ARRAY or count > MOST_ENTRIES:
        raise NotGGUF("is a GGUF file with an odd list")
    return [_value(file, inner) for _ in range(count)]


def _text(file: BinaryIO) -> str:
    (length,) = _unpack(file, "<Q")
    if length > LONGEST_TEXT:
        raise NotGGUF("is a GGUF file with a text of odd length")
    return _bytes(file, length).decode("utf-8", "replace")


def _unpack(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, _bytes(file, struct.calcsize(form)))


def _bytes(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) < length:
        raise NotGGUF("breaks off: it was not copied or fetched to its end")
    return data
