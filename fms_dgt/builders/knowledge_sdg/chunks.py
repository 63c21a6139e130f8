"""The chunks of a task's documents, one unit each, as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fms_dgt.core.canonical import hexdigest
from fms_dgt.core.row import Unit
from fms_dgt.core.source import Source
from fms_dgt.documents import Chunk, ChunkSize, Collection, split


class Chunks(Source):
    """One unit a chunk, in the order of the documents; only one document is held.

    A unit is named by its headings and its text, and how often they occurred before: what changes
    elsewhere, or where the text stands (in another file, in a later row), does not rename it, so its
    answers still serve.
    """

    endless = False

    def __init__(self, collections: Sequence[Collection], size: ChunkSize) -> None:
        self.collections = collections
        self.chunk_size = size

    def units(self, seed: int, start: int = 0) -> Iterator[Unit]:
        seen: dict[str, int] = {}
        for number, row in enumerate(self._rows()):
            key = hexdigest([row["headings"], row["raw_document"]])[:20]
            occurrence = seen.get(key, 0)
            seen[key] = occurrence + 1
            if number >= start:
                yield Unit(number, f"{key}.{occurrence}" if occurrence else key, row)

    def fingerprint(self) -> str:
        """The documents' content and the size of the chunks."""
        size = [self.chunk_size.words, self.chunk_size.tokens, self.chunk_size.tokenizer]
        return hexdigest([[one.fingerprint() for one in self.collections], size])

    def _rows(self) -> Iterator[dict[str, Any]]:
        for collection in self.collections:
            for document in collection:
                for chunk in split(document, self.chunk_size):
                    yield {**_columns(chunk), "document_fields": dict(document.fields)}


def _columns(chunk: Chunk) -> dict[str, Any]:
    """A chunk as a row. `document` is what a prompt shows: the chunk, until a summary takes its place."""
    return {
        "document": chunk.text,
        "raw_document": chunk.text,
        "document_name": chunk.document,
        "headings": list(chunk.headings),
        "start": chunk.start,
        "end": chunk.end,
    }
