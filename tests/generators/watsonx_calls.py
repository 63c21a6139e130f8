"""What the tests of the watsonx generator share: its stand-in, and calls to it."""

from __future__ import annotations

import pytest
from as_engine import as_engine

from fms_dgt.core.generator import Completion, Request
from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode
from fms_dgt.errors import (
    GeneratorError,
)
from fms_dgt.generators.watsonx.generator import WatsonxGenerator
from fms_dgt.generators.watsonx.access import (
    VARIABLES,
    WatsonxOptions,
)
from fms_dgt.testing.tls import make_certificates
from fms_dgt.testing.watsonx_server import WatsonxServer

KEY, PASSWORD = "very-secret-key", "very-secret-password"
HELLO = Request(({"role": "user", "content": "Say hello."},), seed=5)

PROXIES = [
    name for word in ("http", "https", "all", "no") for name in (f"{word}_proxy", f"{word}_PROXY".upper())
]
# the SDK sets these for itself
SDK_OWN = (
    "DEPLOYMENT_PLATFORM",
    "DEPLOYMENT_PRIVATE",
    "RUNTIME_ENV_ACCESS_TOKEN_FILE",
    "PROJECT_ID",
    "SPACE_ID",
)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    ours = [variable for variables in VARIABLES.values() for variable in variables]
    for name in (*ours, *SDK_OWN, *PROXIES):
        monkeypatch.setenv(name, "")  # so that it is put back, whatever the SDK does to it
        monkeypatch.delenv(name)


@pytest.fixture(name="certificates", scope="module")
def certificates_fixture(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(name="stand_in")
def stand_in_fixture(certificates):
    def made(answer=lambda _: "hello", **settings) -> WatsonxServer:
        given = {"api_key": KEY, "password": PASSWORD, **settings}
        return WatsonxServer(certificates, answer=answer, **given)

    return made


def generator(server: WatsonxServer, **options) -> WatsonxGenerator:
    """In the cloud, unless there is a user."""
    place = {"username": options["username"]} if "username" in options else {"api_key": KEY, **server.cloud}
    given = {
        "url": server.url,
        "project_id": "some-project",
        "model_id_or_path": "tiny",
        "verify": str(server.certificates.ca),
        "timeout": 5,
        **place,
        **options,
    }
    problems: list = []
    decoded = decode(WatsonxOptions, Node.of(given, "config.yaml"), problems)
    assert decoded is not None, problems
    return as_engine(WatsonxGenerator(decoded))


async def asked(server: WatsonxServer, request: Request = HELLO, **options) -> Completion:
    one = generator(server, **options)
    await one.open()
    try:
        return await one.generate(request)
    finally:
        await one.close()


async def failure_of(server: WatsonxServer, **options) -> GeneratorError:
    async with server:
        with pytest.raises(GeneratorError) as caught:
            await asked(server, **options)
    return caught.value


def chat(**choice) -> dict:
    return {
        "choices": [{"message": {"role": "assistant", "content": "x"}, "finish_reason": "stop", **choice}]
    }
