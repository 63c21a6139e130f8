from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from watsonx_calls import certificates_fixture, no_environment, stand_in_fixture  # noqa: F401
from watsonx_calls import (
    HELLO,
    KEY,
    asked,
    chat,
    generator,
)

import fms_dgt
from fms_dgt.core.generator import Completion, Request
from fms_dgt.errors import (
    BadResponse,
    EveryCallFails,
    RequestRefused,
)
from fms_dgt.generators.watsonx.answers import AnswerReader
from fms_dgt.generators.watsonx.params import chat_params, plain_params
from fms_dgt.testing import Answer, Fault, GeneratorContract, echo_answers
from fms_dgt.testing.watsonx_server import CHAT, PLAIN, WatsonxServer


async def test_what_is_sent(stand_in):
    messages = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hé \ud83d 你好"})
    request = Request(messages, {"temperature": 0.2, "stop": ["END"]}, seed=7)
    async with stand_in() as server:
        await asked(server, request, temperature=1.0, max_new_tokens=64, top_p=0.5, min_new_tokens=3)
        [one] = server.requests
    assert one.path == CHAT
    assert one.body == {
        "model_id": "tiny",
        "project_id": "some-project",
        "messages": list(messages),
        "temperature": 0.2,
        "max_tokens": 64,
        "top_p": 0.5,
        "stop": ["END"],
        "seed": 7,
    }


async def test_what_is_sent_plainly(stand_in):
    request = Request((), {"temperature": 0.2, "stop": ["END"]}, seed=7, prompt="Once upon")
    async with stand_in() as server:
        options = {"project_id": None, "space_id": "some-space", "max_tokens": 64, "min_new_tokens": 3}
        await asked(server, request, **options)
        [one] = server.requests
    assert one.path == PLAIN
    assert one.body == {
        "model_id": "tiny",
        "space_id": "some-space",
        "input": "Once upon",
        "parameters": {
            "decoding_method": "sample",
            "temperature": 0.2,
            "max_new_tokens": 64,
            "min_new_tokens": 3,
            "stop_sequences": ["END"],
            "include_stop_sequence": False,
            "random_seed": 7,
        },
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"seed": 3}),
        ({"decoding_method": "greedy"}, {"seed": 3, "temperature": 0}),
        ({"decoding_method": "greedy", "temperature": 0.7}, {"seed": 3, "temperature": 0}),
        ({"decoding_method": "sample", "temperature": 0.7}, {"seed": 3, "temperature": 0.7}),
        ({"max_new_tokens": 9}, {"seed": 3, "max_tokens": 9}),
        ({"stop_sequences": ["b"]}, {"seed": 3, "stop": ["b"]}),
        ({"min_new_tokens": 9}, {"seed": 3}),
        ({"random_seed": 11}, {"seed": 11}),
        ({"seed": 11, "top_k": 4}, {"seed": 11, "top_k": 4}),
    ],
)
def test_parameters_of_chat(given, expected):
    assert chat_params(3, given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"random_seed": 3}),
        ({"temperature": 0}, {"random_seed": 3, "decoding_method": "greedy"}),
        ({"decoding_method": "greedy"}, {"random_seed": 3, "decoding_method": "greedy"}),
        ({"top_p": 0.5}, {"random_seed": 3, "decoding_method": "sample", "top_p": 0.5}),
        ({"decoding_method": "sample"}, {"random_seed": 3, "decoding_method": "sample"}),
        ({"max_new_tokens": 9}, {"random_seed": 3, "max_new_tokens": 9}),
        (
            {"stop": ["a"], "include_stop_sequence": True},
            {"random_seed": 3, "stop_sequences": ["a"], "include_stop_sequence": True},
        ),
        ({"seed": 0}, {"random_seed": 1}),
    ],
)
def test_parameters_of_plain_generation(given, expected):
    assert plain_params(3, given) == expected


def test_a_decoding_method_nobody_knows():
    with pytest.raises(RequestRefused, match="may be greedy or sample, not 'beam'"):
        chat_params(3, {"decoding_method": "beam"})


