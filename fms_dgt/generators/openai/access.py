"""Where a server is and how it lets us in, made of options and the environment."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from yarl import URL

from fms_dgt.errors import EveryCallFails, Problem
from fms_dgt.generators.openai.options import (
    KEY_VARIABLE,
    ORGANIZATION_VARIABLE,
    PROJECT_VARIABLE,
    PUBLIC_API,
    URL_VARIABLE,
    OpenAIOptions,
    ServerOptions,
)
from fms_dgt.generators.shared.environ import Environ
from fms_dgt.generators.shared.keys import KeyRule, holds_secret, named_url, plain_http_problem
from fms_dgt.generators.shared.text import known_secrets
from fms_dgt.safety.addresses import is_loopback

_SECRET_NAME = re.compile(r"key|token|secret|password|sig", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Access:
    """`kind` is the generator's name in configs, `problems` what would keep every call from working.

    `mend` says what to do about a status of an answer; `max_tokens_name` how this server calls the
    limit in chats, `mend_url` what to do where `base` is not a URL of a server. `refused` says why no call
    may be made, whoever makes it; `variables` are those of the environment that were used.
    `hosted` is set for OpenAI's own models, which take nothing beyond the protocol.
    """

    kind: str
    base: URL
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Sequence[str] = field(default=(), repr=False)
    problems: Sequence[Problem] = ()
    mend: Mapping[int, str] = field(default_factory=dict)
    max_tokens_name: str = "max_tokens"
    mend_url: str = "write 'base_url: http://localhost:8000/v1', say"
    refused: str = ""
    variables: Sequence[str] = ()
    hosted: bool = False

    @property
    def shown(self) -> str:
        """The URL as errors and limits show it: without credentials and query."""
        if not self.base.absolute:
            return str(self.base).rpartition("@")[2].partition("?")[0]
        return str(self.base.with_user(None).with_query(None).with_fragment(None))

    @property
    def has_server(self) -> bool:
        """Whether the URL is one that can be called."""
        return self.base.scheme in ("http", "https") and bool(self.base.host)

    def target(self, *path: str) -> URL:
        """The URL of one call. Raises EveryCallFails where there is no server in it."""
        if not self.has_server:
            raise EveryCallFails(f"'{self.shown}' is not a URL of a server")
        if self.refused:
            raise EveryCallFails(self.refused)
        # credentials go in the header: aiohttp would refuse them beside ours
        plain = self.base.with_user(None)
        return plain.joinpath(*path).with_query(plain.query)

    def known_secrets(self, headers: Mapping[str, str], proxy: URL | None) -> tuple[str, ...]:
        """What no text may show: keys, credentials in URLs, and what stands in headers, word by word."""
        in_headers = [text for value in headers.values() for text in (value, *value.split())]
        in_urls = [text for url in (self.base, proxy) if url for text in _credentials(url)]
        return known_secrets((*self.secrets, *in_headers, *in_urls))


def access_of(options: OpenAIOptions) -> Access:
    """OpenAI's own API, or the server that `base_url` names."""
    environ = Environ("openai")
    base = url_of(environ.value(options.base_url, URL_VARIABLE) or PUBLIC_API)
    rule = KeyRule(
        kind="openai",
        vendor=(URL(PUBLIC_API).host or "",),
        variable=URL_VARIABLE,
        named=named_url(environ.peek(URL_VARIABLE)),
        straight=goes_straight(options),
    )
    trusted = rule.trusts(base)
    key = environ.value(options.api_key, KEY_VARIABLE if trusted else "")
    named = {
        "OpenAI-Organization": environ.value(options.organization, ORGANIZATION_VARIABLE if trusted else ""),
        "OpenAI-Project": environ.value(options.project, PROJECT_VARIABLE if trusted else ""),
    }
    sign_in = _sign_in(key, base)
    headers = {**sign_in, **{name: value for name, value in named.items() if value}}
    hosted = base.host == URL(PUBLIC_API).host
    problems = open_secrets("openai", options.base_url)
    has_server = named_url(str(base)) is not None
    is_kept_back = has_server and not sign_in and not trusted and bool(environ.peek(KEY_VARIABLE))
    if is_kept_back and not is_loopback(base.host or "") and not holds_secret(options.headers):
        problems.append(rule.problem(KEY_VARIABLE, base))
    elif not key and hosted:
        mend = f"set {KEY_VARIABLE}, or 'base_url' for a server of your own"
        problems.append(Problem(f"the openai generator has no key for {PUBLIC_API}", mend))
    local = f"{KEY_VARIABLE} of the environment is not sent there; add 'api_key: ${{{KEY_VARIABLE}}}'"
    return checked(
        Access(
            kind="openai",
            base=base,
            headers=headers,
            # some gateways take their key in the query
            secrets=(key, *(value.rpartition(" ")[2] for value in sign_in.values()), *base.query.values()),
            problems=problems,
            mend={401: local} if is_kept_back else {},
            # the hosted reasoning models refuse the old name, and all hosted ones take the new
            max_tokens_name="max_completion_tokens" if hosted else "max_tokens",
            variables=environ.used,
            hosted=hosted,
        ),
        options,
    )


def checked(access: Access, options: ServerOptions) -> Access:
    """The access, refused where it would send a key over plain http to another machine."""
    given = options.headers.values() if holds_secret(options.headers) else ()
    sent = [*access.secrets, access.base.user or "", *given]
    allowed = options.send_key_over_http
    problem = plain_http_problem(access.kind, access.base, sent, allowed=allowed)
    if problem is None:
        return access
    return replace(access, headers={}, problems=[*access.problems, problem], refused=str(problem))


def goes_straight(options: ServerOptions) -> bool:
    """Whether a proxy that a block names could read along, since the block trusts its certificate."""
    return options.proxy is None or (options.ca_file is None and options.verify)


def url_of(text: str) -> URL:
    """The URL that a text is; one without a server where it is none."""
    try:
        return URL(text.rstrip("/"))
    except ValueError:
        # the checks say so; nothing may be raised before them
        return URL.build(path=text.rpartition("@")[2])


def open_secrets(kind: str, url: str | None) -> list[Problem]:
    """What a URL in an option says that must not be written down; options are, the environment is not."""
    found = url_of(url or "")
    if found.user is None and not any(_SECRET_NAME.search(name) for name in found.query):
        return []
    mend = "put it in 'api_key' or 'headers', which never are"
    return [Problem(f"the {kind} generator's base URL holds a secret and would be written down", mend)]


def _credentials(url: URL) -> Sequence[str]:
    """The secret part of a URL, as it is and as it is written there."""
    if url.password:
        return (url.password, url.raw_password or "")
    return (url.user or "", url.raw_user or "")


def _sign_in(key: str, base: URL) -> dict[str, str]:
    if key:
        return {"Authorization": f"Bearer {key}"}
    if base.user is None:
        return {}
    pair = f"{base.user}:{base.password or ''}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
