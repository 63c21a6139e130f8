"""Markdown and plain text: read as they are."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import ClassVar

from fms_dgt.documents.converters.converter import Converter

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\x1b\x1a\x08\x1c\x1d\x1e\x1f"))
_SAVE = "save it as UTF-8"


class TextConverter(Converter):
    """UTF-8, what a byte order mark says, or else Windows-1252 where the text looks Western."""

    suffixes: ClassVar[tuple[str, ...]] = (".md", ".markdown", ".mdown", ".mkd", ".txt", ".text")

    def convert(self, path: Path) -> str:
        return decoded(path.read_bytes())[0]


def decoded(data: bytes) -> tuple[str, str]:
    """The text, and what was guessed (empty where nothing was). Raises ValueError for what is not text."""
    mark = next((name for start, name in _MARKS if data.startswith(start)), None)
    try:
        text, guess = data.decode(mark or "utf-8"), ""
    except UnicodeDecodeError as error:
        if mark:
            raise ValueError(f"its byte order mark says {mark}, which it is not; {_SAVE}") from error
        text, guess = _western(data), "is not UTF-8 and was read as Windows-1252"
    if "\0" in text:
        raise ValueError("is binary, not text; leave it out")
    return text.replace("\r\n", "\n").replace("\r", "\n"), guess


def _western(data: bytes) -> str:
    """The bytes as Windows-1252, if few of them are beyond ASCII, as in Western languages."""
    if len(data.translate(None, _CONTROLS)) < len(data):
        raise ValueError("is binary, not text; leave it out")
    beyond = len(data.translate(None, bytes(range(0x80))))
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise ValueError(f"is in an encoding that cannot be told; {_SAVE}") from error
    if beyond * 4 > len(data):
        raise ValueError(f"is in an encoding that cannot be told; {_SAVE}")
    return text
