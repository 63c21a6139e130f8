"""The templates of a flow in YAML: written into it, or named."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from fms_dgt.core.node import Node
from fms_dgt.core.template import Template
from fms_dgt.errors import InputError, Problem, did_you_mean

BUILDERS = Path(__file__).parents[1]
SUFFIX = ".yaml"


def named(node: Node, problems: list[Problem]) -> tuple[str, Path] | None:
    """The template that `node` names, and its file.

    It is a path, or a name in the folder `templates` beside the file that says it; or `BUILDER/NAME`, a
    template of a builder that comes with the package.
    """
    said = str(node.value)
    beside = Path(node.place.origin).parent
    for path in _places(said, beside):
        if path.is_file():
            return path.stem, path
    near = [path.stem for path in (beside / "templates").glob(f"*{SUFFIX}")]
    owner, slash, _ = said.partition("/")
    shipped = (BUILDERS / owner / "templates").glob(f"*{SUFFIX}") if slash else ()
    known = [*near, *(f"{owner}/{path.stem}" for path in shipped)]
    mend = f"write {said.removesuffix(SUFFIX)}{SUFFIX} into the folder 'templates' beside this file"
    if known:
        mend = f"{mend}, or name another ({did_you_mean(said, known, noun='templates')})"
    problems.append(node.problem(f"there is no template '{said}'", mend))
    return None


def _places(said: str, beside: Path) -> Iterator[Path]:
    for name in (said, f"{said}{SUFFIX}"):
        path = Path(name).expanduser()
        yield from (beside / "templates" / path, beside / path, path)
        if len(path.parts) == 2 and not path.is_absolute():
            yield BUILDERS / path.parts[0] / "templates" / path.parts[1]


def read(path: Path, problems: list[Problem]) -> Template | None:
    """A template's file."""
    try:
        return Template.from_file(path)
    except InputError as error:
        problems.extend(error.problems)
        return None


def written(node: Node, name: str, problems: list[Problem]) -> Template | None:
    """A template whose keys stand in the flow itself."""
    try:
        return Template.from_node(node, name)
    except InputError as error:
        problems.extend(_placed(problem, node) for problem in error.problems)
        return None


def _placed(problem: Problem, node: Node) -> Problem:
    """A problem of the text as a whole, which has the file for a place, at the stage or its prompt."""
    origin = node.place.origin
    if problem.where == origin:
        return dataclasses.replace(problem, where=str(node.place))
    inside = problem.where.removeprefix(f"{origin}: ")
    prompt = node.get("prompt")
    if prompt is None or inside == problem.where:
        return problem
    return Problem(f"{problem.what} ({inside})", problem.mend, str(prompt.place))
