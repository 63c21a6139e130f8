"""The files that InstructLab's data generation leaves for its training, with its names and formats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from fms_dgt.datasets.columns import Kind, kind_of_table, knowledge_rows
from fms_dgt.datasets.knowledge import closed_book_rows, open_book_rows, raft_rows, summary_rows
from fms_dgt.datasets.mix import mix
from fms_dgt.datasets.nodes import Node, nodes_of
from fms_dgt.datasets.raft import Documents, RaftSettings
from fms_dgt.datasets.recipe import Ingredient, Recipe, read_recipe
from fms_dgt.datasets.row_file import Progress, in_place_of, write_rows
from fms_dgt.datasets.seeds import seed_pairs
from fms_dgt.datasets.skills import skill_rows, skills_rows
from fms_dgt.datasets.tables import Given, Table, not_for_training, seeds_of_runs, tables
from fms_dgt.datasets.training_set import TrainingRow, TrainingSet, Written
from fms_dgt.errors import FolderError, InputError, Problem


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the files go and what is in them; `stamp` is the end of their names, a time usually."""

    folder: Path
    stamp: str
    sys_prompt: str = ""
    raft: RaftSettings = field(default_factory=RaftSettings)
    seed: int = 0
    force: bool = False

    def path(self, name: str, suffix: str = ".jsonl") -> Path:
        """The file `name` of this stamp."""
        return self.folder / f"{name}_{self.stamp}{suffix}"

    @property
    def nodes(self) -> Path:
        """The folder of the node datasets."""
        return self.path("node_datasets", "")


def write_instructlab(
    generated: Given,
    layout: Layout,
    *,
    tasks: Iterable[Mapping[str, Any]] | None = None,
    progress: Progress | None = None,
) -> list[Written]:
    """Write everything, and say what. The seeds of `tasks`, as their files say them, become test rows.

    Without `tasks` they are those that the runs were made with. Raises InputError, FolderError.
    """
    found, notes = _readable(tables(generated))
    _check_free(layout)
    writer = _Writer(layout, found, progress)
    tried_on = seeds_of_runs(found) if tasks is None else tasks
    written = [*writer.nodes(), *writer.plain(), *writer.tests(tried_on)]
    notes = [*notes, *not_for_training(found)]
    return [replace(written[0], notes=(*notes, *written[0].notes)), *written[1:]]


def _readable(given: Sequence[Table]) -> tuple[list[Table], list[str]]:
    right: list[Table] = []
    wrong: list[Table] = []
    for table in given:
        (right if kind_of_table(table) in ("knowledge", "skills") else wrong).append(table)
    what = "has no skills rows and no knowledge rows"
    named = [Problem(what, "name a run that made some", table.name) for table in wrong if not table.stray]
    if named or not right:
        nothing = Problem("there are no skills rows and no knowledge rows in what was given", "name a run")
        raise InputError(named or [nothing])
    return right, [f"{table.name}: left out, it {what}" for table in wrong]


def _check_free(layout: Layout) -> None:
    if not re.fullmatch(r"[\w.+-]+", layout.stamp):
        what = f"'{layout.stamp}' cannot end a file's name"
        raise InputError([Problem(what, "letters, digits, '.', '_' and '-' can")])
    names = [f"{name}.jsonl" for name in ("train", "messages", "test")]
    for kind in ("knowledge", "skills"):
        names += [f"{kind}_train_msgs.jsonl", f"{kind}_recipe.yaml"]
    paths = [layout.path(PurePath(name).stem, PurePath(name).suffix) for name in names]
    there = next((path for path in (*paths, layout.nodes) if path.exists()), None)
    if there and not layout.force:
        raise FolderError(f"{there}: is there already; name another stamp or folder, or --force")


