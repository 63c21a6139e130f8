"""Where a task's flow stands: in the task, in a file, or in a library of flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode, option
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError, Problem, did_you_mean

SHIPPED = Path(__file__).parent / "flows"
LIBRARY = "flows"
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, kw_only=True)
class _Said:
    """A flow file."""

    name: str = ""
    description: str = ""
    input: list[Node] = option(default_factory=list, help="the columns that it begins with")
    stages: list[Node] = option(nonempty=True, help="add 'stages:' and the stages below it")
    output: list[Node] = option(default_factory=list, help="the columns of a record; all by default")
    missing: list[str] = option(
        default_factory=list, help="parts without a counterpart, of a flow that was imported"
    )


@dataclass(frozen=True)
class FlowFile:
    """A flow as YAML has it. `input` are columns that it needs to begin with, `output` those of a record.

    A field of this type takes a list of stages, a mapping as in a flow file, or the name of one: a path
    from the file that says it or from the working directory, or a name in a folder `flows` there, or
    one that comes with the package. `missing` says what of an imported flow is not in it.
    """

    node: Node
    input: Sequence[Node] = ()
    stages: Sequence[Node] = ()
    output: Sequence[Node] = ()
    missing: Sequence[str] = ()

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """Read it as far as its stages."""
        if isinstance(node.value, str):
            content = _content(node, problems)
            return None if content is None else cls.from_node(content, problems)
        if node.is_list:
            node = Node({"stages": node}, node.place)
        said = decode(_Said, node, problems)
        if said is None:
            return None
        wrong = [name for name in (*said.input, *said.output) if not isinstance(name.value, str)]
        problems.extend(name.problem(f"must be the name of a column, not {name.kind()}") for name in wrong)
        return None if wrong else cls(node, said.input, said.stages, said.output, said.missing)


def names_beside(folder: Path) -> list[str]:
    """The flows in a library folder, sorted."""
    return sorted(path.stem for path in folder.glob("*") if path.suffix in SUFFIXES)


def _content(node: Node, problems: list[Problem]) -> Node | None:
    path = _found(str(node.value), Path(node.place.origin).parent)
    if path is None:
        known = {*names_beside(SHIPPED), *names_beside(Path(LIBRARY))}
        mend = f"name a file, or a flow by name ({did_you_mean(str(node.value), known, noun='flows')})"
        problems.append(node.problem(f"there is no flow '{node.value}'", mend))
        return None
    try:
        content = read_yaml(path)
    except InputError as error:
        problems.extend(error.problems)
        return None
    if isinstance(content.value, str):
        problems.append(content.problem("a flow must be a list of stages, or a mapping with 'stages:'"))
        return None
    return content


def _found(said: str, beside: Path) -> Path | None:
    here = Path()
    names = [said] if said.endswith(SUFFIXES) else [said, *(f"{said}{suffix}" for suffix in SUFFIXES)]
    for folder in (beside, here, beside / LIBRARY, here / LIBRARY, SHIPPED):
        for name in names:
            path = folder / Path(name).expanduser()
            if path.is_file():
                return path
    return None
