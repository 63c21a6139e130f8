"""A flow in YAML, stage by stage: each entry becomes a stage, or a problem with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fms_dgt.builders.pipeline import templates
from fms_dgt.builders.pipeline.asking import Asking
from fms_dgt.builders.pipeline.specs import KINDS
from fms_dgt.builders.pipeline.steps import CopyColumns, SetColumns, WriteText
from fms_dgt.core.composed import Branch
from fms_dgt.core.node import Node
from fms_dgt.core.reply.schema_file import with_schema
from fms_dgt.core.stages import Prompt, Stage
from fms_dgt.core.template import Template, names_in
from fms_dgt.core.typed import decode, field_names
from fms_dgt.errors import InputError, Problem, did_you_mean

NAME = "name"
WITH_OPTIONS = frozenset({"check", "judge"})
_SEEDS = "add 'seed_examples:' to the task"


@dataclass
class Reading:
    """What comes of reading a flow: where each stage stands, and its templates.

    `templates` and `files` are by the names that stages ask with; `files` has those that stand elsewhere.
    """

    given_seeds: Sequence[Mapping[str, Any]] | None = None
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, Node] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)

    def stages(self, nodes: Sequence[Node], inside: str = "") -> list[Stage]:
        """The stages of a list; `inside` is the kind of the stage that holds them, if one does."""
        stages = []
        for node in nodes:
            stage = self._stage(node)
            if stage is None:
                continue
            if inside and isinstance(stage, Branch):
                what = f"a branch cannot stand inside '{inside}'"
                self.problems.append(node.problem(what, "put it before or after"))
            if inside and stage.multiplies() > 1:
                what = f"makes several rows of one, which cannot stand inside '{inside}'"
                self.problems.append(node.problem(what, "put it before or after, or keep a list in the row"))
            other = self.places.get(stage.name)
            if other is None:
                self.places[stage.name] = node
            else:
                what = f"there is a stage '{stage.name}' already, at {other.place}"
                self.problems.append(node.problem(what, "add 'name: ...' with another name"))
            stages.append(stage)
        return stages

    def _stage(self, node: Node) -> Stage | None:
        if not node.is_mapping:
            mend = f"write '- generate: ...', say ({did_you_mean('', ALL_KINDS, noun='kinds of stages')})"
            self.problems.append(node.problem(f"must be a stage, not {node.kind()}", mend))
            return None
        kinds = [key for key in node.value if key in ALL_KINDS]
        for key, child in node.items():
            if key not in ALL_KINDS and key != NAME:
                known = [*ALL_KINDS, NAME]
                mend = did_you_mean(key, known, noun="kinds of stages")
                if kinds:
                    mend = f"indent it below '{kinds[0]}:', if it belongs there, or remove it"
                self.problems.append(child.problem(f"unknown key '{key}'", mend))
        if len(kinds) != 1:
            self._not_one(node, kinds)
            return None
        return self._made(kinds[0], node)

    def _not_one(self, node: Node, kinds: Sequence[str]) -> None:
        if kinds:
            what = f"is several stages at once: {', '.join(kinds)}"
            self.problems.append(node.problem(what, "begin each with '- '"))
        elif not node.value.keys() - {NAME}:
            mend = did_you_mean("", ALL_KINDS, noun="kinds of stages")
            self.problems.append(node.problem("does not say what kind of stage it is", mend))

    def _made(self, kind: str, node: Node) -> Stage | None:
        named = node.get(NAME)
        if named is not None and (not isinstance(named.value, str) or not named.value.strip()):
            self.problems.append(named.problem(f"must be a name, not {named.kind()}", "put it in quotes"))
            return None
        name, said = named.value if named else "", node.value[kind]
        if kind in BY_COLUMN:
            return self._by_column(kind, said, name)
        if kind == "together" and said.is_list:
            said = Node({"stages": said}, said.place)
        has_options = kind in WITH_OPTIONS and said.is_mapping
        options = said.without(*field_names(KINDS[kind])).value if has_options else ()
        spec = decode(KINDS[kind], said.without(*options) if options else said, self.problems)
        stage: Stage | None = spec.stage(name, said, self) if spec is not None else None
        return stage

    def _by_column(self, kind: str, said: Node, name: str) -> Stage | None:
        """`set`, `copy` and `text`: what becomes of each column."""
        if not said.is_mapping or not said.value:
            mend = "write 'COLUMN: ...' below it"
            self.problems.append(said.problem(f"must be a mapping of columns, not {said.kind()}", mend))
            return None
        if kind != "set":
            for child in (c for c in said.value.values() if not isinstance(c.value, str)):
                noun = "the name of a column" if kind == "copy" else "text"
                self.problems.append(child.problem(f"must be {noun}, not {child.kind()}", "put it in quotes"))
                return None
        if kind == "text" and not self._is_template_text(said):
            return None
        return BY_COLUMN[kind](said.plain(), name=name or f"{kind}_{'_'.join(said.value)}")

    def _is_template_text(self, said: Node) -> bool:
        for child in said.value.values():
            try:
                names_in(child.value)
            except InputError as error:
                self.problems.append(child.problem(error.problems[0].what, error.problems[0].mend))
                return False
        return True

    def template(self, said: Asking, node: Node, name: str) -> tuple[str | Prompt, Template] | None:
        """A stage's template: the one that is named, or made of what stands in the stage."""
        if said.template is not None and said.prompt is not None:
            what = "has a template and a prompt of its own"
            self.problems.append(said.template.problem(what, "keep one of the two"))
            return None
        if said.prompt is not None:
            return self._written(node, name)
        if said.template is None:
            self.problems.append(node.problem("has no prompt", "add 'prompt: |', or 'template: NAME'"))
            return None
        for key in ("system", "reply", "plain"):
            extra = node.get(key)
            if extra is not None:
                what = f"'{key}' belongs to a prompt, and a template says its own"
                self.problems.append(extra.problem(what, "write it into the template's file"))
        return self._named(said.template)

    def _written(self, node: Node, name: str) -> tuple[Prompt, Template] | None:
        keys = ("prompt", "system", "reply", "plain")
        said = {key: child for key in keys if (child := node.get(key)) is not None}
        if "reply" in said:
            said["reply"] = with_schema(said["reply"], self.problems)
        template = templates.written(Node(said, node.place), name, self.problems)
        if template is None:
            return None
        self.templates[name] = template
        plain = {key: child.plain() for key, child in said.items()}
        return Prompt(plain.pop("prompt"), **plain), template

    def _named(self, said: Node) -> tuple[str, Template] | None:
        if not isinstance(said.value, str):
            self.problems.append(said.problem(f"must be the name of a template, not {said.kind()}"))
            return None
        found = templates.named(said, self.problems)
        template = templates.read(found[1], self.problems) if found else None
        if found is None or template is None:
            return None
        name, path = found
        if self.files.setdefault(name, path) != path:
            what = f"another template '{name}' is used already: {self.files[name]}"
            self.problems.append(said.problem(what, "give one of the two files another name"))
        self.templates[name] = template
        return name, template

    def seeds(self, node: Node) -> Sequence[Mapping[str, Any]]:
        """The task's seed examples; a problem where a stage wants them and there are none."""
        if self.given_seeds is not None and not self.given_seeds:
            self.problems.append(node.problem("compares with seed examples, and the task has none", _SEEDS))
        return self.given_seeds or ()


BY_COLUMN: Mapping[str, Callable[..., Stage]] = {
    "set": SetColumns,
    "copy": CopyColumns,
    "text": WriteText,
}
ALL_KINDS = (*KINDS, *BY_COLUMN)
