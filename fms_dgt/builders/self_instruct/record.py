"""What comes out of a self_instruct task."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt.core.record import Record


@dataclass(frozen=True, kw_only=True)
class SelfInstructRecord(Record):
    """An instruction with one instance: an input (empty where none is needed) and its output.

    About a text, `input` is the text. `output` is empty where none was asked for, and
    `is_classification` null where nobody asked whether it is one.
    """

    task_name: str
    taxonomy_path: str
    task_description: str
    instruction: str
    input: str = ""
    output: str = ""
    is_classification: bool | None = None
