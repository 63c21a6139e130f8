"""The nouns: a document, a piece of it, and how large a piece may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fms_dgt.core.typed import option


@dataclass(frozen=True)
class Document:
    r"""One document as Markdown.

    `name` is its POSIX path below its collection's root, or its URL without what may be secret;
    `text` has "\n" as its only line end; `fields` are the other columns of a row of a table.
    """

    name: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Chunk:
    """A piece of a document: its characters from `start` up to `end`, without blank lines around them.

    `text` is `Document.text[start:end]`. Only where a table or a block of code had to be cut, it has
    more: the table's head, or the fence, once again. `headings` are those it stands under, from the
    outermost on; `number` counts the chunks of a document from 0.
    """

    text: str
    document: str
    headings: tuple[str, ...]
    start: int
    end: int
    number: int


@dataclass(frozen=True, kw_only=True)
class ChunkSize:
    """The most that a chunk may have: of words, or of tokens.

    Tokens are estimated (`estimated_tokens`), or counted by `tokenizer`: a `tokenizer.json`, a folder
    that has one, or the name of a model on Hugging Face, which is then loaded from there.
    """

    words: int | None = option(None, low=1)
    tokens: int | None = option(None, low=1)
    tokenizer: str = ""

    def __post_init__(self) -> None:
        if (self.words is None) == (self.tokens is None):
            raise ValueError("a chunk's size is given in words or in tokens: name one of the two")
        if self.limit < 1:
            raise ValueError(f"a chunk of {self.limit} words or tokens holds nothing: name 1 or more")
        if self.tokenizer and self.tokens is None:
            raise ValueError("a tokenizer counts tokens: give the size in tokens")

    @property
    def limit(self) -> int:
        """The number, of whichever."""
        return self.words if self.words is not None else self.tokens or 0
