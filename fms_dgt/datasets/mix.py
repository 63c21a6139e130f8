"""Training sets put together by a recipe, without drawing a row twice unless asked to."""

from __future__ import annotations

import math
import os
from array import array
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from fms_dgt.core.canonical import derived_random
from fms_dgt.core.strict_json import loads
from fms_dgt.datasets.columns import Schema, bad_row, only
from fms_dgt.datasets.conversations import conversation, conversation_problem, with_system
from fms_dgt.datasets.recipe import Ingredient, Recipe, read_recipe, recipe_problems
from fms_dgt.datasets.row_file import Message
from fms_dgt.datasets.tables import SomeRow, Table, tables
from fms_dgt.datasets.training_set import TrainingRow, TrainingSet
from fms_dgt.errors import InputError

_OURS = ("id", "messages", "metadata", "unmask")


def mix(recipe: Recipe | str | os.PathLike[str], *, seed: int = 0) -> TrainingSet:
    """The mixture, set after set in the recipe's order; within each, rows keep their order.

    Raises InputError.
    """
    if not isinstance(recipe, Recipe):
        recipe = read_recipe(recipe)
    elif problems := recipe_problems(recipe):
        raise InputError(problems)
    found = [only(tables(recipe.path(at)), Schema("messages"))[0][0] for at in range(len(recipe.ingredients))]

    def make(said: list[str]) -> Iterator[TrainingRow]:
        for at, (one, table) in enumerate(zip(recipe.ingredients, found, strict=True)):
            random = derived_random(seed, "mix", at)
            for number, row in _sample(table, one, random, said):
                yield _training_row(table, number, row, one.path, recipe.sys_prompt)

    return TrainingSet("mixture", make)


def _sample(table: Table, one: Ingredient, random: Random, said: list[str]) -> Iterator[tuple[int, SomeRow]]:
    rows = ((number, row) for number, row in table.rows() if row)
    # a whole number of 1 is all, too, as in InstructLab
    if one.sampling_size == 1:
        yield from rows
        return
    there = sum(1 for _, row in table.rows() if row)
    # a share of 0.29 of 100 rows is 29, whatever floats make of it
    share = isinstance(one.sampling_size, float)
    wanted = math.floor(there * one.sampling_size + 1e-9) if share else int(one.sampling_size)
    if one.with_replacement and there:
        yield from _with_replacement(rows, there, wanted, random)
        return
    if wanted > there:
        said.append(f"{one.path}: has {there:,} rows, all are taken; {wanted:,} were asked for")
    yield from _without_replacement(rows, there, wanted, random)


def _without_replacement(
    rows: Iterator[tuple[int, SomeRow]], there: int, wanted: int, random: Random
) -> Iterator[tuple[int, SomeRow]]:
    """Each set of `wanted` rows is as likely as any other; nothing is held."""
    for at, row in enumerate(rows):
        if random.random() * (there - at) < wanted:
            wanted -= 1
            yield row


def _with_replacement(
    rows: Iterator[tuple[int, SomeRow]], there: int, wanted: int, random: Random
) -> Iterator[tuple[int, SomeRow]]:
    drawn = array("Q", sorted(random.randrange(there) for _ in range(wanted)))
    turn = 0
    for at, row in enumerate(rows):
        while turn < len(drawn) and drawn[turn] == at:
            turn += 1
            yield row


def _training_row(table: Table, number: int, row: SomeRow, kind: str, prompt: str) -> TrainingRow:
    problem = conversation_problem(row.get("messages"))
    if problem:
        raise bad_row(table, number, problem)
    others = {name: value for name, value in row.items() if name not in _OURS and value is not None}
    about = {**_metadata(row.get("metadata")), **others}
    messages = _with_system(conversation(row["messages"]), prompt)
    return TrainingRow(kind, messages, about, bool(row.get("unmask")), str(row.get("id") or ""))


def _metadata(said: Any) -> Mapping[str, Any]:
    if isinstance(said, str):
        try:
            said = loads(said)
        except (ValueError, RecursionError):
            return {"metadata": said}
    return said if isinstance(said, Mapping) else {}


def _with_system(messages: list[Message], prompt: str) -> list[Message]:
    """The same system turn in every conversation; without a prompt, they stay as they are."""
    if not prompt:
        return messages
    rest = [turn for turn in messages if turn["role"] != "system"]
    return with_system(rest, prompt)
