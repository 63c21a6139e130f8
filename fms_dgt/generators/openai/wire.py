"""One session to one server: connections, TLS, proxies, and errors in this package's words."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp
from yarl import URL

from fms_dgt.errors import BadResponse, ConnectionFailed, EveryCallFails, Problem, SetupError, Unreachable
from fms_dgt.generators.openai.access import Access, url_of
from fms_dgt.generators.openai.answers import AnswerReader
from fms_dgt.generators.openai.options import ServerOptions
from fms_dgt.generators.shared.connections import broken_off, distrust, no_connection
from fms_dgt.generators.shared.http import LARGEST_ANSWER, REFUSED_BY_PROXY, sendable, whole
from fms_dgt.safety.addresses import is_loopback
from fms_dgt.safety.environment import proxy_for

MEND_TRUST = "name the certificates of its authority with 'ca_file'"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back, unread."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Wire:
    """Posts bodies. How many calls go out at once is the runner's affair; no call is made twice."""

    def __init__(self, options: ServerOptions, access: Access, answers: AnswerReader) -> None:
        self._options = options
        self._access = access
        self._answers = answers
        self._proxy = proxy_of(options, access.base)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the session. Raises SetupError where the TLS files cannot be used."""
        if self._session is not None:
            return
        options = self._options
        own = {"Content-Type": "application/json", "User-Agent": "fms_dgt"}
        try:
            tls = tls_of(options)
        except (OSError, ValueError) as error:
            raise SetupError(f"{self._access.kind}: {_tls_problem(options, error)}") from error
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={**own, **self._access.headers, **options.headers},
            # what a whole call may take is the runner's affair, too
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=options.connect_timeout),
        )

    async def close(self) -> None:
        """End the session; it may be opened again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(self, url: URL, body: bytes) -> Answered:
        """One try. Raises GeneratorError."""
        call = self._opened.post(url, data=sendable(body), allow_redirects=False, proxy=self._proxy)
        with translate_errors(self._answers):
            async with call as response:
                return Answered(response.status, response.headers, await whole(response, LARGEST_ANSWER))

    async def ping(self, url: URL) -> None:
        """Wait until anything comes back. Raises GeneratorError."""
        call = self._opened.get(url, allow_redirects=False, proxy=self._proxy)
        with translate_errors(self._answers):
            async with call:
                return

    @property
    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise EveryCallFails(f"{self._access.kind}: a call before open()")
        return self._session


@contextmanager
def translate_errors(answers: AnswerReader) -> Iterator[None]:
    """What aiohttp and the sockets below it raise, as this package's errors; most specific first."""
    url, said = answers.url, answers.excerpt
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise Unreachable(f"{url} cannot be connected to in time") from answers.cause(error)
    except TimeoutError as error:
        raise ConnectionFailed(f"{url} did not answer in time") from answers.cause(error)
    except ValueError as error:
        # a header that cannot be sent, or a certificate that cannot be trusted
        why = f"{why}; {MEND_TRUST}" if (why := distrust(error)) else f"cannot be called: {said(error)}"
        raise EveryCallFails(f"{url} {why}") from answers.cause(error)
    except aiohttp.ClientHttpProxyError as error:
        kind = EveryCallFails if error.status in REFUSED_BY_PROXY else ConnectionFailed
        raise kind(
            f"the proxy on the way to {url} answered {error.status}: {said(error.message)}"
        ) from answers.cause(error)
    except aiohttp.ClientResponseError as error:
        # its own text has the whole URL in it
        raise BadResponse(f"{url} did not speak HTTP: {said(error.message)}") from answers.cause(error)
    except (aiohttp.ClientError, OSError) as error:
        raise _lost(error, answers) from answers.cause(error)


def _lost(error: aiohttp.ClientError | OSError, answers: AnswerReader) -> ConnectionFailed:
    """The error that a connection amounts to which was not made, or ended too early."""
    url = answers.url
    why = no_connection(error) if isinstance(error, aiohttp.ClientConnectorError) else ""
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return Unreachable(f"the proxy on the way to {url} {why or 'cannot be reached'}")
    if why:
        return Unreachable(f"{url} {why}")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return ConnectionFailed(f"{url} closed the connection without an answer")
    if isinstance(error, aiohttp.ClientPayloadError) and "not completed" in str(error):
        return ConnectionFailed(f"{url} broke off in the middle of its answer")
    if broken_off(error):
        return ConnectionFailed(f"{url} broke the connection off")
    return ConnectionFailed(f"{url} failed: {type(error).__name__} {answers.excerpt(error)}".rstrip())


def proxy_of(options: ServerOptions, base: URL) -> URL | None:
    """The proxy to go through: the option's, else the environment's, which is not for this machine.

    aiohttp's own `trust_env` would look it up with every call, and read passwords from ~/.netrc.
    """
    if options.proxy:
        return url_of(options.proxy)
    host = base.host or ""
    if not options.trust_env or is_loopback(host):
        return None
    found = proxy_for(base.scheme, host)
    return url_of(found) if found else None


def tls_of(options: ServerOptions) -> ssl.SSLContext | bool:
    """What aiohttp takes as `ssl`. Raises OSError or ValueError where a file cannot be used."""
    if options.verify and options.ca_file is None and options.client_cert is None:
        return True
    context = ssl.create_default_context()
    if options.ca_file is not None:
        context.load_verify_locations(options.ca_file)
    if options.client_cert is not None:
        context.load_cert_chain(options.client_cert, options.client_key)
    if not options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def wire_problems(kind: str, options: ServerOptions, base: URL) -> list[Problem]:
    """What is wrong with the TLS files and the proxy."""
    problems = []
    proxy = proxy_of(options, base)
    if proxy is not None and proxy.scheme not in ("http", "https"):
        what = f"the {kind} generator cannot go through a proxy of the kind '{proxy.scheme or proxy}'"
        problems.append(Problem(what, "name one that speaks HTTP with 'proxy: http://host:port', say"))
    try:
        tls_of(options)
    except (OSError, ValueError) as error:
        problems.append(Problem(_tls_problem(options, error), "they must be PEM files that can be read"))
    return problems


def _tls_problem(options: ServerOptions, error: Exception) -> str:
    named = {name: getattr(options, name) for name in ("ca_file", "client_cert", "client_key")}
    files = ", ".join(f"{name} '{path}'" for name, path in named.items() if path is not None)
    return f"the TLS files cannot be used ({files}): {error}"