class _Writer:
    """One layout in the making."""

    def __init__(self, layout: Layout, found: Sequence[Table], progress: Progress | None) -> None:
        self._layout = layout
        self._progress = progress
        self._of: dict[Kind, list[Table]] = {"knowledge": [], "skills": []}
        for table in found:
            self._of[kind_of_table(table) or "skills"].append(table)

    def nodes(self) -> Iterator[Written]:
        """A dataset a node, and the mixtures of them with their recipes."""
        nodes = nodes_of(self._of)
        skills = [node for node in nodes if node.kind == "skills"]
        knowledge = [node for node in nodes if node.kind == "knowledge"]
        first = [self._node(node.phase_1, self._phase_1(node)) for node in knowledge]
        yield from first
        second = [self._node(node.file, _skills(node)) for node in skills]
        raft = self._layout.raft
        if knowledge:
            rows = knowledge_rows(self._of["knowledge"])
            with Documents(rows, raft.distractors) as documents:
                sets = ((node, self._phase_2(node, documents)) for node in knowledge)
                second.extend([self._node(node.phase_2, made) for node, made in sets])
        yield from second
        yield from self._mixture("knowledge", first)
        yield from self._mixture("skills", second)

    def plain(self) -> Iterator[Written]:
        """All pairs once more, in the older formats."""
        prompt = self._layout.sys_prompt
        longer = 0

        def train() -> Iterator[dict[str, Any]]:
            nonlocal longer
            for messages, _ in self._pairs():
                own = [turn["content"] for turn in messages if turn["role"] == "system"]
                rest = [turn for turn in messages if turn["role"] != "system"]
                if [turn["role"] for turn in rest] != ["user", "assistant"]:
                    longer += 1
                    continue
                question, answer = (turn["content"] for turn in rest)
                system = prompt or "\n\n".join(own)
                yield {"system": system, "user": question, "assistant": answer}

        written = self._rows("train", train())
        text = f"{written.path.name}: without the conversations of more than two turns ({longer:,})"
        yield replace(written, notes=(text,) if longer else ())
        messages = ({"messages": turns, "metadata": metadata} for turns, metadata in self._pairs())
        yield self._rows("messages", messages)

    def tests(self, tasks: Iterable[Mapping[str, Any]]) -> Iterator[Written]:
        """The seeds of the tasks; no file where none are given."""
        prompt = self._layout.sys_prompt
        pairs = [pair for said in tasks for pair in seed_pairs(said)]
        if pairs:
            rows = ({"system": prompt, "user": user, "assistant": answer} for user, answer in pairs)
            yield self._rows("test", rows)

    def _rows(self, name: str, rows: Iterator[dict[str, Any]]) -> Written:
        path = self._layout.path(name)
        count = write_rows(path, rows, force=self._layout.force, progress=self._progress)
        return Written(path, name, count)

    def _node(self, file: str, made: TrainingSet) -> Written:
        path = self._layout.nodes / f"{file}.jsonl"
        done = made.write(path, force=self._layout.force, progress=self._progress)
        return replace(done, notes=tuple(f"{made.name}: {note}" for note in done.notes))

    def _phase_1(self, node: Node) -> TrainingSet:
        def make(said: list[str]) -> Iterator[TrainingRow]:
            yield from open_book_rows(knowledge_rows(node.tables))
            yield from summary_rows(knowledge_rows(node.tables), self._layout.seed, said, unmask=True)

        return TrainingSet(f"{node.name}, phase 1", make)

    def _phase_2(self, node: Node, documents: Documents) -> TrainingSet:
        seed = self._layout.seed

        def make(said: list[str]) -> Iterator[TrainingRow]:
            rows = knowledge_rows(node.tables)
            yield from raft_rows(rows, documents, self._layout.raft, seed=seed, said=said)
            # InstructLab's second phase keeps what the first has taught
            yield from open_book_rows(knowledge_rows(node.tables))
            yield from summary_rows(knowledge_rows(node.tables), seed, said, unmask=False)

        return TrainingSet(f"{node.name}, phase 2", make)

    def _mixture(self, kind: Kind, parts: Sequence[Written]) -> Iterator[Written]:
        """The recipe of the node datasets, and what comes of it."""
        if not parts:
            return
        layout = self._layout
        ingredients = [Ingredient(f"{layout.nodes.name}/{part.path.name}") for part in parts]
        recipe = Recipe(ingredients, layout.sys_prompt)
        path = layout.path(f"{kind}_recipe", ".yaml")
        with in_place_of(path) as part:
            part.write_text(recipe.written(), encoding="utf-8")
        yield Written(path, f"{kind} recipe", len(parts))
        target = layout.path(f"{kind}_train_msgs")
        mixed = mix(read_recipe(path), seed=layout.seed)
        done = mixed.write(target, force=layout.force, progress=self._progress)
        yield replace(done, kind=f"{kind} messages")

    def _pairs(self) -> Iterator[tuple[list[dict[str, Any]], str]]:
        """Question and answer: of knowledge without its document, of skills with its context."""
        for row in skill_rows(skills_rows(self._of["skills"])):
            yield row.messages, row.columns()["metadata"]
        for known in closed_book_rows(knowledge_rows(self._of["knowledge"])):
            yield known.messages, known.columns()["metadata"]


def _skills(node: Node) -> TrainingSet:
    return TrainingSet(node.name, lambda _: skill_rows(skills_rows(node.tables)))
