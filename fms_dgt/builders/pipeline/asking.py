"""What may be said of stages that ask: their templates, and the stages that this becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from fms_dgt.core.generator import SamplingParams
from fms_dgt.core.node import Node
from fms_dgt.core.reply import FieldsReply, ListReply, TextReply
from fms_dgt.core.stages import Check, Generate, Prompt, Stage
from fms_dgt.core.template import Template
from fms_dgt.core.typed import field_names, option
from fms_dgt.core.validator import Keep
from fms_dgt.errors import Problem

_RELATIONS = ("at_least", "at_most", "below", "equal")
_KEEP = "write one of " + ", ".join(f"{{{name}: 2}}" for name in _RELATIONS)


@dataclass(frozen=True)
class Kept:
    """`keep: {at_least: 2}`."""

    keep: Keep

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """Read it."""
        said = node.plain()
        if isinstance(said, dict) and len(said) == 1:
            relation, value = next(iter(said.items()))
            if relation in _RELATIONS and isinstance(value, int | float) and not isinstance(value, bool):
                return cls(Keep(relation, float(value)))
        problems.append(node.problem("must say which scores are kept", _KEEP))
        return None


class Making(Protocol):
    """What the specs below need of whoever reads the flow."""

    @property
    def problems(self) -> list[Problem]:
        """What is wrong so far."""

    def template(self, said: Asking, node: Node, name: str) -> tuple[str | Prompt, Template] | None:
        """The template of a stage, found or made."""

    def stages(self, nodes: Sequence[Node], inside: str) -> list[Stage]:
        """The stages of an inner list."""

    def seeds(self, node: Node) -> Sequence[Mapping[str, Any]]:
        """The task's seed examples, which the stage at `node` needs."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A template: the name of one, or what its file would say."""

    template: Node | None = option(None, help="a template's name or file")
    prompt: Node | None = option(None, help="the prompt itself, in place of a template")
    system: str | None = option(None, help="with a prompt: the system turn")
    reply: Node | None = option(None, help="with a prompt: what the reply must look like")
    plain: bool | None = option(None, help="with a prompt: sent without the model's chat template")
    params: SamplingParams = option(default_factory=SamplingParams, help="sampling options of this stage")

    @property
    def asks(self) -> bool:
        """Whether there is any."""
        return self.template is not None or self.prompt is not None


@dataclass(frozen=True, kw_only=True)
class GenerateSpec(Asking):
    """Asks a generator and puts what was read into columns."""

    into: str | list[str] = option(nonempty=True, help="add 'into: ...', the column for the answer")
    role: str = "generator"
    count: int = option(1, low=1, help="items to ask for, or how often to ask")
    spread: bool = option(True, help="one row an item; false: one list in the row")

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        usual = self.into if isinstance(self.into, str) else "_".join(self.into)
        found = making.template(self, node, name or usual)
        if found is None:
            return None
        into = self.into if isinstance(self.into, str) else tuple(self.into)
        fault = _misfit(found[1], into)
        if fault:
            making.problems.append((node.get("into") or node).problem(*fault))
        return Generate(found[0], into, self.role, self.count, self.spread, self.params, name=name)


def _misfit(template: Template, into: str | tuple[str, ...]) -> tuple[str, str] | None:
    """What keeps a reply's parts from going into columns."""
    if isinstance(into, str):
        return None
    reply = template.reply
    if isinstance(reply, FieldsReply) and len(reply.names) != len(into):
        names = ", ".join(reply.names)
        return f"names {len(into)} columns for {len(reply.names)} fields", f"the reply's fields are: {names}"
    if isinstance(reply, TextReply | ListReply) and len(into) > 1:
        return f"names {len(into)} columns for one text", f"write 'reply: {{fields: [{', '.join(into)}]}}'"
    return None


@dataclass(frozen=True, kw_only=True)
class CheckSpec(Asking):
    """A validator measures; `keep` decides. Other keys are options of the validator."""

    validator: str = option(nonempty=True, help="add 'validator: ...', the block or validator that measures")
    on: str | None = option(None, help="the column it looks at")
    keep: Kept | None = option(None, help="which scores go on; by default the block's threshold")
    into: str | None = option(None, help="keeps the measurement in INTO_score and INTO_reason")
    within: str | None = option(None, help="compares only with records that are alike in this column")

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        template: str | Prompt | None = None
        if self.asks:
            found = making.template(self, node, name or self.into or self.validator)
            if found is None:
                return None
            template = found[0]
        keep = self.keep.keep if self.keep else None
        options = dict(node.without(*field_names(type(self))).items())
        return Check(
            self.validator,
            self.on,
            template,
            keep,
            self.into,
            self.within,
            self.params,
            options=options,
            name=name,
        )


@dataclass(frozen=True, kw_only=True)
class JudgeSpec(CheckSpec):
    """A check by a model: the template asks for a score and its reason."""

    validator: str = "validator"

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        if not self.asks:
            making.problems.append(node.problem("has no prompt", "add 'template: ...' or 'prompt: |'"))
            return None
        return super().stage(name, node, making)
