"""From what a task says of its documents to collections of them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from fms_dgt.builders.knowledge_sdg.places import Places
from fms_dgt.builders.knowledge_sdg.task import KnowledgeDatastore, KnowledgeTask
from fms_dgt.documents import Collection, git_collection, local_collection, table_collection, url_collection
from fms_dgt.errors import Problem
from fms_dgt.safety.folders import matches, matching

Converters = Mapping[str, str]


def collections_of(task: KnowledgeTask, converters: Converters) -> list[Collection]:
    """The task's documents, each file once, whatever names it stands under."""
    return [
        *(collection for _, collection in _repository(task, converters)),
        *_files(task.documents.places, converters),
        *(collection for _, collection in _store(task, converters)),
    ]


def problems_of(task: KnowledgeTask, converters: Converters) -> list[Problem]:
    """What is wrong with the task's documents, each with its place in the task."""
    said = [*_repository(task, converters), *_store(task, converters)]
    for places in task.documents.places:
        said.extend((places.where, collection) for collection in _files([places], converters))
    return [
        replace(problem, where=f"{where}: {problem.where}" if problem.where else where)
        for where, collection in said
        for problem in collection.problems()
    ]


def _repository(task: KnowledgeTask, converters: Converters) -> Iterator[tuple[str, Collection]]:
    said = task.document
    if said is not None:
        yield said.where, git_collection(said.spec, root=said.beside, converters=converters)


def _store(task: KnowledgeTask, converters: Converters) -> Iterator[tuple[str, Collection]]:
    store = task.knowledge_datastore
    if store is None:
        return
    places = store.data_path
    if not store.is_table:
        for collection in _files([_of_format(places, store.format)], converters):
            yield places.where, collection
        return
    for path in _tables(store):
        fields = [name for name in store.fields_to_extract if name != store.content_column]
        table = table_collection(path, store.format, fields=fields, content_key=store.content_column)
        yield places.where, table


def _tables(store: KnowledgeDatastore) -> list[Path]:
    """The files of a store; a path that leads nowhere is kept, so that it is told of."""
    (text,) = _of_format(store.data_path, store.format).said
    root, pattern = _rooted(text, store.data_path.beside)
    return matching(root / pattern) or [root / pattern]


def _of_format(places: Places, form: str) -> Places:
    """A folder stands for all files of the format in it."""
    (text,) = places.said
    root, pattern = _rooted(text, places.beside)
    return replace(places, said=(f"{text.rstrip('/')}/**/*.{form}",)) if (root / pattern).is_dir() else places


def _files(several: Sequence[Places], converters: Converters) -> list[Collection]:
    by_root: dict[Path, list[str]] = {}
    for places in several:
        for text in places.paths:
            root, pattern = _rooted(text, places.beside)
            by_root.setdefault(root, []).append(pattern)
    local = [local_collection(paths, root=root, converters=converters) for root, paths in by_root.items()]
    urls = list(dict.fromkeys(url for places in several for url in places.urls))
    return [*local, *([url_collection(urls, converters=converters)] if urls else [])]


def _rooted(text: str, beside: Path) -> tuple[Path, str]:
    """The folder that documents are named from, and the path or pattern below it.

    It is the task file's folder, or the working directory where nothing is there. What is said in full
    is named from the last folder that the words hold: no record has a path of this machine.
    """
    path = Path(os.path.expanduser(text))  # noqa: PTH111 (leaves an unknown user's "~name" as it is)
    if not path.is_absolute():
        there = (base for base in (beside, Path()) if glob.has_magic(text) or (base / path).exists())
        return next((base for base in there if _has(base, text)), beside), text
    fixed = path
    while glob.has_magic(str(fixed)) and not fixed.exists():
        fixed = fixed.parent
    root = fixed if fixed.is_dir() else fixed.parent
    below = PurePath(path).relative_to(root).as_posix()
    return root, "**/*" if below == "." else below


def _has(base: Path, pattern: str) -> bool:
    path = base / pattern
    return path.exists() or next(matches(path), None) is not None
