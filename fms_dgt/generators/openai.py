"""OpenAI, and every server that speaks its protocol: vLLM, llama.cpp's, Ollama, gateways.

The calls are spoken directly through aiohttp; no object is built between the JSON and the completion.
"""

from __future__ import annotations

import io
import json
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import aiohttp
from yarl import URL

from fms_dgt.core.generator import Completion, Generator, GeneratorOptions, Request
from fms_dgt.core.typed import option
from fms_dgt.errors import BadResponse, ConnectionFailed, EveryCallFails, Problem, RequestRefused
from fms_dgt.generators.openai_answers import AnswerReader

PUBLIC_API = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"

CONNECT_SECONDS = 30.0
LARGEST_ANSWER = 64 * 1024 * 1024
# aiohttp warns of larger bodies given as bytes, which it would write in one piece
LARGEST_PIECE = 1024 * 1024
# shorter ones are no secrets ('EMPTY', 'prod'), and parts of words
SHORTEST_SECRET = 6

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, kw_only=True)
class OpenAIOptions(GeneratorOptions):
    """Where the server is, and how it lets us in.

    `enforce_schema` sends the reply's JSON schema along, for servers that hold the model to one.
    """

    base_url: str | None = option(None, shapes=False, help=f"default: {URL_VARIABLE}, else {PUBLIC_API}")
    api_key: str | None = option(None, secret=True, help=f"default: {KEY_VARIABLE}")
    headers: dict[str, str] = option(default_factory=dict, secret=True, help="sent with every call")
    enforce_schema: bool = option(False)


class OpenAIGenerator(Generator[OpenAIOptions]):
    """Chat completions, one a call."""

    Options = OpenAIOptions

    def __init__(self, options: OpenAIOptions) -> None:
        super().__init__(options)
        self.enforces_schema = options.enforce_schema
        self._key = (options.api_key or os.environ.get(KEY_VARIABLE) or "").strip()
        self._base = _url(options.base_url or os.environ.get(URL_VARIABLE) or PUBLIC_API)
        self._shown = _shown(self._base)
        self._fixed = {"model": options.model_id_or_path, **options.sampling()}
        self._session: aiohttp.ClientSession | None = None
        in_url = self._base.password or self._base.user or ""
        secrets = (self._key, in_url, *options.headers.values())
        known = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
        self._answers = AnswerReader(self._shown, known)

    @property
    def endpoint(self) -> str:
        return f"{self._shown} {self.options.model_id_or_path}"

    def check(self) -> list[Problem]:
        problems = []
        if not self.options.model_id_or_path:
            problems.append(Problem("the openai generator has no model", "add 'model_id_or_path: ...'"))
        if not self._has_server:
            mend = "write 'base_url: http://localhost:8000/v1', say"
            problems.append(
                Problem(f"the openai generator's base URL '{self._shown}' is no URL of a server", mend)
            )
        if not self._key and self._shown == PUBLIC_API:
            mend = f"set {KEY_VARIABLE}, or 'base_url' for a server of your own"
            problems.append(Problem(f"the openai generator has no key for {PUBLIC_API}", mend))
        return problems

    async def open(self) -> None:
        if self._session is not None:
            return
        timeout = self.options.timeout
        self._session = aiohttp.ClientSession(
            # how many calls go out at once is the runner's affair
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers(),
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, CONNECT_SECONDS)),
        )

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def generate(self, request: Request) -> Completion:
        if self._session is None:
            raise EveryCallFails("openai: a call before open()")
        body = self._body(request)
        data = body if len(body) <= LARGEST_PIECE else io.BytesIO(body)
        with translate_errors(self._answers, self.options.timeout):
            async with self._session.post(self._target, data=data, allow_redirects=False) as response:
                content = await _content(response)
        return self._answers.read(response.status, response.headers, content)

    @property
    def _has_server(self) -> bool:
        return self._base.scheme in ("http", "https") and bool(self._base.host)

    @cached_property
    def _target(self) -> URL:
        if not self._has_server:
            raise EveryCallFails(f"'{self._shown}' is no URL of a server")
        # credentials go in the header: aiohttp would refuse them beside ours
        plain = self._base.with_user(None)
        return plain.joinpath("chat", "completions").with_query(plain.query)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "fms_dgt"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        elif self._base.user is not None:
            pair = f"{self._base.user}:{self._base.password or ''}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return {**headers, **self.options.headers}

    def _body(self, request: Request) -> bytes:
        body = {**self._fixed, "seed": request.seed, **request.params}
        if self.options.enforce_schema and request.schema is not None:
            schema = {"name": "reply", "schema": request.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        try:
            body["messages"] = [dict(message) for message in request.messages]
            return _encode(body).encode("ascii")
        except (TypeError, ValueError, RecursionError) as error:
            raise RequestRefused(f"the request cannot be written as JSON: {error}") from error


@contextmanager
def translate_errors(answers: AnswerReader, timeout: float) -> Iterator[None]:
    """What aiohttp and the sockets below it raise, as this package's errors; most specific first."""
    url, said = answers.url, answers.excerpt
    try:
        yield
    except TimeoutError as error:
        raise ConnectionFailed(f"{url} did not answer within {timeout:g} seconds") from error
    except ValueError as error:
        # a header that cannot be sent, or a certificate that cannot be trusted
        raise EveryCallFails(f"{url} cannot be called: {said(error)}") from error
    except aiohttp.ClientResponseError as error:
        # its own text has the whole URL in it
        raise BadResponse(f"{url} did not speak HTTP: {said(error.message)}") from error
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionFailed(f"{url} failed: {type(error).__name__} {said(error)}".rstrip()) from error


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


def _url(text: str) -> URL:
    try:
        return URL(text.rstrip("/"))
    except ValueError:
        # check() says so; nothing may be raised before it
        return URL.build(path=text.rpartition("@")[2])


def _shown(url: URL) -> str:
    """The URL as errors and limits show it: without credentials and query."""
    if not url.absolute:
        return str(url).rpartition("@")[2].partition("?")[0]
    return str(url.with_user(None).with_query(None).with_fragment(None))
