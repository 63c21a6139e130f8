"""Prompt templates: a YAML file with the prompt, the reply contract and sampling params."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
from jinja2.sandbox import SandboxedEnvironment

from fms_dgt.core.generator import Message, SamplingParams
from fms_dgt.core.node import Node
from fms_dgt.core.reply import ReplyContract, TextReply, contract_from
from fms_dgt.core.typed import decode, option
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError, Problem

# Templates of tasks and configs are strangers' code: no attribute access that reaches the interpreter,
# and an undefined name is an error, never an empty string.
_ENVIRONMENT = SandboxedEnvironment(
    undefined=jinja2.StrictUndefined, keep_trailing_newline=False, trim_blocks=True, lstrip_blocks=True
)
# What is sent as it stands keeps each space and line break.
_PLAIN_ENVIRONMENT = SandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)

GIVEN = frozenset({"reply_format", "count"})


@dataclass(frozen=True, kw_only=True)
class _TemplateFile:
    prompt: str = option(nonempty=True, help="add 'prompt: |', the text that is sent")
    system: str = option("")
    plain: bool = option(default=False, help="sent as it stands, without the model's chat template")
    reply: Node | None = option(None)
    params: SamplingParams = option(default_factory=SamplingParams)


@dataclass(frozen=True)
class Template:
    """A prompt, and what the reply must look like.

    A `plain` one is no chat message: it is sent as it stands, to generators that complete text.
    """

    name: str
    prompt: str
    system: str
    reply: ReplyContract
    params: Mapping[str, Any]
    origin: str
    plain: bool = False

    @classmethod
    def from_file(cls, path: Path, name: str | None = None) -> Template:
        """Read a template's YAML file. Raises InputError."""
        return cls.from_node(read_yaml(path), name or path.stem)

    @classmethod
    def from_node(cls, node: Node, name: str) -> Template:
        """Make a template of what a YAML file or a mapping says. Raises InputError."""
        problems: list[Problem] = []
        said = decode(_TemplateFile, node, problems)
        if said is None:
            raise InputError(problems)
        reply = contract_from(said.reply, problems) if said.reply else TextReply()
        template = cls(name, said.prompt, said.system, reply, said.params, node.place.origin, said.plain)
        problems.extend(template._compile_problems())
        if problems:
            raise InputError(problems)
        return template

    def _compile_problems(self) -> list[Problem]:
        try:
            used = self.variables | self._given
        except jinja2.TemplateSyntaxError as error:
            where = f"{self.origin}: prompt, line {error.lineno}"
            return [Problem(f"is not a valid template: {error.message}", "see the Jinja syntax", where)]
        if self.plain and self.system:
            what = f"the template '{self.name}' is plain, and has a system prompt"
            return [Problem(what, "write the system turn into the prompt", self.origin)]
        wanted = bool(self.reply.instructions(None, as_json=False))
        if wanted and "reply_format" not in used:
            what = f"the template '{self.name}' never says how to reply"
            return [Problem(what, "put {{ reply_format }} where the form belongs", self.origin)]
        return []

    @cached_property
    def _names(self) -> frozenset[str]:
        return _names_in(self.prompt) | _names_in(self.system)

    @property
    def _given(self) -> frozenset[str]:
        return self._names & GIVEN

    @cached_property
    def variables(self) -> frozenset[str]:
        """The names that a row, the task or the caller must supply."""
        return self._names - GIVEN

    @cached_property
    def _compiled(self) -> tuple[jinja2.Template, jinja2.Template | None]:
        prompt = _compiled(self.prompt, plain=self.plain)
        return prompt, _compiled(self.system, plain=False) if self.system else None

    def messages(
        self, values: Mapping[str, Any], *, count: int | None = None, as_json: bool = False
    ) -> tuple[Message, ...]:
        """The chat messages for these values. Raises InputError where a value does not fit."""
        prompt, system = self._filled(values, count, as_json=as_json)
        user = {"role": "user", "content": prompt.strip()}
        return (user,) if system is None else ({"role": "system", "content": system.strip()}, user)

    def text(self, values: Mapping[str, Any], *, count: int | None = None, as_json: bool = False) -> str:
        """A plain template's prompt for these values. Raises InputError where a value does not fit."""
        return self._filled(values, count, as_json=as_json)[0]

    def _filled(
        self, values: Mapping[str, Any], count: int | None, *, as_json: bool
    ) -> tuple[str, str | None]:
        reply_format = self.reply.instructions(count, as_json=as_json)
        prompt, system = self._compiled
        try:
            scope = {**values, "count": count, "reply_format": reply_format}
            return prompt.render(scope), system.render(scope) if system else None
        except Exception as error:
            # what a template computes may fail in any way: division by zero, a range without end, ...
            said = str(error) or type(error).__name__
            raise InputError([Problem(f"cannot be filled in: {said}", "", self.origin)]) from error

    def describe(self) -> dict[str, Any]:
        """What shapes its answers, for fingerprints."""
        plain = {"plain": True} if self.plain else {}
        return {
            **plain,
            "prompt": self.prompt,
            "system": self.system,
            "params": dict(self.params),
            "reply": dict(self.reply.describe()),
        }


# every task of a taxonomy asks with the same templates
@lru_cache(maxsize=1024)
def _compiled(text: str, *, plain: bool) -> jinja2.Template:
    template = (_PLAIN_ENVIRONMENT if plain else _ENVIRONMENT).from_string(text)
    # a plain dict in place of a chain that every rendering would walk
    template.globals = dict(template.globals)
    return template


@lru_cache(maxsize=1024)
def _names_in(text: str) -> frozenset[str]:
    return frozenset(jinja2.meta.find_undeclared_variables(_ENVIRONMENT.parse(text)))


def names_in(text: str) -> frozenset[str]:
    """The names that a piece of template text uses. Raises InputError where it is none."""
    try:
        return _names_in(text)
    except jinja2.TemplateSyntaxError as error:
        raise InputError([Problem(f"is not a template: {error.message}", "see the Jinja syntax")]) from error


def render(text: str, values: Mapping[str, Any]) -> str:
    """A piece of sandboxed template text outside a prompt (an output format, say)."""
    return _ENVIRONMENT.from_string(text).render(values)
