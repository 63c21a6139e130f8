"""A Hugging Face model in this process, through the packages transformers and torch."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from fms_dgt.core.generator import USUAL_SAMPLING, Completion, Generator, GeneratorOptions, Request
from fms_dgt.core.typed import option
from fms_dgt.errors import EveryCallFails, Problem, RequestRefused, SetupError
from fms_dgt.generators.shared.requests import plain_prompt
from fms_dgt.generators.transformers.files import template_in
from fms_dgt.generators.transformers.request import Asked, ModelSettings, Sampling, sampling_of

if TYPE_CHECKING:
    from fms_dgt.generators.transformers.engine import Engine

PACKAGES: Final = ("torch", "transformers")
INSTALL: Final = "run: pip install 'fms-dgt[transformers]'"
# so many calls stand ready for the next free place in the batch
AT_THE_DOOR: Final = 2

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
_PATH_STARTS = (".", "/", "~")


@dataclass(frozen=True, kw_only=True)
class TransformersOptions(GeneratorOptions):
    """Which model, where it is computed, and how it is prompted.

    What the options leave open, the model's own generation config decides where it asks for sampling;
    else the temperature is 1.
    """

    # a model on a processor takes its time, and nothing is gained by asking it again
    timeout: float = option(3600.0, low=0.001, shapes=False, help="seconds one call may take")
    max_tokens: int | None = option(1024, low=1, aliases=("max_new_tokens",))
    device: str = option("auto", shapes=False, help="auto, cpu, cuda, cuda:1, mps")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto", help="auto: float32 on a processor, else the model's own"
    )
    max_batch: int = option(16, low=1, high=1024, shapes=False, help="calls that are computed together")
    context_size: int | None = option(
        None, low=16, shapes=False, help="tokens of one call, prompt and answer; default: the model's"
    )
    revision: str | None = option(None, help="a branch, tag or commit of the hub's repository")
    trust_remote_code: bool = option(False, shapes=False, help="run the code that comes with the model")
    chat_template: str | None = option(None, help="Jinja text; default: the model's own")
    api: Literal["chat", "completion"] = option(
        "chat", help="'completion' goes on from plain prompts, for models without a chat template"
    )

    SAMPLING = (
        *USUAL_SAMPLING,
        *("top_k", "min_p", "repetition_penalty", "frequency_penalty", "presence_penalty"),
    )


class TransformersGenerator(Generator[TransformersOptions]):
    """A Hugging Face model in this process, through the packages transformers and torch.

    Calls in flight are computed together.

    In a config file:

        databuilders:
          "*":
            blocks:
              - name: generator
                type: transformers
                model_id_or_path: HuggingFaceTB/SmolLM2-135M-Instruct
    """

    Options = TransformersOptions
    completes = True
    against_loops: ClassVar[Mapping[str, Any]] = {"repetition_penalty": 1.1}

    def __init__(self, options: TransformersOptions) -> None:
        super().__init__(options)
        self._name = _full_name(options.model_id_or_path)
        self._engine: Engine | None = None
        self._missing = "transformers: a call before open()"

    @property
    def at_most(self) -> int:
        return self.options.max_batch + AT_THE_DOOR

    @property
    def endpoint(self) -> str:
        return f"transformers {self._name}"

    @property
    def chat_template(self) -> str:
        return self.options.chat_template or template_in(self._name, self.options.revision)

    def check(self) -> list[Problem]:
        # the packages themselves take seconds to import; open() does that
        problems = [
            Problem(f"the transformers generator needs the package {package}", INSTALL)
            for package in PACKAGES
            if importlib.util.find_spec(package) is None
        ]
        if not _DEVICE.fullmatch(self.options.device):
            what = f"the transformers generator knows no device '{self.options.device}'"
            problems.append(Problem(what, "it may be auto, cpu, cuda, cuda:1 or mps"))
        template = self.options.chat_template
        if template is not None and "{" not in template:
            what = "the chat template has no '{{ ... }}' in it, so no message would be sent"
            problems.append(Problem(what, "write the Jinja text itself"))
        return problems + _model_problems(self.options.model_id_or_path, self._name)

    async def open(self) -> None:
        if self._engine is not None:
            return
        try:
            self._engine = await self._borrowed()
        except SetupError as error:
            self._missing = str(error)
            raise

    async def _borrowed(self) -> Engine:
        try:
            from fms_dgt.generators.transformers.engine import borrow  # noqa: PLC0415
        except ImportError as error:
            raise SetupError(f"torch and transformers cannot be imported ({error}); {INSTALL}") from error
        return await borrow(self._settings(), self.options.max_batch)

    def _settings(self) -> ModelSettings:
        options = self.options
        return ModelSettings(
            name=self._name,
            revision=options.revision,
            device=options.device,
            dtype=options.dtype,
            trust_remote_code=options.trust_remote_code,
        )

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is None:
            return
        from fms_dgt.generators.transformers.engine import give_back  # noqa: PLC0415 (imports torch)

        await give_back(engine)

    async def generate(self, request: Request) -> Completion:
        engine = self._engine
        if engine is None:
            raise EveryCallFails(self._missing)
        params = {**engine.defaults, "seed": request.seed, **request.params}
        return await engine.ask(self._asked(request, sampling_of(params), engine))

    def _asked(self, request: Request, sampling: Sampling, engine: Engine) -> Asked:
        context = self.options.context_size
        if request.prompt is not None:
            return Asked(sampling, prompt=request.prompt, context=context)
        messages = [dict(message) for message in request.messages]
        if not messages:
            raise RequestRefused("the request has no messages")
        for message in messages:
            if not isinstance(message.get("role"), str) or not isinstance(message.get("content"), str):
                raise RequestRefused("a message has no 'role' or no 'content'")
        if self.options.api == "completion":
            return Asked(sampling, prompt=plain_prompt(request), context=context)
        template = self.options.chat_template
        if not template and not engine.has_chat_template:
            mend = "choose an instruct model, or set 'chat_template', or 'api: completion'"
            raise EveryCallFails(f"the model '{self._name}' has no chat template; {mend}")
        return Asked(sampling, messages=messages, template=template, context=context)


def _full_name(given: str) -> str:
    """A folder by its whole path, so that one model has one name; a hub's model as it is."""
    path = Path(given).expanduser() if given.startswith("~") else Path(given)
    return os.path.abspath(path) if given and path.is_dir() else given  # noqa: PTH100 (links are kept)


def _model_problems(given: str, name: str) -> list[Problem]:
    if not given:
        mend = "write 'model_id_or_path: HuggingFaceTB/SmolLM2-1.7B-Instruct', say, or a folder's path"
        return [Problem("the transformers generator has no model", mend)]
    path = Path(name)
    if path.is_file():
        mend = "name the folder with its config.json; for GGUF files take the llama.cpp generator"
        return [Problem(f"'{given}' is a file, not a model's folder", mend)]
    if path.is_dir():
        if (path / "config.json").is_file():
            return []
        mend = "name the folder that save_pretrained wrote"
        return [Problem(f"the folder '{given}' has no config.json, so it is not a model's", mend)]
    if given.startswith(_PATH_STARTS):
        return [Problem(f"there is no folder '{given}'", "check the path; a hub's model is OWNER/NAME")]
    return []
