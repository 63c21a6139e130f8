"""What a text generation task says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fms_dgt.core.generator import SamplingParams
from fms_dgt.core.node import Node
from fms_dgt.core.reply import FieldsReply, JsonReply, ListReply, ReplyContract, TextReply, contract_from
from fms_dgt.core.reply.schema_file import with_schema
from fms_dgt.core.table_source import Table
from fms_dgt.core.task import Task
from fms_dgt.core.typed import option
from fms_dgt.errors import Problem

COLUMN = "generation"


@dataclass(frozen=True)
class Form:
    """The form of the answer, as a template's `reply` says it."""

    said: Any = "text"
    contract: ReplyContract = TextReply()

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Form | None:
        """Read it as a template does."""
        before = len(problems)
        node = with_schema(node, problems)
        contract = contract_from(node, problems)
        return cls(node.plain(), contract) if len(problems) == before else None

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts that become columns of their own; empty where there is one value."""
        if isinstance(self.contract, FieldsReply):
            return tuple(self.contract.names)
        return self.contract.keys if isinstance(self.contract, JsonReply) else ()

    @property
    def several(self) -> bool:
        """Whether one answer has several items."""
        if isinstance(self.contract, JsonReply):
            return self.contract.several
        return isinstance(self.contract, ListReply) or getattr(self.contract, "repeated", False)


@dataclass(frozen=True, kw_only=True)
class TextGenerationTask(Task):
    """Rows, and what to ask about each of them."""

    data_field: ClassVar[str] = "input"

    input: Table | list[dict[str, Any]] = option(
        nonempty=True, help="add 'input: rows.jsonl', a table with a column 'prompt', or the rows themselves"
    )
    prompt: str = option("{{ prompt }}", nonempty=True, help="a template over the columns of a row")
    system: str = option("", help="a system prompt, a template as well")
    # it shapes the data as part of the prompt's template
    reply: Form = option(default_factory=Form, shapes=False, help="the form of the answer; text by default")
    params: SamplingParams = option(default_factory=SamplingParams, help="{temperature: 0.7}, say")
    into: str = option("", help=f"the new column; by default '{COLUMN}'")
    num_generations: int = option(1, low=1, high=1000, help="answers, or items of an answer, for each row")
    group_generations: bool = option(False, help="all answers of a row in one row, as a list")
