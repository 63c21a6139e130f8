"""llama.cpp in the process: a GGUF file on this machine, no server to start."""

from __future__ import annotations

import asyncio
import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from fms_dgt.core.generator import EVERY_SAMPLING, Completion, Generator, GeneratorOptions, Request
from fms_dgt.core.typed import option
from fms_dgt.errors import EveryCallFails, InputError, Problem, SetupError
from fms_dgt.generators.llama_cpp.answers import read_answer, text_in, translate_errors
from fms_dgt.generators.llama_cpp.body import OWN_SAMPLING, RESERVED, USUAL, held_to_schema, written
from fms_dgt.generators.llama_cpp.engine import (
    PACKAGE,
    Engine,
    EngineSettings,
    Heard,
    borrow,
    give_back,
)
from fms_dgt.generators.llama_cpp.header import Header
from fms_dgt.generators.llama_cpp.machine import memory, usual_slots
from fms_dgt.generators.llama_cpp.model import INSTALL, file_problems, header_of, model_of, template_of

USUAL_CONTEXT: Final = 4096
# so many calls stand ready for the next free slot
AT_THE_DOOR: Final = 2
GIB: Final = 2**30
# the one chat template that llama.cpp knows by name
NAMED_TEMPLATE: Final = "chatml"
CHATML: Final = "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"


@dataclass(frozen=True, kw_only=True)
class LlamaCppOptions(GeneratorOptions):
    """Which file, how it is loaded, and what its answers are held to.

    How a model is loaded does not count as shaping its answers: a larger context or another machine
    pays for nothing again. An answer that a small context cut off stays cut off.
    """

    repo: str = option("", help="a hub's repository; with 'file', in place of model_id_or_path")
    file: str = option("", help="the GGUF file in 'repo'")
    context_size: int | None = option(
        None, low=16, shapes=False, aliases=("n_ctx",), help="tokens of one call, prompt and answer together"
    )
    parallel: int | None = option(
        None,
        low=1,
        high=256,
        shapes=False,
        help="slots: calls that are batched together; default: one a core, four at the most",
    )
    gpu_layers: int | None = option(
        None, low=-1, shapes=False, aliases=("n_gpu_layers",), help="0 for none, -1 for what fits"
    )
    threads: int | None = option(None, low=1, shapes=False, aliases=("n_threads",), help="of the processor")
    chat_template: str | None = option(None, help="Jinja text, or 'chatml'; default: the model's own")
    api: Literal["chat", "completion"] = option(
        "chat", help="'completion' goes on from plain prompts, for models without a chat template"
    )
    enforce_schema: bool = option(True, help="hold answers to the schema of their reply contract")
    max_string: int | None = option(None, low=1, help="with a schema: characters that one text may have")
    grammar: str | None = option(None, help="in GBNF; for answers that have no schema")
    extra_body: dict[str, Any] = option(
        default_factory=dict,
        help="laid over every request: what llama.cpp's server takes beyond the protocol",
    )
    # a model on a processor takes its time, and nothing is gained by asking it again
    timeout: float = option(3600.0, low=0.001, shapes=False, help="seconds one call may take")

    SAMPLING = EVERY_SAMPLING