def test_several_answers_at_once():
    assert chat_params(3, {"n": 1}) == {"seed": 3, "n": 1}
    with pytest.raises(RequestRefused, match="by itself"):
        chat_params(3, {"n": 2})


async def test_random_seed_joins_the_seed_of_each_request(stand_in):
    requests = [Request(HELLO.messages, seed=seed) for seed in (1, 2)]
    async with stand_in() as server:
        for random_seed in (None, 42, 42, 43):
            for request in requests:
                await asked(server, request, random_seed=random_seed)
        seeds = [one.body["seed"] for one in server.requests]
    assert seeds[:2] == [1, 2]
    assert seeds[2:4] == seeds[4:6]
    assert len(set(seeds)) == 6
    assert all(0 <= seed < 2**31 for seed in seeds)


async def test_what_comes_back(stand_in):
    answer = Answer("Grüße 你好\n", "length", 12, 34, {"reasoning_content": "Hm."})
    async with stand_in(lambda _: answer) as server:
        assert await asked(server) == Completion("Grüße 你好\n", "length", 12, 34, {"reasoning": "Hm."})
        assert await asked(server, api="completion") == Completion("Grüße 你好\n", "length", 12, 34)


@pytest.mark.parametrize(
    ("message", "more", "expected"),
    [
        ({"content": [{"type": "text", "text": "x"}]}, {}, Completion("x")),
        ({"content": "x"}, {"usage": "many"}, Completion("x")),
        ({"content": "x"}, {"usage": {"prompt_tokens": 2**70, "completion_tokens": -1}}, Completion("x")),
        ({"content": "x", "reasoning_content": 3}, {}, Completion("x")),
        ({"content": "a\ud800"}, {}, Completion("a\ufffd")),
    ],
)
def test_answers_that_are_odd_but_good(message, more, expected):
    choice = {"message": message, "finish_reason": "stop"}
    assert AnswerReader("https://host").chat({"choices": [choice], **more}) == expected


def test_an_answer_that_was_filtered_away():
    choice = {"message": {"content": ""}, "finish_reason": "content_filter"}
    with pytest.raises(RequestRefused, match="filtered content"):
        AnswerReader("https://host").chat({"choices": [choice]})


@pytest.mark.parametrize(
    ("said", "finish"),
    [
        ("eos_token", "stop"),
        ("STOP_SEQUENCE", "stop"),
        ("max_tokens", "length"),
        ("time_limit", "length"),
        (None, "stop"),
    ],
)
def test_why_an_answer_ended(said, finish):
    reader = AnswerReader("https://host")
    assert reader.plain({"results": [{"generated_text": "x", "stop_reason": said}]}).finish == finish
    choice = {"message": {"content": "x"}, "finish_reason": said}
    assert reader.chat({"choices": [choice]}).finish == finish


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {},
        {"results": []},
        {"results": [3]},
        {"results": [{"generated_text": 3}]},
        {"results": [{"stop_reason": "error"}]},
    ],
)
def test_plain_answers_that_are_none(payload):
    with pytest.raises(BadResponse):
        AnswerReader("https://host").plain(payload)


async def test_the_turns_of_a_chat_as_a_plain_prompt(stand_in):
    request = Request(
        ({"role": "system", "content": "Be brief."}, *HELLO.messages), seed=5, schema={"type": "object"}
    )
    async with stand_in() as server:
        await asked(server, request, api="completion", enforce_schema=True)
        assert not generator(server, api="completion", enforce_schema=True).enforces_schema
        [one] = server.requests
    assert (one.path, one.body["input"]) == (PLAIN, "Be brief.\n\nSay hello.")
    assert one.body["parameters"] == {"random_seed": 5}


@pytest.mark.parametrize("enforced", [True, False])
async def test_a_schema_is_sent_where_it_is_enforced(stand_in, enforced):
    request = Request(HELLO.messages, schema={"type": "object"})
    async with stand_in(lambda _: "{}") as server:
        await asked(server, request, enforce_schema=enforced)
        assert generator(server, enforce_schema=enforced).enforces_schema is enforced
        sent = server.requests[0].body.get("response_format")
    schema = {"name": "reply", "schema": {"type": "object"}, "strict": True}
    assert sent == ({"type": "json_schema", "json_schema": schema} if enforced else None)


