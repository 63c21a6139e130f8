"""A recipe: which sets a mixture is made of, and how much of each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode, option
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError, Problem


@dataclass(frozen=True)
class Ingredient:
    """One set of a mixture: a number of its rows (`5`), or a share of them (`0.5`); `1` is all."""

    path: str = option(
        nonempty=True, help="add 'path: ...', a JSONL or Parquet file, from the recipe's folder"
    )
    sampling_size: int | float = option(1.0, low=0, help="a number of rows, or a share of them; 1.0 is all")
    with_replacement: bool = option(False, help="draw rows that may have been drawn before")


@dataclass(frozen=True)
class _Metadata:
    sys_prompt: str = ""


@dataclass(frozen=True)
class _RecipeFile:
    datasets: list[Ingredient] = option(nonempty=True, help="add 'datasets:', a list with a path each")
    metadata: Node | None = None
    sys_prompt: str | None = None


@dataclass(frozen=True)
class Recipe:
    """What to mix. `folder` is where relative paths begin, `places` where each set is named."""

    ingredients: Sequence[Ingredient]
    sys_prompt: str = ""
    folder: Path = field(default_factory=Path)
    places: Sequence[str] = ()

    def place(self, at: int) -> str:
        """Where ingredient `at` stands, for messages."""
        return self.places[at] if self.places else f"the recipe: datasets[{at}]"

    def path(self, at: int) -> Path:
        """The file of ingredient `at`."""
        return self.folder / self.ingredients[at].path

    def written(self) -> str:
        """The recipe as YAML."""
        datasets = [_shown(one) for one in self.ingredients]
        said = {"datasets": datasets, "metadata": {"sys_prompt": self.sys_prompt}}
        return yaml.safe_dump(said, sort_keys=False, allow_unicode=True)


def _shown(one: Ingredient) -> dict[str, Any]:
    said: dict[str, Any] = {"path": one.path, "sampling_size": one.sampling_size}
    return {**said, "with_replacement": True} if one.with_replacement else said


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """A recipe's file, in InstructLab's form. Raises InputError with everything that is wrong."""
    node = read_yaml(Path(path))
    problems: list[Problem] = []
    said = decode(_RecipeFile, node, problems)
    if said is None:
        raise InputError(problems)
    metadata = _known(said.metadata, problems)
    datasets = node.value["datasets"]
    places = [str(one.value["path"].place) for one in datasets.value]
    prompt = metadata.sys_prompt if said.sys_prompt is None else said.sys_prompt
    recipe = Recipe(said.datasets, prompt, Path(path).parent, places)
    problems.extend(recipe_problems(recipe))
    if problems:
        raise InputError(problems)
    return recipe


def _known(node: Node | None, problems: list[Problem]) -> _Metadata:
    """What a mixture needs of the metadata; they may say other things too."""
    if node is None:
        return _Metadata()
    if not node.is_mapping:
        problems.append(node.problem(f"must be a mapping, not {node.kind()}"))
        return _Metadata()
    only: Mapping[str, Node] = {"sys_prompt": prompt} if (prompt := node.get("sys_prompt")) else {}
    return decode(_Metadata, Node(dict(only), node.place), problems) or _Metadata()


def recipe_problems(recipe: Recipe) -> list[Problem]:
    """What cannot be mixed: files that are not there, more than all without replacement."""
    problems = []
    for at, one in enumerate(recipe.ingredients):
        if not recipe.path(at).is_file():
            what = f"there is no file '{recipe.path(at)}'"
            problems.append(Problem(what, "give its path from the recipe's folder", recipe.place(at)))
        size = one.sampling_size
        if isinstance(size, float) and size > 1 and not one.with_replacement:
            what = f"a share of {size:g} is more than all rows"
            mend = f"write 'with_replacement: true', or {size:.0f} for a number of rows"
            problems.append(Problem(what, mend, recipe.place(at)))
    return problems
