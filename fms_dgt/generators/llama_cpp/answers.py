"""What llama.cpp's server says, read: a completion, or the error that it amounts to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from fms_dgt.core.generator import Completion
from fms_dgt.errors import (
    BadResponse,
    ConnectionFailed,
    EveryCallFails,
    GeneratorError,
    Overloaded,
    RequestRefused,
)
from fms_dgt.generators.shared.text import counted, excerpt, mapping, storable

TOO_LONG = "exceed_context_size_error"
BAD_GRAMMAR = "failed to parse grammar"


def read_answer(chunks: Sequence[bytes]) -> Completion:
    """The completion whose pieces these are. Raises GeneratorError."""
    pieces: list[str] = []
    thoughts: list[str] = []
    finish: Any = None
    usage: Mapping[str, Any] = {}
    try:
        for chunk in chunks:
            payload = json.loads(chunk)
            if payload.get("error"):
                raise _failure(payload["error"])
            usage = mapping(payload.get("usage")) or usage
            for choice in payload["choices"]:
                delta = choice.get("delta") or {}
                pieces.append(choice.get("text") or delta.get("content") or "")
                thoughts.append(delta.get("reasoning_content") or "")
                finish = choice.get("finish_reason") or finish
        text, reasoning = "".join(pieces), "".join(thoughts)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadResponse(f"llama.cpp sent an answer of an unknown shape: {excerpt(error)}") from error
    if not isinstance(finish, str | None):
        raise BadResponse("llama.cpp sent an answer of an unknown shape: 'finish_reason' is not text")
    if finish is None:
        raise BadResponse("llama.cpp broke off in the middle of an answer")
    extra = {"reasoning": storable(reasoning)} if reasoning else {}
    tokens = counted(usage.get("prompt_tokens")), counted(usage.get("completion_tokens"))
    return Completion(storable(text), finish, *tokens, extra)


def text_in(chunk: bytes) -> str:
    """The text in one piece of an answer; "" where there is none, or the piece cannot be read."""
    try:
        choices = json.loads(chunk)["choices"]
        texts = [choice.get("text") or (choice.get("delta") or {}).get("content") or "" for choice in choices]
        text: str = storable("".join(texts))
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""
    return text


@contextmanager
def translate_errors() -> Iterator[None]:
    """What a call into the wheel raises, as this package's errors: C++ exceptions, by Cython's names."""
    try:
        yield
    except MemoryError as error:
        raise Overloaded("llama.cpp: the memory is full") from error
    except OSError as error:
        raise ConnectionFailed(f"llama.cpp failed: {excerpt(error)}") from error
    except (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        # what cannot be parsed, fits no chat template or is no schema is thrown, not answered
        raise RequestRefused(f"llama.cpp refused the request: {excerpt(error)}") from error


def _failure(error: Mapping[str, Any]) -> GeneratorError:
    code, said = error.get("code"), excerpt(error.get("message") or error)
    if error.get("type") == TOO_LONG:
        prompt, context = error.get("n_prompt_tokens"), error.get("n_ctx")
        mend = "raise 'context_size', or ask for less in one prompt"
        return RequestRefused(f"the prompt has {prompt} tokens, the context of a call {context}; {mend}")
    if BAD_GRAMMAR in said:
        return RequestRefused(f"llama.cpp cannot use the grammar: {said}; check 'grammar'")
    return _kind(code)(f"llama.cpp answered {code}: {said}")


def _kind(code: object) -> type[GeneratorError]:
    if code == HTTPStatus.SERVICE_UNAVAILABLE:
        return Overloaded
    if code == HTTPStatus.NOT_IMPLEMENTED:
        return EveryCallFails
    if isinstance(code, int) and HTTPStatus.BAD_REQUEST <= code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return RequestRefused
    return ConnectionFailed
