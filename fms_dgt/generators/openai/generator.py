"""OpenAI, and every server that speaks its protocol: vLLM, llama.cpp's, Ollama, gateways.

The calls are spoken directly through aiohttp; no object is built between the JSON and the completion.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Final

from yarl import URL

from fms_dgt.core.generator import Completion, Generator, Request
from fms_dgt.errors import EveryCallFails, Problem
from fms_dgt.generators.openai.access import Access, access_of
from fms_dgt.generators.openai.answers import AnswerReader
from fms_dgt.generators.openai.body import PENALTY, BodyWriter, body_problems
from fms_dgt.generators.openai.options import BEYOND_PROTOCOL, OpenAIOptions, ServerOptions
from fms_dgt.generators.openai.wire import Wire, proxy_of, wire_problems

# how llama.cpp's server calls itself in the headers of its answers
LLAMA_SERVER: Final = "llama.cpp"


class ProtocolGenerator(Generator[ServerOptions]):
    """What `openai` and its relatives share; each has its own options and its own way in."""

    completes = True

    def __init__(self, options: ServerOptions, access: Access) -> None:
        super().__init__(options)
        self.enforces_schema = options.enforce_schema
        self._access = access
        self.variables = access.variables
        secrets = access.known_secrets(options.headers, proxy_of(options, access.base))
        self._answers = AnswerReader(access.shown, secrets, access.mend)
        self._bodies = BodyWriter(options, access.max_tokens_name, hosted=access.hosted)
        self._wire = Wire(options, access, self._answers)

    @property
    def endpoint(self) -> str:
        return f"{self._access.shown} {self.options.model_id_or_path}"

    def takes(self, *, plain: bool) -> Collection[str]:
        names = super().takes(plain=plain)
        return {*names} - BEYOND_PROTOCOL if self._access.hosted else names

    def check(self) -> list[Problem]:
        kind, base = self._access.kind, self._access.base
        problems = []
        if not self.options.model_id_or_path:
            problems.append(Problem(f"the {kind} generator has no model", "add 'model_id_or_path: ...'"))
        if not self._access.has_server:
            what = f"the {kind} generator's base URL '{self._access.shown}' is not a URL of a server"
            problems.append(Problem(what, self._access.mend_url))
        problems += self._access.problems
        return problems + body_problems(kind, self.options) + wire_problems(kind, self.options, base)

    async def open(self) -> None:
        await self._wire.open()

    async def close(self) -> None:
        await self._wire.close()

    async def ping(self) -> None:
        # its answer may be any: nothing is made of it
        await self._wire.ping(self._access.target("models"))

    async def generate(self, request: Request) -> Completion:
        if request.prompt is not None or self.options.api == "completion":
            answered = await self._wire.post(self._plain, self._bodies.plain(request))
        else:
            answered = await self._wire.post(self._chat, self._bodies.chat(request))
        if PENALTY in request.params:
            self._check_penalty(answered.headers)
        return self._answers.read(answered.status, answered.headers, answered.content)

    def _check_penalty(self, headers: Mapping[str, str]) -> None:
        """llama.cpp's server passes over names that it does not know."""
        if headers.get("Server") == LLAMA_SERVER and self.options.repetition_penalty_name == PENALTY:
            what = f"llama.cpp's server at {self._access.shown} does not know '{PENALTY}' by this name"
            raise EveryCallFails(f"{what}; set 'repetition_penalty_name: repeat_penalty'")

    @cached_property
    def _chat(self) -> URL:
        return self._access.target("chat", "completions")

    @cached_property
    def _plain(self) -> URL:
        return self._access.target("completions")


class OpenAIGenerator(ProtocolGenerator):
    """OpenAI, and every server that speaks its protocol: vLLM, llama.cpp's, Ollama, gateways.

    In a config file:

        databuilders:
          "*":
            blocks:
              - name: generator
                type: openai
                model_id_or_path: granite
                base_url: http://localhost:8000/v1
                temperature: 0.7
    """

    Options = OpenAIOptions

    def __init__(self, options: OpenAIOptions) -> None:
        super().__init__(options, access_of(options))
