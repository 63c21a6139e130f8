"""What each option of the `openai` generator sends, and what of an answer is kept beside its text."""

from __future__ import annotations

import dataclasses

import pytest
from as_engine import as_engine

from fms_dgt.core.canonical import canonical
from fms_dgt.core.generator import Completion, Generator, Request, shaping
from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode
from fms_dgt.errors import BadResponse, EveryCallFails, GeneratorError, RequestRefused
from fms_dgt.generators.openai.generator import OpenAIGenerator
from fms_dgt.generators.openai.options import OpenAIOptions
from fms_dgt.testing import Answer, Fault, ModelServer

HELLO = Request(({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello."}), seed=5)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)


def made(base_url: str | None = None, **given) -> OpenAIGenerator:
    problems: list = []
    said = {"model": "tiny", "base_url": base_url, "timeout": 5, **given}
    options = decode(OpenAIOptions, Node.of(said, "config.yaml"), problems)
    assert options is not None, problems
    return as_engine(OpenAIGenerator(options))


async def asked(request: Request = HELLO, *, answer=lambda _: "ok", fault=None, **given):
    """The completion, and the request as it came in at the server."""
    async with ModelServer(answer, faults=lambda *_: fault) as server:
        generator = made(server.base_url, **given)
        await generator.open()
        try:
            completion = await generator.generate(request)
        finally:
            await generator.close()
        return completion, server.requests[0]


async def sent(request: Request = HELLO, **given) -> dict:
    _, one = await asked(request, **given)
    return dict(one.body)


async def failure(fault: Fault) -> GeneratorError:
    with pytest.raises(GeneratorError) as caught:
        await asked(fault=fault)
    return caught.value


def test_only_what_says_so_completes():
    assert OpenAIGenerator.completes
    assert not Generator.completes


async def test_a_prompt_is_completed_as_it_stands():
    prompt = "<|user|>\n"
    completion, one = await asked(
        Request((), {"stop": ["<|end|>"]}, 9, prompt=prompt), answer=lambda _: Answer("Who?", "length")
    )
    assert (completion.text, completion.finish) == ("Who?", "length")
    assert one.path == "/v1/completions"
    assert one.body == {"model": "tiny", "seed": 9, "stop": ["<|end|>"], "prompt": prompt}


async def test_a_role_may_speak_plain_completion_throughout():
    completion, one = await asked(api="completion", max_tokens=7)
    assert completion.text == "ok"
    assert one.path == "/v1/completions"
    assert one.body == {"model": "tiny", "seed": 5, "max_tokens": 7, "prompt": "Be brief.\n\nHello."}


async def test_a_seed_is_left_out_where_it_is_refused():
    assert "seed" not in await sent(send_seed=False)


@pytest.mark.parametrize(
    ("given", "chat", "plain"),
    [
        ({}, {}, {}),
        ({"logprobs": 0}, {"logprobs": True}, {"logprobs": 0}),
        ({"logprobs": 3}, {"logprobs": True, "top_logprobs": 3}, {"logprobs": 3}),
    ],
)
async def test_log_probabilities_are_asked_for(given, chat, plain):
    for api, expected in (("chat", chat), ("completion", plain)):
        body = await sent(api=api, **given)
        assert {name: body[name] for name in body if "logprobs" in name} == expected


async def test_an_extra_body_lies_over_the_request():
    body = await sent(extra_body={"top_k": 5, "seed": 1, "chat_template_kwargs": {"thinking": False}})
    assert (body["top_k"], body["seed"], body["chat_template_kwargs"]) == (5, 1, {"thinking": False})


@pytest.mark.parametrize(
    ("url", "given", "name"),
    [
        ("https://api.openai.com/v1", {}, "max_completion_tokens"),
        ("https://api.openai.com/v1", {"max_tokens_name": "max_tokens"}, "max_tokens"),
        ("http://localhost:8000/v1", {}, "max_tokens"),
        ("http://localhost:8000/v1", {"max_tokens_name": "max_completion_tokens"}, "max_completion_tokens"),
    ],
)
def test_the_name_of_the_token_limit(url, given, name):
    generator, request = made(url, **given), dataclasses.replace(HELLO, params={"max_tokens": 9})
    assert f'"{name}":9'.encode() in generator._bodies.chat(request)
    assert b'"max_tokens":9' in generator._bodies.plain(request)


@pytest.mark.parametrize("params", [{"n": 2}, {"n": 0}, {"n": True}, {"stream": True}])
async def test_several_answers_are_refused(params):
    name, value = next(iter(params.items()))
    with pytest.raises(RequestRefused, match=f"'{name}: {str(value).lower()}' cannot be asked for"):
        await asked(Request(HELLO.messages, params))


@pytest.mark.parametrize("params", [{"n": 1}, {"stream": False}])
async def test_one_answer_may_be_spelled_out(params):
    assert (await sent(Request(HELLO.messages, params))).items() >= params.items()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n": 3}, "so 'n: 3' cannot be; take it out: each answer is asked for, and paid for, by itself"),
        ({"extra_body": {"stream": True}}, "so 'stream: true' in 'extra_body' cannot be"),
        ({"extra_body": {"messages": []}}, "'extra_body' says 'messages'"),
        ({"ca_file": "no/such.pem"}, "the TLS files cannot be used (ca_file 'no/such.pem')"),
        ({"proxy": "socks5://h:1"}, "cannot go through a proxy of the kind 'socks5'"),
        ({"base_url": "https://me:pw@h/v1"}, "base URL holds a secret"),
        ({"base_url": "https://h/v1?key=x"}, "base URL holds a secret"),
    ],
)
def test_what_cannot_work_is_found_before_a_call(given, said):
    [problem] = made(**{"base_url": "http://h/v1", **given}).check()
    assert said in str(problem)
    assert "pw" not in str(problem)


async def test_what_comes_with_an_answer_is_kept():
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": None},
    }
    logprobs = {"content": [{"token": "\ud83d", "logprob": float("-inf"), "top_logprobs": []}]}
    choice = {"message": {"content": "x", "reasoning": "Hm."}, "logprobs": logprobs, "finish_reason": "stop"}
    completion, _ = await asked(fault=Fault(body={"choices": [choice], "usage": usage}))
    kept = {"content": [{"token": "\ufffd", "logprob": None, "top_logprobs": []}]}
    extra = {"reasoning": "Hm.", "logprobs": kept, "cached_tokens": 8, "reasoning_tokens": 3}
    assert completion == Completion("x", "stop", 9, 4, extra)
    canonical(dict(completion.extra))


