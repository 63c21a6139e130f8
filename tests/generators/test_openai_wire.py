"""How a server is reached: headers, TLS, proxies."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from fms_dgt.core.generator import Request
from fms_dgt.errors import ConnectionFailed, EveryCallFails, GeneratorError, SetupError
from fms_dgt.generators.openai.generator import OpenAIGenerator
from fms_dgt.generators.openai.options import OpenAIOptions
from fms_dgt.generators.openai.wire import proxy_of
from fms_dgt.testing import ModelServer
from fms_dgt.testing.tls import Certificates, make_certificates

HELLO = Request(({"role": "user", "content": "Hello."},))
ANSWER = {"choices": [{"message": {"content": "ok"}}]}
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)


async def said(base_url: str, **given) -> str:
    generator = OpenAIGenerator(OpenAIOptions(model_id_or_path="m", base_url=base_url, timeout=5, **given))
    await generator.open()
    try:
        return (await generator.generate(HELLO)).text
    finally:
        await generator.close()


@asynccontextmanager
async def listening(status: int = 200) -> AsyncIterator[tuple[str, list[web.BaseRequest]]]:
    """A server that keeps what it is asked, whatever the path."""
    seen: list[web.BaseRequest] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        await request.read()
        seen.append(request)
        return web.json_response(ANSWER if status == 200 else {}, status=status)

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


async def test_headers_of_an_organisation(monkeypatch):
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_1")
    async with listening() as (address, seen):
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://{address}/v1")
        await said(f"http://{address}/v1", api_key="sk-key", organization="org-1", headers={"X-Team": "a"})
    headers = seen[0].headers
    assert headers["Authorization"] == "Bearer sk-key"
    assert (headers["OpenAI-Organization"], headers["OpenAI-Project"]) == ("org-1", "proj_1")
    assert headers["X-Team"] == "a"


@pytest.mark.parametrize(
    ("environment", "given", "base", "expected"),
    [
        ({}, {}, "https://api.openai.com/v1", None),
        ({"https_proxy": "http://p:1"}, {}, "https://api.openai.com/v1", "http://p:1"),
        ({"https_proxy": "http://p:1"}, {}, "http://gpu:8000/v1", None),
        ({"all_proxy": "http://p:1"}, {}, "http://gpu:8000/v1", "http://p:1"),
        ({"http_proxy": "http://p:1", "no_proxy": "gpu"}, {}, "http://gpu:8000/v1", None),
        ({"http_proxy": "http://p:1"}, {}, "http://localhost:8000/v1", None),
        ({"http_proxy": "http://p:1"}, {}, "http://127.0.0.1:8000/v1", None),
        ({"http_proxy": "http://p:1"}, {"trust_env": False}, "http://gpu:8000/v1", None),
        ({"http_proxy": "http://p:1"}, {"proxy": "http://q:2"}, "http://gpu:8000/v1", "http://q:2"),
        ({}, {"proxy": "http://q:2"}, "http://localhost:8000/v1", "http://q:2"),
    ],
)
def test_which_proxy(monkeypatch, environment, given, base, expected):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    proxy = proxy_of(OpenAIOptions(**given), URL(base))
    assert proxy == (URL(expected) if expected else None)


async def test_calls_go_through_the_proxy():
    async with listening() as (address, seen):
        proxy = f"http://user:proxy-word@{address}"
        assert await said("http://no-such-host.invalid/v1", proxy=proxy) == "ok"
    assert str(seen[0].url) == "http://no-such-host.invalid/v1/chat/completions"
    assert seen[0].headers["Proxy-Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("status", "kind"), [(407, EveryCallFails), (403, EveryCallFails), (502, ConnectionFailed)]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses(scheme, status, kind):
    async with listening(status) as (address, _):
        with pytest.raises(kind) as caught:
            await said(f"{scheme}://no-such-host.invalid/v1", proxy=f"http://user:proxy-word@{address}")
    assert f"answered {status}" in str(caught.value)
    assert "proxy-word" not in str(caught.value)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


async def test_a_certificate_authority_of_ones_own(certificates):
    async with ModelServer(lambda _: "ok", tls=certificates.for_server()) as server:
        assert server.base_url.startswith("https://")
        assert await said(server.base_url, ca_file=certificates.ca) == "ok"
        assert await said(server.base_url, verify=False) == "ok"
        with pytest.raises(EveryCallFails, match="has a certificate that is not trusted: .*; name the certificates of its authority with .ca_file"):
            await said(server.base_url)


async def test_a_certificate_of_ones_own(certificates, tmp_path):
    command = [shutil.which("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    files = ["-subj", "/CN=client", "-keyout", "me.key", "-out", "me.pem"]
    subprocess.run([*command, *files], cwd=tmp_path, check=True, capture_output=True)
    context = certificates.for_server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(tmp_path / "me.pem")
    trusted = {"ca_file": certificates.ca}
    mine = {"client_cert": tmp_path / "me.pem", "client_key": tmp_path / "me.key"}
    async with ModelServer(lambda _: "ok", tls=context) as server:
        assert await said(server.base_url, **trusted, **mine) == "ok"
        with pytest.raises(GeneratorError):
            await said(server.base_url, **trusted)


async def test_tls_files_that_went_missing():
    with pytest.raises(SetupError, match="openai: the TLS files cannot be used"):
        await said("https://h/v1", client_cert=Path("gone.pem"))
