"""Prompt templates: a YAML file with the prompt, the reply contract and sampling params."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fms_dgt.core.fixed_text import fixed_pieces
from fms_dgt.core.generator import Message, SamplingParams
from fms_dgt.core.node import Node
from fms_dgt.core.prompt_rules import rules_of
from fms_dgt.core.reply import ReplyContract, TextReply, contract_from
from fms_dgt.core.template_text import (
    TemplateOverLimit,
    TemplateText,
    arender,
    attributes_in,
    examined,
    names_in,
    render,
)
from fms_dgt.core.typed import decode, option
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError, Problem
from fms_dgt.safety.installed import is_installed

__all__ = ["GIVEN", "Template", "TemplateOverLimit", "arender", "names_in", "render"]

GIVEN = frozenset({"reply_format", "count"})


@dataclass(frozen=True, kw_only=True)
class _TemplateFile:
    prompt: str = option(nonempty=True, help="add 'prompt: |', the text that is sent")
    system: str = option("")
    plain: bool = option(default=False, help="sent as it is, without the model's chat template")
    reply: Node | None = option(None)
    params: SamplingParams = option(default_factory=SamplingParams)
    item_tokens: int | None = option(None, low=1, help="max_tokens for each item that is asked for")


@dataclass(frozen=True)
class Template:
    """A prompt, and what the reply must look like.

    A `plain` one is not a chat message: it is sent as it is, to generators that complete text. A `trusted`
    one comes with a builder; how much work any other is must show in its text, or it is done elsewhere.
    """

    name: str
    prompt: str
    system: str
    reply: ReplyContract
    params: Mapping[str, Any]
    origin: str
    plain: bool = False
    trusted: bool = False
    item_tokens: int | None = None

    @classmethod
    def from_file(cls, path: Path, name: str | None = None, *, trusted: bool = False) -> Template:
        """Read a template's YAML file; one of an installed package is trusted. Raises InputError."""
        return cls.from_node(read_yaml(path), name or path.stem, trusted=trusted or is_installed(path))

    @classmethod
    def from_node(cls, node: Node, name: str, *, trusted: bool = False) -> Template:
        """Make a template of what a YAML file or a mapping says. Raises InputError."""
        problems: list[Problem] = []
        said = decode(_TemplateFile, node, problems)
        if said is None:
            raise InputError(problems)
        reply = contract_from(said.reply, problems) if said.reply else TextReply()
        origin = node.place.origin
        template = cls(
            name, said.prompt, said.system, reply, said.params, origin, said.plain, trusted, said.item_tokens
        )
        problems.extend(template._compile_problems())
        if problems:
            raise InputError(problems)
        return template

    def _compile_problems(self) -> list[Problem]:
        for key, text in (("prompt", self.prompt), ("system", self.system)):
            said = examined(text)
            if said.fault:
                where = f"{self.origin}: {key}, line {said.line}" if said.line else f"{self.origin}: {key}"
                return [Problem(f"is not a valid template: {said.fault}", "see the Jinja syntax", where)]
        if self.plain and self.system:
            what = f"the template '{self.name}' is plain, and has a system prompt"
            return [Problem(what, "write the system turn into the prompt", self.origin)]
        wanted = bool(self.reply.instructions(None, as_json=False))
        if wanted and "reply_format" not in self._names:
            what = f"the template '{self.name}' never says how to reply"
            return [Problem(what, "put {{ reply_format }} where the form belongs", self.origin)]
        return []

    @cached_property
    def _names(self) -> frozenset[str]:
        return examined(self.prompt).names | examined(self.system).names

    @cached_property
    def variables(self) -> frozenset[str]:
        """The names that a row, the task or the caller must supply."""
        return self._names - GIVEN

    @property
    def attributes(self) -> Mapping[str, frozenset[str]]:
        """What its prompt takes of variables that are mappings, by variable."""
        return attributes_in(self.prompt)

    @cached_property
    def fixed_text(self) -> tuple[str, ...]:
        """The pieces of text that stand in every prompt made of it, the words about the reply included.

        Of a prompt that somebody wrote for a task, only the rules: its material may be quoted.
        """
        forms = {self.reply.instructions(None, as_json=as_json): None for as_json in (False, True)}
        own = [self.system, self.prompt] if self.trusted else rules_of([self.system, self.prompt])
        return tuple(piece for text in (*own, *forms) for piece in fixed_pieces(text))

    @cached_property
    def _prompt(self) -> TemplateText:
        return TemplateText(self.prompt, self.plain, self.trusted)

    @cached_property
    def _system(self) -> TemplateText:
        return TemplateText(self.system, plain=False, trusted=self.trusted)

    def messages(
        self, values: Mapping[str, Any], *, count: int | None = None, as_json: bool = False
    ) -> tuple[Message, ...]:
        """The chat messages for these values. Raises InputError where a value does not fit."""
        scope = self._scope(values, count, as_json=as_json)
        try:
            prompt = self._prompt.render(scope)
            return self._as_messages(prompt, self._system.render(scope) if self.system else None)
        except Exception as error:
            raise self._unfilled(error) from error

    async def amessages(
        self, values: Mapping[str, Any], *, count: int | None = None, as_json: bool = False
    ) -> tuple[Message, ...]:
        """As `messages`, where an event loop must not wait."""
        scope = self._scope(values, count, as_json=as_json)
        try:
            prompt = await self._prompt.arender(scope)
            return self._as_messages(prompt, await self._system.arender(scope) if self.system else None)
        except Exception as error:
            raise self._unfilled(error) from error

    def text(self, values: Mapping[str, Any], *, count: int | None = None, as_json: bool = False) -> str:
        """A plain template's prompt for these values. Raises InputError where a value does not fit."""
        try:
            return self._prompt.render(self._scope(values, count, as_json=as_json))
        except Exception as error:
            raise self._unfilled(error) from error

    async def atext(
        self, values: Mapping[str, Any], *, count: int | None = None, as_json: bool = False
    ) -> str:
        """As `text`, where an event loop must not wait."""
        try:
            return await self._prompt.arender(self._scope(values, count, as_json=as_json))
        except Exception as error:
            raise self._unfilled(error) from error

    def sampling(self, count: int | None) -> Mapping[str, Any]:
        """Its sampling options for an ask of so many items."""
        if self.item_tokens is None or count is None:
            return self.params
        return {"max_tokens": self.item_tokens * (count + 1), **self.params}

    def _scope(self, values: Mapping[str, Any], count: int | None, *, as_json: bool) -> dict[str, Any]:
        return {**values, "count": count, "reply_format": self.reply.instructions(count, as_json=as_json)}

    def _as_messages(self, prompt: str, system: str | None) -> tuple[Message, ...]:
        user = {"role": "user", "content": prompt.strip()}
        return (user,) if system is None else ({"role": "system", "content": system.strip()}, user)

    def _unfilled(self, error: Exception) -> InputError:
        # what a template computes may fail in any way: division by zero, a range without end, ...
        return InputError(
            [Problem(f"cannot be filled in: {str(error) or type(error).__name__}", "", self.origin)]
        )

    def describe(self) -> dict[str, Any]:
        """What shapes its answers, for fingerprints."""
        seldom: dict[str, Any] = {"plain": True} if self.plain else {}
        if self.item_tokens is not None:
            seldom["item_tokens"] = self.item_tokens
        return {
            **seldom,
            "prompt": self.prompt,
            "system": self.system,
            "params": dict(self.params),
            "reply": dict(self.reply.describe()),
        }
