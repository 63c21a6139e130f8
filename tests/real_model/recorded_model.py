"""A generator that gives what a real model answered, from a file; or asks that model and notes what it says.

Each answer is known by what was asked: messages, sampling options, schema and seed. `Completion.extra` tells
whether the reply contract of the request can read the answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from fms_dgt.core.generator import Completion, Generator, GeneratorOptions, Request
from fms_dgt.core.typed import option
from fms_dgt.errors import EveryCallFails, RequestRefused, Unreadable
from fms_dgt.generators.llama_cpp.generator import LlamaCppGenerator, LlamaCppOptions

MOST_UNKNOWN = 200
HOW = "record them anew: scripts/prompts/run record --model FILE.gguf"


@dataclass(frozen=True, kw_only=True)
class RecordedOptions(GeneratorOptions):
    """Where the answers are; with `live`, the GGUF file of the model that is asked for new ones."""

    answers: str = option(shapes=False, help="the file of the answers")
    live: str = option("", shapes=False, help="a GGUF file")


class RecordedModel(Generator[RecordedOptions]):
    """The model's answers, as they were recorded."""

    name = "recorded"
    Options = RecordedOptions
    enforces_schema = True
    completes = True

    def __init__(self, options: RecordedOptions) -> None:
        super().__init__(options)
        path = Path(options.answers)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._known: dict[str, dict[str, Any]] = {}
        self._unknown = 0
        for line in lines:
            answer = json.loads(line)
            self._known[answer.pop("asked")] = answer
        self._model = LlamaCppGenerator(_of_one_thread(options.live)) if options.live else None

    @property
    def at_most(self) -> int:
        return 1

    async def open(self) -> None:
        if self._model is not None:
            await self._model.open()

    async def close(self) -> None:
        if self._model is not None:
            await self._model.close()

    async def generate(self, request: Request) -> Completion:
        asked = _key(request)
        if asked not in self._known and self._model is not None:
            self._note(asked, await self._model.generate(request))
        if asked not in self._known:
            self._unknown += 1
            # a unit beyond the end may ask what the recording never came to
            kind = RequestRefused if self._unknown <= MOST_UNKNOWN else EveryCallFails
            raise kind(f"the recorded answers do not fit the prompts any more; {HOW}")
        answer = self._known[asked]
        tokens_in, tokens_out = answer["tokens"]
        completion = Completion(answer["text"], answer["finish"], tokens_in, tokens_out)
        return replace(completion, extra={"readable": _is_readable(request, completion)})

    def _note(self, asked: str, completion: Completion) -> None:
        answer = {
            "text": completion.text,
            "finish": completion.finish,
            "tokens": [completion.input_tokens, completion.output_tokens],
        }
        self._known[asked] = answer
        with Path(self.options.answers).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"asked": asked, **answer}, ensure_ascii=False) + "\n")


def _of_one_thread(model: str) -> LlamaCppOptions:
    return LlamaCppOptions(model_id_or_path=model, parallel=1, threads=1)


def _key(request: Request) -> str:
    asked = [request.messages, request.prompt, request.params, request.schema, request.seed]
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False, default=dict)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _is_readable(request: Request, completion: Completion) -> bool:
    try:
        request.reply.reading(completion.text, finish=completion.finish, count=request.count)
    except Unreadable:
        return False
    return True