async def test_what_watsonx_warns_of_in_an_answer_is_not_in_the_way(stand_in):
    system = {"warnings": [{"message": "This model is a third party's.", "id": "disclaimer_warning"}]}
    async with stand_in(faults=lambda *_: Fault(body={**chat(), "system": system})) as server:
        assert (await asked(server)).text == "x"


async def test_a_large_answer_and_a_large_request(stand_in):
    text = "word " * 2_000_000
    async with stand_in(lambda _: text) as server:
        assert (await asked(server, Request(({"role": "user", "content": text},)))).text == text
        assert server.requests[0].prompt == text


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )
    assert not done.stderr, done.stderr
    return done.stdout


def test_the_sdk_is_not_imported_before_it_is_used():
    printed = run_python(
        """
        import sys
        from fms_dgt.generators.watsonx.generator import WatsonxGenerator, WatsonxOptions
        WatsonxGenerator(WatsonxOptions(model_id_or_path="m")).check()
        print([name for name in ("ibm_watsonx_ai", "httpx", "pandas", "aiohttp") if name in sys.modules])
        """
    )
    assert printed.strip() == "[]"


def test_without_the_package():
    printed = run_python(
        """
        import asyncio, sys
        sys.modules["ibm_watsonx_ai"] = None
        from fms_dgt.errors import SetupError
        from fms_dgt.generators.watsonx.generator import WatsonxGenerator, WatsonxOptions
        one = WatsonxGenerator(WatsonxOptions(model_id_or_path="m", region="eu-de", project_id="p", api_key="k"))
        print(*one.check())
        try:
            asyncio.run(one.open())
        except SetupError as error:
            print(error)
        """
    )
    checked, opened = printed.splitlines()
    assert (
        checked == "the watsonx generator needs the package ibm-watsonx-ai; run: pip install ibm-watsonx-ai"
    )
    assert opened.startswith("the watsonx generator cannot use the package ibm-watsonx-ai (")
    assert opened.endswith("; run: pip install ibm-watsonx-ai")


async def test_a_call_before_open(stand_in):
    with pytest.raises(EveryCallFails, match="before open"):
        await generator(stand_in()).generate(HELLO)


PLUGIN = """
from fms_dgt.generators.watsonx.generator import WatsonxGenerator

class Included(WatsonxGenerator):
    name = "watsonx_included"
"""


def test_a_run_with_faults_leaves_no_key_behind(stand_in, tmp_path):
    (tmp_path / "plugin.py").write_text(PLUGIN)
    faults = lambda _, number: Fault(status=(429, 500, 400)[number % 3]) if number % 7 == 0 else None
    with stand_in(
        echo_answers, faults=faults, sign_in_faults={0: Fault(status=503)}.get
    ).in_thread() as server:
        place = {"url": server.url, "api_key": KEY, "verify": str(server.certificates.ca), **server.cloud}
        outcome = fms_dgt.run(
            "instructlab/skills/writing/freeform/debate",
            generator={"type": "watsonx_included", "model_id_or_path": "m", "project_id": "p", **place},
            include=[tmp_path / "plugin.py"],
            output_dir=tmp_path / "out",
            num_outputs_to_generate=5,
            progress=False,
        )
        secrets = [secret.encode() for secret in (KEY, *server.tokens)]
    assert outcome.complete
    assert outcome.counts["records"] == 5
    written = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) > 3
    assert not [secret for secret in secrets if any(secret in content for content in written)]


class TestContract(GeneratorContract):
    @pytest.fixture(autouse=True)
    def server(self, certificates):
        with WatsonxServer(certificates, api_key=KEY).in_thread() as self.running:
            yield

    def make_generator(self):
        return generator(self.running)


class TestContractOfPlainGeneration(TestContract):
    def make_generator(self):
        return generator(self.running, api="completion")

    def request(self, number=0):
        return Request((), seed=number, prompt=f"The number {number} is")
