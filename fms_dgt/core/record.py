"""What comes out of a flow, in the builder's own type."""

from __future__ import annotations

from dataclasses import dataclass

from dataclasses_json import DataClassJsonMixin


@dataclass(frozen=True)
class Record(DataClassJsonMixin):
    """Base of record types: a frozen dataclass whose fields are columns of the finished rows.

    Fields without a default must be made by the flow, the task's columns or the source.
    """


@dataclass(frozen=True)
class Columns(Record):
    """A record that is the finished row itself, for builders that do not know its columns beforehand.

    It has every column of the row, or those that the builder's `output` names.
    """
