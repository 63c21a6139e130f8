"""Whether the documents of knowledge can be had: repositories are fetched for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from fms_dgt.documents import Collection, GitDocuments, git_collection
from fms_dgt.errors import Problem, UserError
from fms_dgt.taxonomy.finding import FileReport, Finding, Level
from fms_dgt.taxonomy.layout import Spot
from fms_dgt.taxonomy.many import Tick
from fms_dgt.taxonomy.read import TaxonomyNode, read_spots

AT_ONCE = 4

Fetch: TypeAlias = Callable[..., Collection]


def check_documents(
    spots: Sequence[Spot],
    reports: Sequence[FileReport],
    tick: Tick = lambda _: None,
    *,
    cache: Path | None = None,
    allow_hosts: Sequence[str] = (),
) -> list[FileReport]:
    """The reports with what is wrong with the documents that knowledge names.

    A repository or commit that cannot be had is an error, and so are patterns that give no document;
    where other patterns do, it is a warning. `allow_hosts` need not have a public address.
    """
    collection: Fetch = partial(git_collection, cache=cache, allow_hosts=allow_hosts)

    def checked(pair: tuple[Spot, FileReport]) -> FileReport:
        spot, report = pair
        if report.kind != "knowledge":
            return report
        found = [finding for node in read_spots([spot]).nodes for finding in _findings(node, collection)]
        tick(1)
        return report.with_findings(found)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(checked, zip(spots, reports, strict=True)))


def _findings(node: TaxonomyNode, collection: Fetch) -> list[Finding]:
    spec = node.document
    if spec is None:
        return []
    root = node.file.parent
    problems = _problems(spec, root, collection)
    level: Level = "error"
    if problems and len(spec.patterns) > 1:
        single = (replace(spec, patterns=[pattern]) for pattern in spec.patterns)
        level = "warning" if any(not _problems(one, root, collection) for one in single) else "error"
    place = node.said.value["document"]
    return [
        Finding.at(place, level, "document", str(replace(problem, mend="")), problem.mend)
        for problem in problems
    ]


def _problems(spec: GitDocuments, root: Path, collection: Fetch) -> list[Problem]:
    try:
        return collection(spec, root=root).problems()
    except UserError as error:
        return [Problem(str(error))]
