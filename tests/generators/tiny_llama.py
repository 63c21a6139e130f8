"""A tiny model of random weights, and generators that answer with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from as_engine import as_engine

from fms_dgt.core.generator import Completion, Request
from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode
from fms_dgt.errors import GeneratorError
from fms_dgt.generators.llama_cpp.generator import LlamaCppGenerator, LlamaCppOptions
from fms_dgt.testing.tiny_gguf import write_tiny_gguf


@pytest.fixture(name="gguf", scope="module")
def gguf_fixture(tmp_path_factory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("models") / "tiny.gguf")


def generator(path: Path, **options) -> LlamaCppGenerator:
    given = {"model_id_or_path": str(path), "context_size": 1024, "threads": 1, "max_tokens": 24, **options}
    problems: list = []
    decoded = decode(LlamaCppOptions, Node.of(given, "config.yaml"), problems)
    assert decoded is not None, problems
    return as_engine(LlamaCppGenerator(decoded))


def request(text: str = "Say hello.", *, seed: int = 5, schema=None, **params) -> Request:
    return Request(({"role": "user", "content": text},), params, seed, schema=schema)


def long_request(seed: int = 5, **params) -> Request:
    """One whose answer ends with its limit, not by itself."""
    return request(seed=seed, ignore_eos=True, **params)


async def asked(path: Path, *requests: Request, **options) -> list[Completion]:
    one = generator(path, **options)
    await one.open()
    try:
        return [await one.generate(each) for each in requests]
    finally:
        await one.close()


async def failure_of(path: Path, one: Request, **options) -> GeneratorError:
    with pytest.raises(GeneratorError) as caught:
        await asked(path, one, **options)
    return caught.value
