"""What a pipeline's task says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fms_dgt.builders.pipeline.flow_file import FlowFile
from fms_dgt.core.node import Node
from fms_dgt.core.table_source import Table
from fms_dgt.core.task import Task
from fms_dgt.core.typed import option


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Seeds are drawn for prompts, in place of being rows themselves."""

    examples: int = option(3, low=1, help="seed examples in a draw")
    into: str = option("examples", nonempty=True, help="the column for them, a list")
    alike: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class PipelineTask(Task):
    """A flow in YAML, and the rows that go through it."""

    # its stages and templates are fingerprinted each by itself, wherever they stand
    flow: FlowFile = option(shapes=False, help="add 'flow:' with the stages below it, or the name of a flow")
    input: Table | list[dict[str, Any]] | None = option(
        None, aliases=("rows",), help="a table (a .jsonl, .csv or .parquet file, a dataset), or the rows"
    )
    seed_examples: list[dict[str, Any]] = option(
        default_factory=list, help="rows that stand in the task itself"
    )
    draw: Draw | None = option(None, help="draw seed examples without end, several a row")
    # what they say shapes the data, and is in `columns`
    output: list[Node] = option(
        default_factory=list, shapes=False, help="the columns of a record; else as the flow says"
    )
    columns: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        said = [str(node.value) for node in self.output or self.flow.output]
        object.__setattr__(self, "columns", said)
