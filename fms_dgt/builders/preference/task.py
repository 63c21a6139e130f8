"""What a preference task says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fms_dgt.core.table_source import Table
from fms_dgt.core.task import Task
from fms_dgt.core.typed import option


@dataclass(frozen=True, kw_only=True)
class PreferenceTask(Task):
    """Rows with prompts that are to be answered several times."""

    data_field: ClassVar[str] = "input"

    input: Table | list[dict[str, Any]] = option(
        nonempty=True, help="add 'input: rows.jsonl', a table with a column 'prompt', or the rows themselves"
    )
    prompt: str = option("{{ prompt }}", nonempty=True, help="a template over the columns of a row")