@pytest.mark.parametrize(
    ("choice", "text", "finish", "reasoning"),
    [
        (
            {"message": {"content": None, "reasoning_content": "Hm"}, "finish_reason": "length"},
            "",
            "length",
            "Hm",
        ),
        ({"message": {"content": "x"}, "finish_reason": "max_tokens"}, "x", "length", None),
        (
            {"message": {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}},
            "ab",
            "stop",
            None,
        ),
        (
            {
                "message": {
                    "content": [
                        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                        {"type": "text", "text": "x"},
                    ]
                }
            },
            "x",
            "stop",
            "Hm",
        ),
        ({"text": "x", "finish_reason": "stop"}, "x", "stop", None),
        ({"text": None, "finish_reason": None}, "", "stop", None),
    ],
)
async def test_the_forms_of_an_answer(choice, text, finish, reasoning):
    completion, _ = await asked(fault=Fault(body={"choices": [choice]}))
    assert (completion.text, completion.finish) == (text, finish)
    assert completion.extra.get("reasoning") == reasoning


async def test_an_answer_that_broke_off_upstream():
    choice = {"message": {"content": "ha"}, "finish_reason": "error", "error": {"message": "upstream died"}}
    failed = await failure(Fault(body={"choices": [choice]}))
    assert type(failed) is BadResponse
    assert str(failed).endswith("broke off its answer: upstream died")


def refused(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> Fault:
    return Fault(status=status, body={"error": {"message": message, "param": param, "code": code}})


@pytest.mark.parametrize(
    ("fault", "kind", "hint"),
    [
        (
            refused(
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
                "max_tokens",
                "unsupported_parameter",
            ),
            EveryCallFails,
            "set 'max_tokens_name: max_completion_tokens'",
        ),
        (
            refused("Unrecognized request argument supplied: max_completion_tokens"),
            RequestRefused,
            "set 'max_tokens_name: max_tokens'",
        ),
        (
            refused(
                "'temperature' does not support 0.2 with this model.", "temperature", "unsupported_value"
            ),
            EveryCallFails,
            "set 'temperature: null' in the block and in the stages' params",
        ),
        (refused("Extra inputs: unknown field `seed`", status=422), RequestRefused, "set 'send_seed: false'"),
        (refused("response_format is not supported"), RequestRefused, "set 'enforce_schema: false'"),
        (refused("max_tokens is too large: 9999", "max_tokens"), RequestRefused, "is too large: 9999"),
        (refused("unknown error"), RequestRefused, "unknown error"),
    ],
)
async def test_a_refused_parameter_names_the_option(fault, kind, hint):
    failed = await failure(fault)
    assert type(failed) is kind
    assert str(failed).endswith(hint)


def test_what_shapes_answers_and_what_does_not():
    shaped = shaping(made("http://h"))
    assert {"api", "logprobs", "extra_body", "enforce_schema"} <= shaped.keys()
    reached = {"proxy", "trust_env", "verify", "ca_file", "client_cert", "client_key", "connect_timeout"}
    named = {"send_seed", "max_tokens_name", "n", "headers", "organization", "project"}
    assert not (reached | named) & shaped.keys()
