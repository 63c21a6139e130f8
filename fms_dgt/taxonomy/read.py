"""A taxonomy's nodes, ready to be made tasks of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fms_dgt.core.node import Node, Place
from fms_dgt.documents import GitDocuments
from fms_dgt.taxonomy.check import read_checked
from fms_dgt.taxonomy.finding import FileReport
from fms_dgt.taxonomy.layout import Kind, Spot, find_spots, task_names
from fms_dgt.taxonomy.limits import entries
from fms_dgt.taxonomy.rules import PATTERNS_AS_TEXT

READ_BY_INSTRUCTLAB: tuple[Kind, ...] = ("compositional", "knowledge")
# what InstructLab refuses although it is clear what is meant
_CLEAR = (PATTERNS_AS_TEXT, "folder-name")


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Seed:
    """A seed example: a skill's one pair, or a context of knowledge with all its pairs."""

    pairs: tuple[Pair, ...]
    context: str
    place: Place

    @property
    def grounded(self) -> bool:
        """Whether its pairs are about a text."""
        return bool(self.context.strip())


@dataclass(frozen=True, slots=True)
class TaxonomyNode:
    """One `qna.yaml` that can be read. `said` is all of it, each value with its line.

    `path` is its folder below the taxonomy's root, with slashes, and stands in records as
    `taxonomy_path`; `name` is the same wherever that can name a folder, and unlike every other
    node's.
    """

    file: Path
    path: str
    name: str
    kind: Kind
    version: int
    said: Node

    @property
    def seeds(self) -> tuple[Seed, ...]:
        """All seed examples, in the order of the file."""
        return tuple(_seeds(self.said, self.kind))

    @property
    def grounded(self) -> tuple[Seed, ...]:
        """Those with a context. A skill may have both sorts."""
        return tuple(seed for seed in self.seeds if seed.grounded)

    @property
    def free(self) -> tuple[Seed, ...]:
        """Those without."""
        return tuple(seed for seed in self.seeds if not seed.grounded)

    @property
    def document(self) -> GitDocuments | None:
        """Where knowledge has its documents; None for skills."""
        node = self.said.get("document") if self.kind == "knowledge" else None
        return document_of(node) if node else None


@dataclass(frozen=True, slots=True)
class Reading:
    """The nodes that can be read, by path, and the files that cannot, each with its findings."""

    nodes: tuple[TaxonomyNode, ...]
    unread: tuple[FileReport, ...]


def read_taxonomy(path: Path, *, kinds: Collection[Kind] = READ_BY_INSTRUCTLAB) -> Reading:
    """The nodes of a file, a subtree or a taxonomy. Raises InputError where there are none.

    A kind that is not among `kinds` is read where `path` leads to nothing else.
    """
    return read_spots(read_of(find_spots(path), kinds))


def read_of(spots: Sequence[Spot], kinds: Collection[Kind] = READ_BY_INSTRUCTLAB) -> Sequence[Spot]:
    """Those of these kinds; all, where there are no others."""
    return [spot for spot in spots if spot.kind is None or spot.kind in kinds] or spots


def read_spots(spots: Sequence[Spot]) -> Reading:
    """The nodes of these files."""
    # a node is called the same whichever others are read with it
    roots = dict.fromkeys(spot.root for spot in spots)
    others = [other.path for root in roots if root for other in find_spots(root)]
    names = task_names([*others, *(spot.path for spot in spots)])
    nodes: list[TaxonomyNode] = []
    unread: list[FileReport] = []
    for spot in spots:
        report, said = read_checked(spot)
        hindering = [finding for finding in report.errors if finding.rule not in _CLEAR]
        if said is None or hindering or report.version is None:
            unread.append(replace(report, findings=tuple(hindering) or report.findings))
        else:
            name = names[spot.path]
            nodes.append(TaxonomyNode(spot.file, spot.path, name, report.kind, report.version, said))
    return Reading(tuple(nodes), tuple(unread))


def document_of(node: Node) -> GitDocuments:
    """What `document:` says; patterns in one text with commas are taken one by one."""
    said = {key: str(child.value) for key, child in node.items() if key != "patterns"}
    patterns = [str(one.value) for one in patterns_of(node)]
    return GitDocuments(repo=said["repo"], commit=said["commit"], patterns=patterns)


def patterns_of(node: Node) -> list[Node]:
    """The patterns of a `document:`, each with its place."""
    patterns = node.value["patterns"]
    if patterns.is_list:
        return list(patterns.value)
    parts = [part.strip() for part in patterns.value.replace("\n", ",").split(",")]
    return [Node(part, patterns.place) for part in parts if part]


def _seeds(said: Node, kind: Kind) -> Iterator[Seed]:
    for node in entries(said, "seed_examples"):
        pairs = entries(node, "questions_and_answers") if kind == "knowledge" else [node]
        context = node.get("context")
        yield Seed(
            tuple(Pair(pair.value["question"].value, pair.value["answer"].value) for pair in pairs),
            context.value if context else "",
            node.place,
        )
