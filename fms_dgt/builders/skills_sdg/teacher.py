"""Which file holds which prompt: `teacher_config`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from fms_dgt.core.node import Node
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError, Problem, did_you_mean

SHIPPED = Path(__file__).parent / "templates" / "teacher_config.yaml"


@dataclass(frozen=True)
class TeacherConfig:
    """The template files of a file like `templates/teacher_config.yaml`, by template name.

    A user's own names those that it replaces. Its paths are relative to itself; its own path is
    relative to the file that says it, or to the working directory.
    """

    own: Mapping[str, Path] = field(default_factory=dict)

    @property
    def files(self) -> Mapping[str, Path]:
        """Every template's file."""
        return {**shipped_files(), **self.own}

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> TeacherConfig | None:
        """Read the file that the node names."""
        if not isinstance(node.value, str):
            problems.append(node.problem(f"must be a path, not {node.kind()}", "name a YAML file"))
            return None
        path = _found(node)
        if path is None:
            mend = "give its path from this file or from the working directory"
            problems.append(node.problem(f"there is no file '{node.value}'", mend))
            return None
        before = len(problems)
        try:
            own = _files(read_yaml(path), path.parent, problems)
        except InputError as error:
            problems.extend(error.problems)
            return None
        return cls(own) if len(problems) == before else None


@cache
def shipped_files() -> Mapping[str, Path]:
    """The builder's own templates."""
    return {name: SHIPPED.parent / file.value for name, file in read_yaml(SHIPPED).items()}


def _found(node: Node) -> Path | None:
    beside = Path(node.place.origin).parent / node.value
    return next((path for path in (beside, Path(node.value)) if path.is_file()), None)


def _files(said: Node, folder: Path, problems: list[Problem]) -> dict[str, Path]:
    if not said.is_mapping:
        mend = "write 'answer_template: my_answer.yaml', say"
        problems.append(said.problem(f"must be a mapping of templates to files, not {said.kind()}", mend))
        return {}
    files = {}
    for name, file in said.items():
        if name not in shipped_files():
            mend = did_you_mean(name, shipped_files(), noun="templates")
            problems.append(file.problem(f"unknown template '{name}'", mend))
        elif not isinstance(file.value, str) or not (folder / file.value).is_file():
            what = f"there is no file '{file.value}'" if isinstance(file.value, str) else "must be a path"
            problems.append(file.problem(what, f"give its path from {folder or 'here'}"))
        else:
            files[name] = folder / file.value
    return files
