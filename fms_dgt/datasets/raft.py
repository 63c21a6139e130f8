"""Contexts for RAFT: the document that has the answer, or not, among others that do not.

The texts lie in a temporary file; memory holds a digest and a place for each text that differs from all
others (about a quarter of a kilobyte), and nothing of the questions and answers.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random
from types import TracebackType
from typing import Literal, Self, TypeAlias

from fms_dgt.datasets.columns import KnowledgeRow
from fms_dgt.datasets.text_file import TextFile
from fms_dgt.errors import InputError, Problem

Apart: TypeAlias = Literal["documents", "chunks"]
_SENTENCE = re.compile(r"[.!?\n\u3002\uff01\uff1f]")
# shorter sentences, and rows of tables, may stand in any document
_TELLING, _MARKS = 30, 3
# a document within a task, or a chunk's digest
_Key: TypeAlias = tuple[str, str] | bytes


@dataclass(frozen=True, slots=True)
class RaftSettings:
    """A share `p` of the contexts has the golden document; each has up to `size` documents.

    `distractors` says where the others are from: other "documents", or other "chunks", of any document.
    """

    p: float = 0.4
    size: int = 4
    distractors: Apart = "documents"

    def check(self) -> None:
        """Raises InputError where contexts cannot be made so."""
        problems = []
        if not 0 <= self.p <= 1:
            problems.append(Problem(f"the share of golden documents is {self.p:g}", "it is from 0 to 1"))
        if self.size < 1:
            problems.append(Problem(f"a context is of {self.size} documents", "it has one or more"))
        if problems:
            raise InputError(problems)


@dataclass(frozen=True, slots=True)
class Context:
    """The texts that a question is asked with, and whether the one it is about is among them."""

    texts: list[str]
    golden: bool


@dataclass(slots=True)
class _Chunk:
    """One piece of a document, and the numbers of the texts made of it: itself, its summaries."""

    digest: bytes
    document: int
    texts: array[int] = field(default_factory=lambda: array("Q"))


class Documents:
    """Every text that a context may hold, by the chunk and the document it is from.

    With `apart="documents"` distractors come from other documents than the golden text, with "chunks" from
    other chunks, of the same document too. A document that two tasks use is one document: its file's name
    is the same, and they share sentences, however each has cut it.
    """

    def __init__(self, rows: Iterable[KnowledgeRow], apart: Apart = "documents") -> None:
        self._apart = apart
        self._file = TextFile()
        self._chunks: list[_Chunk] = []
        self._documents: dict[_Key, int] = {}
        self._same: list[int] = []
        try:
            self._index(rows)
        except BaseException:
            self._file.close()
            raise
        self._chunks.sort(key=lambda chunk: self._root(chunk.document))
        self._ranges = self._found_ranges()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self._ranges)

    def context(self, row: KnowledgeRow, settings: RaftSettings, random: Random) -> Context:
        """Texts in random order. Where there is no other text at all, the row's own stands alone."""
        golden = random.random() < settings.p
        others = self._others(row, settings.size - golden, random)
        if not others:
            return Context([row.document], golden=True)
        texts = [*others, row.document] if golden else others
        random.shuffle(texts)
        return Context(texts, golden)

    def _others(self, row: KnowledgeRow, wanted: int, random: Random) -> list[str]:
        """A text each of up to `wanted` chunks that differ from each other and from the golden one."""
        start, end = self._ranges[self._root(self._documents[self._key(row)])]
        seen = {_digest(row.raw_document)}
        found: list[str] = []
        for at in _in_random_order(len(self._chunks) - (end - start), random):
            if len(found) >= wanted:
                break
            chunk = self._chunks[at if at < start else at + end - start]
            if chunk.digest not in seen:
                seen.add(chunk.digest)
                found.append(self._file.text(random.choice(chunk.texts)))
        return found

    def _index(self, rows: Iterable[KnowledgeRow]) -> None:
        chunks: dict[tuple[int, bytes], _Chunk] = {}
        named: dict[tuple[str, bytes], int] = {}
        texts: set[bytes] = set()
        for row in rows:
            digest = _digest(row.raw_document)
            document = self._documents.setdefault(self._key(row), len(self._same))
            if document == len(self._same):
                self._same.append(document)
            if (document, digest) not in chunks:
                self._chunks.append(chunks.setdefault((document, digest), _Chunk(digest, document)))
                name = row.document_name.rpartition("/")[2]
                # chunks, and what has no name, are known by their text alone
                for mark in _marks(row.raw_document) if name and self._apart == "documents" else [digest]:
                    self._join(document, named.setdefault((name, mark), document))
            text = _digest(row.document, digest, document.to_bytes(8, "big"))
            if text not in texts:
                texts.add(text)
                chunks[document, digest].texts.append(self._file.add(row.document))
        self._file.flush()

    def _key(self, row: KnowledgeRow) -> _Key:
        if self._apart == "chunks" or not row.document_name:
            return _digest(row.raw_document)
        return (row.task_name or row.taxonomy_path, row.document_name)

    def _join(self, one: int, other: int) -> None:
        """Two names of one document."""
        self._same[self._root(one)] = self._root(other)

    def _root(self, document: int) -> int:
        while self._same[document] != document:
            document = self._same[document]
        return document

    def _found_ranges(self) -> dict[int, tuple[int, int]]:
        """Which of the sorted chunks are a document's."""
        ranges: dict[int, tuple[int, int]] = {}
        for at, chunk in enumerate(self._chunks):
            root = self._root(chunk.document)
            ranges[root] = (ranges[root][0] if root in ranges else at, at + 1)
        return ranges


def _digest(text: str, *more: bytes) -> bytes:
    return blake2b(b"".join([*more, text.encode("utf-8", "surrogatepass")]), digest_size=16).digest()


def _marks(text: str) -> list[bytes]:
    """By what the same text is known where it is cut in another way: a few of its sentences.

    Those with the smallest digests are the same ones, whatever stands around them.
    """
    whole = (part.strip() for part in _SENTENCE.split(text))
    return sorted({_digest(part) for part in whole if len(part) >= _TELLING})[:_MARKS] or [_digest(text)]


def _in_random_order(count: int, random: Random) -> Iterator[int]:
    """The numbers below `count`, shuffled only as far as they are asked for."""
    moved: dict[int, int] = {}
    for at in range(count):
        other = random.randrange(at, count)
        yield moved.get(other, other)
        moved[other] = moved.get(at, at)
