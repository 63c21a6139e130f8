"""The relatives of the `openai` generator: their own URLs and keys, the same protocol."""

from __future__ import annotations

import pytest
from as_engine import as_engine

from fms_dgt.core.generator import Request, shaping
from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode
from fms_dgt.errors import EveryCallFails
from fms_dgt.generators.openai.azure import AzureGenerator
from fms_dgt.generators.openai.generator import ProtocolGenerator
from fms_dgt.generators.openai.rits import RitsGenerator, endpoint_name
from fms_dgt.testing import Fault, GeneratorContract, ModelServer

KEY = "a-key-to-recognise"
HELLO = Request(({"role": "user", "content": "Hello."},), {"max_tokens": 9}, seed=5)
VARIABLES = (
    *("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "OPENAI_API_VERSION"),
    *("RITS_API_KEY", "RITS_BASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def made(kind: type, **given) -> ProtocolGenerator:
    problems: list = []
    options = decode(kind.Options, Node.of({"timeout": 5, **given}, "config.yaml"), problems)
    assert options is not None, problems
    return as_engine(kind(options))


async def said(generator: ProtocolGenerator) -> str:
    await generator.open()
    try:
        return (await generator.generate(HELLO)).text
    finally:
        await generator.close()


def root(server: ModelServer) -> str:
    return server.base_url.removesuffix("/v1")


async def test_azure_by_key():
    async with ModelServer(lambda _: "ok", api_key=KEY, key_header="api-key") as server:
        generator = made(
            AzureGenerator, azure_endpoint=root(server), api_key=KEY, model="gpt", deployment="mine"
        )
        assert await said(generator) == "ok"
        [one] = server.requests
    assert one.path == "/openai/deployments/mine/chat/completions"
    assert one.body["max_completion_tokens"] == 9
    assert generator.endpoint == f"{root(server)}/openai/deployments/mine gpt"
    assert str(generator._chat).endswith("/chat/completions?api-version=2024-10-21")
    assert str(generator._plain).endswith("/mine/completions?api-version=2024-10-21")


async def test_azure_by_token_and_environment(monkeypatch):
    async with ModelServer(lambda _: "ok", api_key=KEY) as server:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", root(server) + "/")
        monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", KEY)
        monkeypatch.setenv("OPENAI_API_VERSION", "2025-01-01-preview")
        generator = made(AzureGenerator, model="gpt")
        assert generator.check() == []
        assert await said(generator) == "ok"
    assert generator._chat.query_string == "api-version=2025-01-01-preview"


async def test_rits_by_its_header():
    async with ModelServer(lambda _: "ok", api_key=KEY, key_header="RITS_API_KEY") as server:
        url = f"{root(server)}/{{endpoint}}/v1"
        generator = made(
            RitsGenerator, base_url=url, api_key=KEY, model="org/Granite-3.1-8B", min_new_tokens=2
        )
        assert generator.check() == []
        assert await said(generator) == "ok"
        [one] = server.requests
    assert one.path == "/granite-3-1-8b/v1/chat/completions"
    assert (one.body["model"], one.body["max_tokens"]) == ("org/Granite-3.1-8B", 9)
    assert one.body["min_tokens"] == 2


async def test_rits_with_the_whole_url():
    async with ModelServer(lambda _: "ok") as server:
        generator = made(RitsGenerator, base_url=f"{root(server)}/mixtral/v1", api_key=KEY, model="m")
        await said(generator)
        assert server.requests[0].path == "/mixtral/v1/chat/completions"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("mistralai/mixtral-8x7B-instruct-v0.1", "mixtral-8x7b-instruct-v01"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3-1-8b-instruct"),
        ("meta-llama/llama-3-3-70b-instruct", "llama-3-3-70b-instruct"),
        ("Qwen/Qwen3-VL-235B-A22B-Instruct", "qwen3-vl-235b-a22b-instruct"),
    ],
)
def test_names_of_endpoints(model, name):
    assert endpoint_name(model) == name


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (
            AzureGenerator,
            {},
            [
                "the azure generator has no model; add 'model_id_or_path: ...'",
                "the azure generator's base URL '' is not a URL of a server; "
                "set AZURE_OPENAI_ENDPOINT, or 'azure_endpoint: https://NAME.openai.azure.com'",
                "the azure generator has no key; "
                "set AZURE_OPENAI_API_KEY, or AZURE_OPENAI_AD_TOKEN to a token of Entra ID",
            ],
        ),
        (RitsGenerator, {"model": "m"}, ["the rits generator has no key; set RITS_API_KEY"]),
    ],
)
def test_what_is_missing(monkeypatch, kind, given, expected):
    # an OpenAI key is no key for anybody else
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    assert [str(problem) for problem in made(kind, **given).check()] == expected


@pytest.mark.parametrize(
    ("status", "azure", "rits"),
    [
        (401, "check the key or token", "check RITS_API_KEY"),
        (404, "check 'azure_endpoint', 'deployment' and 'api_version'", "set 'endpoint_name'"),
    ],
)
async def test_errors_name_the_options_that_are_there(status, azure, rits):
    fault = Fault(status=status, body=f"no: {KEY}")
    async with ModelServer(faults=lambda *_: fault) as server:
        both = (
            (made(AzureGenerator, azure_endpoint=root(server), api_key=KEY, model="m"), azure),
            (made(RitsGenerator, base_url=f"{root(server)}/m/v1", api_key=KEY, model="m"), rits),
        )
        for generator, mend in both:
            with pytest.raises(EveryCallFails) as caught:
                await said(generator)
            assert mend in str(caught.value)
            assert KEY not in str(caught.value)


@pytest.mark.parametrize("kind", [AzureGenerator, RitsGenerator])
def test_where_it_is_shapes_nothing(kind):
    shaped = shaping(made(kind, model="m", api_key=KEY))
    where = {"azure_endpoint", "deployment", "api_version", "base_url", "endpoint_name"}
    assert not (where | {"api_key", "azure_ad_token"}) & shaped.keys()
    assert KEY not in str(shaped)


class TestAzure(GeneratorContract):
    @pytest.fixture(autouse=True)
    def server(self):
        with ModelServer().in_thread() as self.running:
            yield

    def make_generator(self):
        return made(AzureGenerator, azure_endpoint=root(self.running), api_key=KEY, model="m")


class TestRits(GeneratorContract):
    @pytest.fixture(autouse=True)
    def server(self):
        with ModelServer().in_thread() as self.running:
            yield

    def make_generator(self):
        return made(RitsGenerator, base_url=f"{root(self.running)}/{{endpoint}}/v1", api_key=KEY, model="m")
