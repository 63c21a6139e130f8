"""The watsonx SDK, signed in once and spoken to over aiohttp.

The SDK writes the requests and keeps the token fresh. What carries them is ours: its own HTTP clients
try everything again by themselves, trust any server whose certificate they cannot check, and cost 2 to
4 ms of CPU a call where this costs half of one. Imported when the generator opens: the SDK takes a second.
"""

from __future__ import annotations

import asyncio
import io
import logging
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from ibm_watsonx_ai import APIClient, Credentials
from ibm_watsonx_ai.foundation_models import ModelInference

from fms_dgt.core.generator import Message
from fms_dgt.errors import BadResponse
from fms_dgt.generators.watsonx_access import Access
from fms_dgt.generators.watsonx_answers import AnswerReader
from fms_dgt.generators.watsonx_errors import TEXT_CALLS, Translator, translate_errors

CONNECT_SECONDS = 30.0
SIGN_IN_SECONDS = 60.0
LARGEST_ANSWER = 64 * 1024 * 1024
# aiohttp warns of larger bodies given as bytes, which it would write in one piece
LARGEST_PIECE = 1024 * 1024

# these are about one connection, and either side of the transport writes its own
HOP_HEADERS = frozenset(
    {"host", "connection", "accept-encoding", "content-length", "content-encoding", "transfer-encoding"}
)


class Service:
    """One model at one place. It signs in with the first call, so that a failure there is that call's."""

    def __init__(self, access: Access, model: str, *, timeout: float, answers: AnswerReader) -> None:
        self._access = access
        self._name = model
        self._errors = Translator(answers, timeout)
        self._trust = _trust(access.verify)
        self._transport = AiohttpTransport(self._trust, timeout)
        self._client = httpx.AsyncClient(transport=self._transport, event_hooks={"response": [_checked]})
        self._model: ModelInference | None = None
        self._signing_in: asyncio.Task[ModelInference] | None = None
        self._silence = _Silence()
        _sdk_log().addFilter(self._silence)

    async def chat(self, messages: Sequence[Message], params: dict[str, Any]) -> Any:
        """The answer to a chat call. Raises GeneratorError."""
        with translate_errors(self._errors):
            model = self._model or await self._signed_in()
            return await model.achat([dict(message) for message in messages], params)

    async def plain(self, prompt: str, params: dict[str, Any]) -> Any:
        """The answer to a plain generation call. Raises GeneratorError."""
        with translate_errors(self._errors):
            model = self._model or await self._signed_in()
            return await model.agenerate(prompt, params)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._signing_in is not None:
            self._signing_in.cancel()
        _sdk_log().removeFilter(self._silence)
        await self._client.aclose()

    async def _signed_in(self) -> ModelInference:
        if self._signing_in is None or self._signing_in.done():
            self._signing_in = asyncio.create_task(self._sign_in())
        # calls in flight share one attempt, which none of them can cancel for the others
        return await asyncio.shield(self._signing_in)

    async def _sign_in(self) -> ModelInference:
        # the SDK blocks here
        self._model = await asyncio.to_thread(self._signed_in_model)
        return self._model

    def _signed_in_model(self) -> ModelInference:
        access = self._access
        limit = min(self._errors.timeout, SIGN_IN_SECONDS)
        hooks = {"response": [_checked_blocking]}
        with httpx.Client(verify=self._trust, timeout=limit, event_hooks=hooks) as blocking:
            client = APIClient(
                Credentials(
                    url=access.url,
                    api_key=access.api_key or None,
                    token=access.token or None,
                    username=access.username or None,
                    password=access.password or None,
                    version=access.version or None,
                    auth_url=access.auth_url or None,
                    platform_url=access.platform_url or None,
                ),
                httpx_client=blocking,
                async_httpx_client=self._client,
            )
        # set, not passed: the SDK would look the project up, which not every key may do
        client.default_project_id = access.project_id or None
        client.default_space_id = access.space_id or None
        # no retries also means no rate limit: its 8 a second are for what is tried again
        return ModelInference(model_id=self._name, api_client=client, validate=False, max_retries=0)


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Carries httpx's requests over one aiohttp session, each once and as many at a time as there are."""

    def __init__(self, trust: ssl.SSLContext, timeout: float) -> None:
        self._trust = trust
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._carried(request)
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time", request=request) from error
        except (aiohttp.ClientError, OSError) as error:
            # one that did not speak HTTP would show the whole URL
            said = error.message if isinstance(error, aiohttp.ClientResponseError) else error
            raise httpx.ConnectError(f"{type(error).__name__} {said}", request=request) from error

    async def aclose(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _carried(self, request: httpx.Request) -> httpx.Response:
        if self._session is None:
            self._session = self._opened()
        body, url = request.content, str(request.url)
        async with self._session.request(
            request.method,
            url,
            data=body if len(body) <= LARGEST_PIECE else io.BytesIO(body),
            headers=_passed_on(request.headers.multi_items()),
            proxy=self._proxy(request.url.host),
            allow_redirects=False,
        ) as response:
            headers = _passed_on(response.headers.items())
            return httpx.Response(response.status, headers=headers, content=await _content(response))

    def _opened(self) -> aiohttp.ClientSession:
        timeout = self._timeout
        return aiohttp.ClientSession(
            # how many calls go out at once is the runner's affair
            connector=aiohttp.TCPConnector(limit=0, ssl=self._trust),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, CONNECT_SECONDS)),
        )

    def _proxy(self, host: str) -> str | None:
        if host not in self._proxies:
            self._proxies[host] = None if proxy_bypass(host) else getproxies().get("https")
        return self._proxies[host]


class _Silence(logging.Filter):
    """The SDK logs every error it makes, with whatever the server said; each is raised, too."""

    def filter(self, record: logging.LogRecord) -> bool:
        return False


def _sdk_log() -> logging.Logger:
    return logging.getLogger("ibm_watsonx_ai.wml_client_error")


def _trust(verify: bool | str) -> ssl.SSLContext:
    if isinstance(verify, bool):
        return httpx.create_ssl_context(verify=verify)
    place = Path(verify)
    return ssl.create_default_context(**{"capath" if place.is_dir() else "cafile": str(place)})


async def _checked(response: httpx.Response) -> None:
    """Stop what is no answer before the SDK loses its status and headers."""
    if _is_failure(response):
        await response.aread()
        raise httpx.HTTPStatusError("", request=response.request, response=response)


def _checked_blocking(response: httpx.Response) -> None:
    if _is_failure(response):
        response.read()
        raise httpx.HTTPStatusError("", request=response.request, response=response)


def _is_failure(response: httpx.Response) -> bool:
    status = response.status_code
    if TEXT_CALLS in response.url.path:
        return status != httpx.codes.OK
    # the SDK goes on after some of the others, and tries another way of signing in
    return status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR


def _passed_on(headers: Any) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in HOP_HEADERS]


async def _content(response: aiohttp.ClientResponse) -> bytes:
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER:
            response.close()
            limit = LARGEST_ANSWER // 1024 // 1024
            raise BadResponse(f"the answer has more than {limit} MB")
    return b"".join(pieces)