class LlamaCppGenerator(Generator[LlamaCppOptions]):
    """llama.cpp in this process: a GGUF file on this machine, no server to start.

    Calls in flight are batched together.

    In a config file:

        databuilders:
          "*":
            blocks:
              - name: generator
                type: llama.cpp
                model_id_or_path: smollm2-135m
                context_size: 4096
    """

    Options = LlamaCppOptions
    completes = True
    against_loops: ClassVar[Mapping[str, Any]] = {"repetition_penalty": 1.1}

    def __init__(self, options: LlamaCppOptions) -> None:
        super().__init__(options)
        self.enforces_schema = options.enforce_schema
        self._model = model_of(options.model_id_or_path, options.repo, options.file)
        self._engine: Engine | None = None
        self._usual: Mapping[str, Any] = USUAL
        self._over: Mapping[str, Any] = options.extra_body
        self._missing = "llama.cpp: a call before open()"

    @property
    def at_most(self) -> int:
        return self._slots + AT_THE_DOOR

    @property
    def _slots(self) -> int:
        return self.options.parallel or usual_slots()

    @property
    def endpoint(self) -> str:
        return self._model.name

    @property
    def chat_template(self) -> str:
        if self.options.chat_template == NAMED_TEMPLATE:
            return CHATML
        path = self._model.present()
        return self.options.chat_template or ("" if path is None else template_of(path))

    def check(self) -> list[Problem]:
        problems = self._model.problems()
        if importlib.util.find_spec(PACKAGE) is None:
            problems.append(
                Problem(f"the llama.cpp generator needs the package {PACKAGE}", f"run: {INSTALL}")
            )
        template = self.options.chat_template
        if template and "{" not in template and template != NAMED_TEMPLATE:
            what = "the chat template has no '{{ ... }}' in it, so no message would be sent"
            problems.append(Problem(what, f"write '{NAMED_TEMPLATE}', or the Jinja text itself"))
        for name in RESERVED & self.options.extra_body.keys():
            what = f"the llama.cpp generator's 'extra_body' says '{name}', which each request says itself"
            problems.append(Problem(what, "take it out"))
        path = self._model.present()
        if path is not None and not problems:
            problems.extend(self._size_problems(header_of(path)))
        return problems

    def _size_problems(self, header: Header) -> list[Problem]:
        context, parallel = self._context(header), self._slots
        if header.context is not None and context > header.context:
            what = f"the model was made for {header.context} tokens, not {context}"
            return [Problem(what, f"set 'context_size' to {header.context} or less")]
        # on a card of its own it needs none of this machine's
        on_card = bool(self.options.gpu_layers)
        needed, there = None if on_card else header.memory_of(context * parallel), memory()
        if needed is not None and there is not None and needed > there:
            what = f"{parallel} slots of {context} tokens need {needed / GIB:.1f} GB beside the model"
            what = f"{what}, and this machine has {there / GIB:.1f} GB"
            return [Problem(what, "lower 'context_size' or 'parallel'")]
        return []

    def _context(self, header: Header) -> int:
        return self.options.context_size or min(USUAL_CONTEXT, header.context or USUAL_CONTEXT)

    async def open(self) -> None:
        if self._engine is not None:
            return
        try:
            path = await asyncio.to_thread(self._model.fetched)
            self._engine = await borrow(self._settings(path))
        except SetupError as error:
            self._missing = str(error)
            raise

    def _settings(self, path: Path) -> EngineSettings:
        problems = file_problems(path, str(path))
        header = header_of(path)
        # of a file that was just fetched, check() has seen nothing
        problems = problems or self._size_problems(header)
        if problems:
            raise SetupError(str(InputError(problems)))
        if self._usual is USUAL and any(name.startswith(OWN_SAMPLING) for name in header.values):
            self._usual = {}
        options = self.options
        return EngineSettings(
            os.path.abspath(path),  # noqa: PTH100 (a link's own name has the right ending)
            self._context(header),
            self._slots,
            options.gpu_layers,
            options.threads,
            options.chat_template or "",
        )

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await give_back(engine)

    async def generate(self, request: Request) -> Completion:
        return await self._answered(request)

    async def generate_in_pieces(self, request: Request, heard: Callable[[str], None]) -> Completion:
        return await self._answered(request, lambda chunk: heard(text_in(chunk)))

    async def _answered(self, request: Request, heard: Heard | None = None) -> Completion:
        if self._engine is None:
            raise EveryCallFails(self._missing)
        plain = request.prompt is not None or self.options.api == "completion"
        handler = "handle_completions" if plain else "handle_chat_completions"
        body = self._body(request, plain=plain)
        with translate_errors():
            pieces = await self._engine.ask(handler, body, heard)
        return read_answer(pieces)

    def _body(self, request: Request, *, plain: bool) -> bytes:
        options = self.options
        held_to: dict[str, Any] = {"grammar": options.grammar} if options.grammar else {}
        if request.schema is not None and options.enforce_schema:
            held_to = held_to_schema(request.schema, options.max_string, plain=plain)
        return written(request, self._usual, {**self._over, **held_to}, plain=plain)
