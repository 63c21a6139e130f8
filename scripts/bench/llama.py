"""llama.cpp in our hands against the wheel by itself: the same GGUF file, prompts and seeds; CPU and wall."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from machine import arguments, headline, in_own_process, table

SUBJECTS = ("bread", "tides", "owls", "maps", "kites", "cheese", "jazz", "snow", "clocks", "rivers")
BEGINNING = (
    "You write for children. " + "Use short words, name one thing that can be seen, and end well. " * 12
)
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "text": {"type": "string"}},
    "required": ["title", "text"],
    "additionalProperties": False,
}
STAGES = ("Write a short text", "Ask a question", "Judge in a sentence whether children would like to read")
# the wheel's own ways, the least that changes what is compared aside
RAW, SPINNING, OURS = "xllamacpp", "xllamacpp, spinning", "fms_dgt"


def _bodies(kind: str, calls: int, tokens: int) -> Iterator[dict[str, Any]]:
    """Requests; those of 'stages' come as three stages of each row ask them, with a beginning for each."""
    for number in range(calls):
        stage = STAGES[number % len(STAGES) if kind == "stages" else 0]
        subject = SUBJECTS[number % len(SUBJECTS)]
        text = f"{stage}, in the way that follows. {BEGINNING}\nIt is about {subject}, number {number}."
        sampling = {"max_tokens": tokens, "temperature": 0.8, "repetition_penalty": 1.0}
        if kind != "schema":
            # a grammar that has come to its end allows nothing else
            sampling["ignore_eos"] = True
        yield {"messages": [{"role": "user", "content": text}], **sampling, "seed": number}


def _raw(model: str, kind: str, bodies: Sequence[Mapping[str, Any]], slots: int) -> dict[str, int]:
    import xllamacpp  # noqa: PLC0415 (each variant has its own process)

    params = xllamacpp.CommonParams()
    params.model.path, params.verbosity, params.warmup = model, -1, False
    params.n_parallel, params.n_ctx = slots, 2048 * slots
    # as it was asked before prompts were kept
    params.cache_ram_mib, params.port = 0, 0
    server = xllamacpp.Server(params)
    server.handle_metrics()

    def ask(body: Mapping[str, Any]) -> dict[str, Any]:
        sent = {"repeat_penalty" if k == "repetition_penalty" else k: v for k, v in body.items()}
        if kind == "schema":
            form = {"name": "reply", "strict": True, "schema": SCHEMA}
            sent["response_format"] = {"type": "json_schema", "json_schema": form}
        pieces: list[Any] = []
        server.handle_chat_completions(json.dumps(sent), pieces.append)
        last = pieces[-1]
        usage = (json.loads(last) if isinstance(last, str | bytes) else last)["usage"]
        return dict(usage)

    with ThreadPoolExecutor(slots) as pool:
        return _total(list(pool.map(ask, bodies)))


def _ours(model: str, kind: str, bodies: Sequence[Mapping[str, Any]], slots: int) -> dict[str, int]:
    from fms_dgt.core.generator import Request  # noqa: PLC0415
    from fms_dgt.generators.llama_cpp.generator import (  # noqa: PLC0415
        LlamaCppGenerator,
        LlamaCppOptions,
    )

    options = LlamaCppOptions(model_id_or_path=model, context_size=2048, parallel=slots or None)
    generator = LlamaCppGenerator(options)

    async def run() -> dict[str, int]:
        await generator.open()
        room = asyncio.Semaphore(generator.at_most)

        async def ask(body: Mapping[str, Any]) -> dict[str, int]:
            params = {name: value for name, value in body.items() if name not in ("messages", "seed")}
            schema = SCHEMA if kind == "schema" else None
            request = Request(tuple(body["messages"]), params, body["seed"], schema=schema)
            async with room:
                answer = await generator.generate(request)
            return {"prompt_tokens": answer.input_tokens, "completion_tokens": answer.output_tokens}

        try:
            return _total(await asyncio.gather(*map(ask, bodies)))
        finally:
            await generator.close()

    return asyncio.run(run())


def _total(usages: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    names = ("prompt_tokens", "completion_tokens")
    return {name: sum(int(usage[name]) for usage in usages) for name in names}


def _part(model: str, who: str, kind: str, slots: int, calls: int, tokens: int) -> dict[str, float]:
    """One variant, in this process."""
    bodies = list(_bodies(kind, calls, tokens))
    use: Callable[..., dict[str, int]] = _ours if who == OURS else _raw
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    counts = use(model, kind, bodies, slots)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": cpu, "wall": time.perf_counter() - began, **counts}


def main() -> None:
    """Each variant in a process of its own, round after round; the medians."""
    parser = arguments(__doc__ or "")
    parser.add_argument("model", help="a GGUF file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--spinning", action="store_true", help="also with threads that spin: minutes, if busy"
    )
    options = parser.parse_args()
    calls, tokens = (6, 16) if options.small else (12, 48)
    headline(f"llama.cpp: {calls} calls of {tokens} tokens, {options.rounds} rounds")
    variants = [
        *((RAW, kind, 1) for kind in ("text", "schema")),
        *((OURS, kind, 1) for kind in ("text", "schema")),
        *((who, "stages", slots) for who, slots in ((RAW, 4), (RAW, 1), (OURS, 4), (OURS, 0))),
        *([(SPINNING, "stages", 4)] if options.spinning else []),
    ]
    measured: dict[Any, list[dict[str, float]]] = {variant: [] for variant in variants}
    for _ in range(options.rounds):
        for who, kind, slots in variants:
            os.environ["OMP_WAIT_POLICY"] = "passive"
            if who in (OURS, SPINNING):
                del os.environ["OMP_WAIT_POLICY"]
            part = ("--part", options.model, who, kind, str(slots), str(calls), str(tokens))
            measured[who, kind, slots].append(in_own_process("llama.py", *part))
    rows = []
    for (who, kind, slots), each in measured.items():
        cpu, wall = (median(one[name] for one in each) for name in ("cpu", "wall"))
        rows.append(
            (f"{kind}: {who}, {slots or 'usual'} slots", cpu, wall, int(each[0]["completion_tokens"]))
        )
    table(("", "CPU s", "wall s", "tokens"), rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        model, who, kind, *numbers = sys.argv[2:]
        print(json.dumps(_part(model, who, kind, *map(int, numbers))))
    else:
        main()
