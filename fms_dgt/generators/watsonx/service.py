"""The watsonx SDK, signed in once and spoken to over aiohttp.

The SDK writes the requests and keeps the token fresh. What carries them is ours: its own HTTP clients
try everything again by themselves, trust any server whose certificate they cannot check, and cost 2 to
8 ms of CPU a call where this costs 0.35. Imported when the generator opens: the SDK takes a second.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from ibm_watsonx_ai import APIClient, Credentials
from ibm_watsonx_ai.foundation_models import ModelInference
from ibm_watsonx_ai.utils.warnings import WatsonxAPIWarning

from fms_dgt.core.generator import Message
from fms_dgt.errors import ConnectionFailed, EveryCallFails
from fms_dgt.generators.shared.http import REFUSED_BY_PROXY, sendable, whole
from fms_dgt.generators.shared.lending import in_daemon
from fms_dgt.generators.shared.requests import written
from fms_dgt.generators.watsonx.access import Access
from fms_dgt.generators.watsonx.answers import AnswerReader
from fms_dgt.generators.watsonx.errors import TEXT_CALLS, Translator, translate_errors
from fms_dgt.safety.environment import proxy_for

SIGN_IN_SECONDS = 60.0
# what a whole call may take is the runner's affair; calls wait for a new token together
CALL = aiohttp.ClientTimeout(total=None, sock_connect=30.0)
SIGN_IN = aiohttp.ClientTimeout(total=SIGN_IN_SECONDS)

# what aiohttp has dealt with already
UNDONE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class Service:
    """One model at one place. It signs in with the first call, so that a failure there is that call's."""

    def __init__(self, access: Access, model: str, answers: AnswerReader) -> None:
        self._access = access
        self._name = model
        self._errors = Translator(answers)
        self._trust = _trust(access.verify)
        self._client = AiohttpClient(self._trust)
        self._model: ModelInference | None = None
        self._good: ModelInference | None = None
        self._signing_in: asyncio.Task[ModelInference] | None = None
        _silence_sdk()

    async def chat(self, messages: Sequence[Message], params: dict[str, Any]) -> Any:
        """The answer to a chat call. Raises GeneratorError."""
        return await self._asked("achat", [dict(message) for message in messages], params)

    async def plain(self, prompt: str, params: dict[str, Any]) -> Any:
        """The answer to a plain generation call. Raises GeneratorError."""
        return await self._asked("agenerate", prompt, params)

    async def ping(self) -> None:
        """Sign in, which the calls that follow need not do. Raises GeneratorError."""
        with translate_errors(self._errors):
            if self._model is None:
                await self._signed_in()

    async def close(self) -> None:
        """Let go of the connections."""
        if self._signing_in is not None:
            self._signing_in.cancel()
        await self._client.aclose()

    async def _asked(self, call: str, *asked: Any) -> Any:
        with translate_errors(self._errors):
            model = self._model or await self._signed_in()
            try:
                answer = await getattr(model, call)(*asked)
            except httpx.HTTPStatusError as error:
                if error.response.status_code == httpx.codes.UNAUTHORIZED and self._may_renew(model):
                    said = self._errors.error(error)
                    raise ConnectionFailed(f"{said}; the next try signs in anew") from error
                raise
            self._good = model
            return answer

    def _may_renew(self, model: ModelInference) -> bool:
        """Whether a token that is refused was good before; the key may be good still."""
        if not (self._access.api_key or self._access.password):
            return False
        if model is self._model:
            if model is not self._good:
                return False
            self._model = None
        return True

    async def _signed_in(self) -> ModelInference:
        if self._signing_in is None or self._signing_in.done():
            self._signing_in = asyncio.create_task(self._sign_in())
        # calls in flight share one attempt, which none of them can cancel for the others
        return await asyncio.shield(self._signing_in)

    async def _sign_in(self) -> ModelInference:
        # the SDK blocks here, and nobody waits for it when the run has ended
        self._model = await in_daemon(self._signed_in_model)
        return self._model

    def _signed_in_model(self) -> ModelInference:
        access = self._access
        hooks = {"response": [_check_blocking]}
        with httpx.Client(verify=self._trust, timeout=SIGN_IN_SECONDS, event_hooks=hooks) as blocking:
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


