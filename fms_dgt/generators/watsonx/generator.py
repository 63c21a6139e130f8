"""IBM watsonx.ai, in IBM's cloud or a Cloud Pak, through its own SDK."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from fms_dgt.core.generator import Completion, Generator, Request
from fms_dgt.errors import EveryCallFails, Problem, SetupError
from fms_dgt.generators.shared.requests import plain_prompt
from fms_dgt.generators.shared.schemas import held_to
from fms_dgt.generators.watsonx.access import WatsonxOptions, access_of
from fms_dgt.generators.watsonx.answers import AnswerReader
from fms_dgt.generators.watsonx.params import ONLY_CHAT, ONLY_PLAIN, chat_params, joined_seed, plain_params

if TYPE_CHECKING:
    from fms_dgt.generators.watsonx.service import Service

SDK, INSTALL = "ibm_watsonx_ai", "run: pip install ibm-watsonx-ai"


class WatsonxGenerator(Generator[WatsonxOptions]):
    """IBM watsonx.ai, in IBM's cloud or a Cloud Pak, through its own SDK.

    In a config file:

        databuilders:
          "*":
            blocks:
              - name: generator
                type: watsonx
                model_id_or_path: ibm/granite-3-3-8b-instruct
                region: us-south
    """

    Options = WatsonxOptions
    completes = True

    def __init__(self, options: WatsonxOptions) -> None:
        super().__init__(options)
        self.enforces_schema = options.enforce_schema and options.api == "chat"
        self._access = access_of(options)
        self.variables = self._access.variables
        self._answers = AnswerReader(self._access.shown, self._access.secrets)
        self._service: Service | None = None

    @property
    def endpoint(self) -> str:
        access = self._access
        return f"{access.shown} {access.project_id or access.space_id} {self.options.model_id_or_path}"

    def takes(self, *, plain: bool) -> Collection[str]:
        plain = plain or self.options.api == "completion"
        return {*super().takes(plain=plain)} - (ONLY_CHAT if plain else ONLY_PLAIN)

    def check(self) -> list[Problem]:
        problems = []
        if importlib.util.find_spec(SDK) is None:
            problems.append(Problem("the watsonx generator needs the package ibm-watsonx-ai", INSTALL))
        if not self.options.model_id_or_path:
            problems.append(Problem("the watsonx generator has no model", "add 'model_id_or_path: ...'"))
        return problems + self._access.problems()

    async def open(self) -> None:
        if self._service is None:
            self._service = await asyncio.to_thread(self._made)

    async def close(self) -> None:
        service, self._service = self._service, None
        if service is not None:
            await service.close()

    async def ping(self) -> None:
        await self._opened.ping()

    async def generate(self, request: Request) -> Completion:
        if request.prompt is not None or self.options.api == "completion":
            params = plain_params(self._seed(request), request.params)
            return self._answers.plain(await self._opened.plain(plain_prompt(request), params))
        params = chat_params(self._seed(request), request.params)
        if self.enforces_schema and request.schema is not None:
            params["response_format"] = held_to(request.schema)
        return self._answers.chat(await self._opened.chat(request.messages, params))

    @property
    def _opened(self) -> Service:
        if self._service is None:
            raise EveryCallFails("watsonx: a call before open()")
        return self._service

    def _seed(self, request: Request) -> int:
        return joined_seed(request.seed, self.options.random_seed)

    def _made(self) -> Any:
        try:
            from fms_dgt.generators.watsonx.service import Service  # noqa: PLC0415 (a second of imports)
        except ImportError as error:
            what = f"the watsonx generator cannot use the package ibm-watsonx-ai ({error}); {INSTALL}"
            raise SetupError(what) from error
        access, options = self._access, self.options
        try:
            return Service(access, options.model_id_or_path, self._answers)
        except OSError as error:
            raise SetupError(f"watsonx: no certificates can be read from '{access.verify}'") from error
