"""Which server gets a key of the environment, and over which connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hostile import CANARY, ROWS, collector

from fms_dgt.core.generator import Generator, Request
from fms_dgt.errors import EveryCallFails, GeneratorError
from fms_dgt.generators.openai.azure import AzureGenerator, AzureOptions
from fms_dgt.generators.openai.generator import OpenAIGenerator
from fms_dgt.generators.openai.options import OpenAIOptions
from fms_dgt.generators.openai.rits import RitsGenerator, RitsOptions
from fms_dgt.generators.watsonx.access import WatsonxOptions, access_of
from fms_dgt.safety.environment import BACKENDS
from fms_dgt.testing import ModelServer

ASK = Request(({"role": "user", "content": "hi"},), {})


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*(name for names in BACKENDS.values() for name in names), "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]:
        monkeypatch.delenv(name, raising=False)


def openai(**options: Any) -> OpenAIGenerator:
    return OpenAIGenerator(OpenAIOptions(model_id_or_path="m", timeout=5, **options))


def azure(**options: Any) -> AzureGenerator:
    return AzureGenerator(AzureOptions(model_id_or_path="m", timeout=5, **options))


def rits(**options: Any) -> RitsGenerator:
    return RitsGenerator(RitsOptions(model_id_or_path="m", timeout=5, **options))


def sent(generator: Any) -> str:
    """All that goes along with each of its calls."""
    return str(dict(generator._access.headers))


VENDORS = {
    "openai": (openai, {}, "OPENAI_API_KEY"),
    "openai, named": (openai, {"base_url": "https://api.openai.com/v1"}, "OPENAI_API_KEY"),
    "openai, in capitals": (openai, {"base_url": "https://API.OpenAI.com./v1"}, "OPENAI_API_KEY"),
    "azure": (azure, {"azure_endpoint": "https://mine.openai.azure.com"}, "AZURE_OPENAI_API_KEY"),
    "azure by token": (azure, {"azure_endpoint": "https://mine.openai.azure.com"}, "AZURE_OPENAI_AD_TOKEN"),
    "rits": (rits, {}, "RITS_API_KEY"),
}


@pytest.mark.parametrize(("made", "options", "variable"), VENDORS.values(), ids=VENDORS)
def test_the_vendor_gets_it(monkeypatch: Any, made: Any, options: Mapping[str, Any], variable: str) -> None:
    monkeypatch.setenv(variable, CANARY)
    generator = made(**options)
    assert (generator.check(), CANARY in sent(generator)) == ([], True)
    assert variable in generator.variables


OTHERS = {
    "a gateway": (openai, {"base_url": "https://gateway.corp/v1"}, "OPENAI_API_KEY"),
    "a name that begins like it": (openai, {"base_url": "https://api.openai.com.evil.example/v1"}, "OPENAI_API_KEY"),
    "the vendor as a user": (openai, {"base_url": "https://api.openai.com@evil.example/v1"}, "OPENAI_API_KEY"),
    "a name that ends like it": (openai, {"base_url": "https://evil-api.openai.com.example"}, "OPENAI_API_KEY"),
    "the vendor at another port": (openai, {"base_url": "https://api.openai.com:8443/v1"}, "OPENAI_API_KEY"),
    "the vendor over http": (openai, {"base_url": "http://api.openai.com/v1"}, "OPENAI_API_KEY"),
    "a proxy that reads along": (openai, {"proxy": "http://evil.example:1", "verify": False}, "OPENAI_API_KEY"),
    "azure elsewhere": (azure, {"azure_endpoint": "https://evil.example"}, "AZURE_OPENAI_API_KEY"),
    "azure's end in a name": (azure, {"azure_endpoint": "https://xopenai.azure.com.evil.example"}, "AZURE_OPENAI_API_KEY"),
    "azure's token": (azure, {"azure_endpoint": "https://evil.example"}, "AZURE_OPENAI_AD_TOKEN"),
    "rits elsewhere": (rits, {"base_url": "https://evil.example/{endpoint}/v1"}, "RITS_API_KEY"),
}


@pytest.mark.parametrize(("made", "options", "variable"), OTHERS.values(), ids=OTHERS)
def test_nobody_else_gets_it(monkeypatch: Any, made: Any, options: Mapping[str, Any], variable: str) -> None:
    monkeypatch.setenv(variable, CANARY)
    generator = made(**options)
    assert CANARY not in sent(generator)
    if "user" not in str(options) and "@" not in str(options):
        assert any(variable in str(problem) for problem in generator.check())


def test_a_proxy_that_reads_along_is_the_reason(monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    (problem,) = openai(base_url="https://api.openai.com/v1", proxy="http://evil.example:1", verify=False).check()
    assert "through a proxy that could read it; leave" in str(problem)


def test_a_url_that_is_none_has_one_problem(monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    for url in ("gateway.corp/v1", "ftp://gateway.corp", "https://"):
        (problem,) = openai(base_url=url).check()
        assert "is not a URL of a server" in str(problem)


def test_the_message_says_which_line_to_add(project: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    config = """
        databuilders:
          "*":
            blocks:
              - name: generator
                type: openai
                base_url: https://gateway.corp/v1
                model: m
    """
    made = project({"task.yaml": ROWS + "input: [{prompt: hi}]\n", "c.yaml": config})
    result = made.run("--task-paths", "task.yaml", "--config-path", "c.yaml")
    assert result.stderr == (
        "error: c.yaml:4: databuilders.*.blocks[0]: the openai generator does not send OPENAI_API_KEY of the "
        "environment to 'gateway.corp': it goes to api.openai.com, and to the host that OPENAI_BASE_URL names; add "
        "'api_key: ${OPENAI_API_KEY}' to the block if that host may have it, or 'api_key: none' if it wants none\n"
    )
    for key in ("${OPENAI_API_KEY}", "none"):
        made.write({"c.yaml": config.replace("model: m", f"model: m\n                api_key: {key}")})
        result = made.run("--task-paths", "task.yaml", "--config-path", "c.yaml", "--check")
        assert (result.code, result.stderr, CANARY in result.stdout) == (0, "", False)


@pytest.mark.parametrize(
    ("named", "base", "gets"),
    [
        ("https://gateway.corp/v1", None, True),
        ("https://gateway.corp/v1", "https://gateway.corp/other", True),
        ("https://gateway.corp/v1", "https://gateway.corp:8443/v1", False),
        ("https://gateway.corp/v1", "http://gateway.corp/v1", False),
        ("https://gateway.corp/v1", "https://evil.example/v1", False),
    ],
)
def test_the_host_that_the_environment_names_gets_it(monkeypatch: Any, named: str, base: Any, gets: bool) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("OPENAI_BASE_URL", named)
    generator = openai(base_url=base)
    assert (CANARY in sent(generator), not generator.check()) == (gets, gets)


async def test_a_server_on_this_machine_works_without_a_key_and_gets_none(monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("OPENAI_ORG_ID", CANARY)
    with collector() as server:
        generator = openai(base_url=f"{server.url}/v1")
        assert generator.check() == []
        await generator.open()
        with pytest.raises(GeneratorError):
            await generator.generate(ASK)
        await generator.close()
        assert len(server.requests) == 1
    assert CANARY not in server.text


async def test_a_server_on_this_machine_that_wants_the_key_is_explained(monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    async with ModelServer(lambda _: "ok", api_key="another") as server:
        generator = openai(base_url=server.base_url)
        await generator.open()
        with pytest.raises(EveryCallFails, match=r"add 'api_key: \$\{OPENAI_API_KEY\}'"):
            await generator.generate(ASK)
        await generator.close()


HTTP = {
    "a key": {"api_key": CANARY},
    "a header": {"headers": {"Authorization": f"Bearer {CANARY}"}},
    "a header of another name": {"headers": {"X-Api-Key": CANARY}},
}


@pytest.mark.parametrize("options", HTTP.values(), ids=HTTP)
async def test_no_key_goes_over_plain_http_to_another_machine(options: Mapping[str, Any]) -> None:
    generator = openai(base_url="http://gpu.corp:8000/v1", **options)
    (problem,) = generator.check()
    assert str(problem) == (
        "the openai generator would send a key over plain http to 'gpu.corp', readable on the way; use https, or add "
        "'send_key_over_http: true' to the block in a network that you trust"
    )
    await generator.open()
    with pytest.raises(EveryCallFails, match="over plain http"):
        await generator.generate(ASK)
    await generator.close()
    assert openai(base_url="http://gpu.corp:8000/v1", send_key_over_http=True, **options).check() == []


@pytest.mark.parametrize(
    ("base", "key"),
    [
        ("http://gpu.corp:8000/v1", "none"),
        ("http://gpu.corp:8000/v1", "ollama"),
        ("http://gpu.corp:8000/v1", None),
        ("http://localhost:8000/v1", CANARY),
        ("http://127.0.0.1:8000/v1", CANARY),
        ("http://[::1]:8000/v1", CANARY),
        ("http://models.localhost/v1", CANARY),
        ("https://gpu.corp/v1", CANARY),
    ],
)
def test_plain_http_that_is_no_trouble(base: str, key: Any) -> None:
    assert openai(base_url=base, api_key=key).check() == []


@pytest.mark.parametrize(
    "name", ["evil.example/", "evil.example#", "evil.example?", "evil.example:443/", "me@evil.example/", "..", "a/../b"]
)
@pytest.mark.parametrize("url", ["https://{endpoint}.rits.corp/v1", "https://rits.corp/{endpoint}/v1", ""])
def test_an_endpoint_is_a_name(monkeypatch: Any, name: str, url: str) -> None:
    monkeypatch.setenv("RITS_API_KEY", CANARY)
    monkeypatch.setenv("RITS_BASE_URL", url)
    generator = rits(endpoint_name=name)
    assert CANARY not in sent(generator)
    assert "evil" not in generator.endpoint
    (problem,) = generator.check()
    assert problem.what == f"the rits generator's endpoint '{name}' is not a name"


@pytest.mark.parametrize(
    ("base", "gets"),
    [
        (None, True),
        ("https://{endpoint}.rits.corp/v2", True),
        ("https://{endpoint}.evil.example/v1", False),
        ("https://{endpoint}/v1", False),
    ],
)
def test_an_endpoint_in_the_host_that_the_environment_names(monkeypatch: Any, base: Any, gets: bool) -> None:
    monkeypatch.setenv("RITS_API_KEY", CANARY)
    monkeypatch.setenv("RITS_BASE_URL", "https://{endpoint}.rits.corp/v1")
    generator = rits(base_url=base, endpoint_name="granite-3_1.b")
    assert (CANARY in sent(generator), generator.check() == []) == (gets, gets)


# --- watsonx ----------------------------------------------------------------------------------------

KEYS = {"WATSONX_API_KEY": CANARY, "WATSONX_TOKEN": CANARY, "WATSONX_PASSWORD": CANARY, "WATSONX_USERNAME": "me"}
CLOUD = "https://us-south.ml.cloud.ibm.com"


@pytest.mark.parametrize(
    ("options", "environment", "gets"),
    [
        ({"url": CLOUD}, {}, True),
        ({"region": "eu-de"}, {}, True),
        ({"url": CLOUD, "auth_url": "https://iam.cloud.ibm.com"}, {}, True),
        ({"url": "https://mine.appdomain.cloud.ibm.com"}, {}, False),
        ({"url": f"{CLOUD}:8443"}, {}, False),
        ({}, {"WATSONX_URL": "https://pak.corp"}, True),
        ({"url": "https://pak.corp"}, {"WATSONX_URL": "https://pak.corp/"}, True),
        ({"url": "https://evil.example"}, {}, False),
        ({"url": "https://evil.example"}, {"WATSONX_URL": "https://pak.corp"}, False),
        ({"url": "https://cloud.ibm.com.evil.example"}, {}, False),
        ({"url": CLOUD, "auth_url": "https://evil.example"}, {}, False),
        ({"url": CLOUD, "platform_url": "https://evil.example"}, {}, False),
        ({"url": "https://evil.example", "platform_url": CLOUD}, {}, False),
    ],
)
def test_watsonx(options: Mapping[str, Any], environment: Mapping[str, str], gets: bool) -> None:
    access = access_of(WatsonxOptions(project_id="p", **options), {**KEYS, **environment})
    assert (CANARY in (access.api_key, access.token, access.password)) is gets
    problems = " ".join(map(str, access.problems()))
    assert (problems == "") is gets
    assert gets or "does not send WATSONX_API_KEY of the environment to" in problems


def test_watsonx_with_a_key_of_the_config_goes_anywhere() -> None:
    options = WatsonxOptions(project_id="p", url="https://pak.corp", username="u", api_key="said")
    access = access_of(options, KEYS)
    assert (access.api_key, access.token, access.password, access.problems()) == ("said", "", "", [])


# --- redirects ----------------------------------------------------------------------------------------


async def test_a_redirect_takes_no_key_along(monkeypatch: Any) -> None:
    with collector() as elsewhere:
        from loopback_redirect import redirecting  # noqa: PLC0415

        with redirecting(elsewhere.url) as url:
            monkeypatch.setenv("OPENAI_API_KEY", CANARY)
            monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
            generator: Generator[Any] = openai()
            await generator.open()
            with pytest.raises(GeneratorError):
                await generator.generate(ASK)
            await generator.close()
    assert not elsewhere.requests


def test_check_teachers_and_try_keep_to_it(project: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    config = "databuilders: {'*': {blocks: [{name: generator, type: openai, model: m, base_url: 'https://evil.invalid/v1'}]}}\n"
    made = project({"c.yaml": config})
    for command in (("check-teachers", "--builder", "text_generation"), ("try", "hi", "--builder", "text_generation")):
        result = made.run(*command, "--config-path", "c.yaml")
        assert result.code == 2
        assert "does not send OPENAI_API_KEY of the environment to 'evil.invalid'" in result.stdout + result.stderr
        assert CANARY not in result.stdout + result.stderr
