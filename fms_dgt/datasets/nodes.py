"""The nodes of a taxonomy that rows are of, and how their files are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fms_dgt.core.canonical import hexdigest
from fms_dgt.datasets.columns import Kind, node_of
from fms_dgt.datasets.tables import SomeRow, Table


@dataclass(frozen=True)
class Node:
    """One node, or task: the tables that have rows of it, and a name for its files."""

    name: str
    kind: Kind
    file: str
    tables: Sequence[Table] = ()

    @property
    def phase_1(self) -> str:
        """The name of a knowledge node's first training set."""
        return f"{self.file}_p07"

    @property
    def phase_2(self) -> str:
        """The name of a knowledge node's second training set."""
        return f"{self.file}_p10"

    @property
    def files(self) -> tuple[str, ...]:
        """The names of what is written of it."""
        return (self.phase_1, self.phase_2) if self.kind == "knowledge" else (self.file,)


def nodes_of(given: Mapping[Kind, Sequence[Table]]) -> list[Node]:
    """The nodes, in the order in which they are first met. No two write the same file."""
    having: dict[tuple[str, Kind], list[Table]] = {}
    for kind, found in given.items():
        for table in found:
            for name in dict.fromkeys(node_of(row) for _, row in table.rows() if row):
                having.setdefault((name, kind), []).append(_rows_of(table, name))
    nodes = [Node(name, kind, _plain(name, kind), there) for (name, kind), there in having.items()]
    return list(_told_apart(nodes))


def _rows_of(table: Table, name: str) -> Table:
    """The rows of one node; others are empty, which keeps the numbers right."""

    def read() -> Iterator[SomeRow]:
        return (row if row and node_of(row) == name else {} for row in table.read())

    return replace(table, read=read)


def _plain(name: str, kind: Kind) -> str:
    return re.sub(r"[^\w.+-]+", "_", name).strip("._") or kind


def _told_apart(nodes: Sequence[Node]) -> Iterator[Node]:
    """With a mark, where two would write the same file: `a_b/c` and `a/b_c`, say."""
    often = Counter(file.casefold() for node in nodes for file in node.files)
    for node in nodes:
        alone = all(often[file.casefold()] == 1 for file in node.files)
        mark = hexdigest([node.name, node.kind])[:6]
        yield node if alone else replace(node, file=f"{node.file}-{mark}")
