"""What a `task.yaml` says, as a dataclass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fms_dgt.core.calibration import CalibrationRow
from fms_dgt.core.typed import option


@dataclass(frozen=True, kw_only=True)
class Task:
    """What every task says. Builders subclass it; the fields they add are keys of the file.

    `data_field` names the field that rows given from Python (`fms_dgt.run(task, data=...)`) replace.
    """

    data_field: ClassVar[str] = "seed_examples"

    task_name: str = option(help="the name of the task; its folder below the output folder")
    task_description: str = option(help="add 'task_description: ...', one sentence on what is wanted")
    created_by: str = option(help="add 'created_by: ...', who wrote this task")
    taxonomy_path: str = option("", help="the task's place in a taxonomy")
    calibrate: list[CalibrationRow] = option(
        default_factory=list, shapes=False, help="rows of known quality, to check the judges with"
    )
