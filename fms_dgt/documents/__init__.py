"""Documents: fetched, converted, cut into chunks.

A collection names its documents, and gives them one by one as Markdown; `split` cuts them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fms_dgt.documents.chunks import split
from fms_dgt.documents.collection import Collection
from fms_dgt.documents.converters.converter import Converter
from fms_dgt.documents.document import Chunk, ChunkSize, Document
from fms_dgt.documents.git_spec import GitDocuments
from fms_dgt.documents.limits import document_limits
from fms_dgt.documents.measure import estimated_tokens

__all__ = [
    "Chunk",
    "ChunkSize",
    "Collection",
    "Converter",
    "Document",
    "GitDocuments",
    "document_limits",
    "estimated_tokens",
    "git_collection",
    "local_collection",
    "split",
    "table_collection",
    "url_collection",
]


def git_collection(
    spec: GitDocuments,
    *,
    cache: Path | None = None,
    root: Path | None = None,
    converters: Mapping[str, str] | None = None,
    allow_hosts: Sequence[str] = (),
) -> Collection:
    """The files of a commit that match the patterns; names are paths in the repository.

    `cache` is where fetched commits are kept (by default below the user's cache folder, see
    docs/documents.md), `root` what a relative path to a local repository is relative to.
    `converters` names a converter for a suffix, where it is not to be the usual one; `allow_hosts` are
    hosts that need not have a public address.
    """
    from fms_dgt.documents.git import GitCollection  # noqa: PLC0415

    return GitCollection(
        spec, cache=cache, root=root or Path.cwd(), converters=converters, allow_hosts=allow_hosts
    )


def local_collection(
    paths: Sequence[Path | str], *, root: Path, converters: Mapping[str, str] | None = None
) -> Collection:
    """Files, folders (all in them that can be read) and globs, relative to `root`; names are, too."""
    from fms_dgt.documents.local import LocalDocuments  # noqa: PLC0415

    return LocalDocuments(paths, root, converters)


def url_collection(
    urls: Sequence[str],
    *,
    cache: Path | None = None,
    converters: Mapping[str, str] | None = None,
    allow_hosts: Sequence[str] = (),
) -> Collection:
    """Pages and files over http and https. What was fetched once is read from the cache from then on.

    Only public addresses are asked, and `allow_hosts`: those of an intranet, say.
    """
    from fms_dgt.documents.urls import UrlDocuments  # noqa: PLC0415

    return UrlDocuments(urls, cache=cache, converters=converters, allow_hosts=allow_hosts)


def table_collection(
    path: Path,
    format: str,  # noqa: A002
    fields: Sequence[str] = (),
    content_key: str = "content",
) -> Collection:
    """The rows of a JSONL or Parquet file, each a document: the column `content_key` is its text.

    `fields` are the columns to keep in `Document.fields`. Names are "FILE:LINE", counted from 1.
    """
    from fms_dgt.documents.table import TableDocuments  # noqa: PLC0415

    return TableDocuments(path, format, fields=fields, content_key=content_key)