class AiohttpClient(httpx.AsyncClient):
    """Speaks for httpx over one aiohttp session: each request once, and as many at a time as there are.

    It does what the SDK asks of it, and leaves httpx's own machinery below `request` unused. Raises
    HTTPStatusError for an answer that is none, before the SDK loses its status and headers.
    """

    def __init__(self, trust: ssl.SSLContext) -> None:
        super().__init__(transport=httpx.AsyncBaseTransport())
        self._trust = trust
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}
        self._requests: dict[tuple[str, str], httpx.Request] = {}

    async def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        *,
        content: str | None = None,
        json: Any = None,
        params: Any = None,
        headers: Any = None,
        **_: Any,
    ) -> httpx.Response:
        body = (content or "").encode() if json is None else written(json)
        request = self._request(method, url)
        try:
            response = await self._answer(request, body, {"params": params, "headers": headers})
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time", request=request) from error
        except aiohttp.ClientHttpProxyError as error:
            # its own text has the proxy's URL in it, with the password
            what = f"the proxy on the way to {request.url.host} answered {error.status}: {error.message}"
            kind = EveryCallFails if error.status in REFUSED_BY_PROXY else ConnectionFailed
            raise kind(what) from None
        except aiohttp.ClientResponseError as error:
            # one that did not speak HTTP would show the whole URL
            what = f"{type(error).__name__} {error.message}"
            raise httpx.ConnectError(what, request=request) from None
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ConnectError(f"{type(error).__name__} {error}", request=request) from error
        _check(response)
        return response

    async def aclose(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await super().aclose()

    async def _answer(self, request: httpx.Request, body: bytes, more: dict[str, Any]) -> httpx.Response:
        if self._session is None:
            self._session = self._opened()
        async with self._session.request(
            request.method,
            str(request.url),
            data=sendable(body),
            proxy=self._proxy(request.url.host),
            allow_redirects=False,
            timeout=CALL if TEXT_CALLS in request.url.path else SIGN_IN,
            **more,
        ) as response:
            headers = [(name, said) for name, said in response.headers.items() if name.lower() not in UNDONE]
            body = await whole(response)
            return httpx.Response(response.status, headers=headers, content=body, request=request)

    def _request(self, method: str, url: str) -> httpx.Request:
        """What errors are told of; there are few different ones."""
        if (method, url) not in self._requests:
            self._requests[method, url] = httpx.Request(method, url)
        return self._requests[method, url]

    def _opened(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            # how many calls go out at once is the runner's affair
            connector=aiohttp.TCPConnector(limit=0, ssl=self._trust),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def _proxy(self, host: str) -> str | None:
        if host not in self._proxies:
            self._proxies[host] = proxy_for("https", host) or None
        return self._proxies[host]


def _silence_sdk() -> None:
    """Stop the SDK's log of answers, and of errors with all that the server said; errors are raised, too.

    Without a level of its own the log also reads and writes every answer once more, for nothing. The
    warnings are what watsonx adds to its answers: mostly a model's licence, each time anew.
    """
    warnings.simplefilter("ignore", WatsonxAPIWarning)
    for name in ("wml_resource", "wml_client_error"):
        logging.getLogger(f"ibm_watsonx_ai.{name}").setLevel(logging.CRITICAL)


def _trust(verify: bool | str) -> ssl.SSLContext:
    if isinstance(verify, bool):
        return httpx.create_ssl_context(verify=verify)
    if Path(verify).is_dir():
        return ssl.create_default_context(capath=verify)
    return ssl.create_default_context(cafile=verify)


def _check_blocking(response: httpx.Response) -> None:
    response.read()
    _check(response)


def _check(response: httpx.Response) -> None:
    if _is_failure(response):
        raise httpx.HTTPStatusError("", request=response.request, response=response)


def _is_failure(response: httpx.Response) -> bool:
    status = response.status_code
    if TEXT_CALLS in response.url.path:
        return status != httpx.codes.OK
    # the SDK goes on after some of the others, and tries another way of signing in
    return status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR
