"""HTTP requests that go to a checked address: the name is looked up once, and not again by the client."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Collection, Iterator, Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

import httpx

from fms_dgt.safety.addresses import HostUnknown, checked_addresses
from fms_dgt.safety.deadline import Deadline
from fms_dgt.safety.environment import proxy_for

_PORTS = {"http": 80, "https": 443}


@contextlib.contextmanager
def stream_from(
    url: str,
    headers: Mapping[str, str],
    deadline: Deadline,
    *,
    timeout: httpx.Timeout,
    allowed: Collection[str] = (),
) -> Iterator[httpx.Response]:
    """One GET, redirects not followed. Raises HostRefused and what httpx raises.

    A proxy that the environment names is used, and looks the name up by itself: what is no public address
    here is refused all the same, and a name that is unknown here is left to the proxy. Passwords of ~/.netrc
    are not sent.
    """
    parts = urlsplit(url)
    # raises UnicodeError for a name that no host can have
    host = httpx.URL(url).host
    proxy = proxy_for(parts.scheme, host)
    addresses: list[str] = []
    try:
        addresses = checked_addresses(host, parts.port or _PORTS[parts.scheme.lower()], allowed)
    except HostUnknown as error:
        if not proxy:
            raise httpx.ConnectError(str(error)) from error
    with (
        httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            proxy=proxy or None,
            event_hooks=deadline.hooks,
        ) as client,
        contextlib.ExitStack() as stack,
    ):
        yield _answer(client, stack, url, [] if proxy else addresses, headers)


def _answer(
    client: httpx.Client,
    stack: contextlib.ExitStack,
    url: str,
    addresses: Sequence[str],
    headers: Mapping[str, str],
) -> httpx.Response:
    """The answer of the first of a host's addresses that can be connected to."""
    if not addresses:
        return stack.enter_context(client.stream("GET", url, headers=headers))
    parts = urlsplit(url)
    host = parts.hostname or ""
    sent = {**headers, "Host": parts.netloc.rpartition("@")[2]}
    for number, address in enumerate(addresses, 1):
        pinned = urlunsplit(parts._replace(netloc=_netloc(parts.netloc, address, parts.port)))
        request = client.stream("GET", pinned, headers=sent, extensions={"sni_hostname": _ascii(host)})
        try:
            return stack.enter_context(request)
        except httpx.ConnectError:
            if number == len(addresses):
                raise
    raise httpx.ConnectError(f"there is no host '{host}'")


def _netloc(netloc: str, address: str, port: int | None) -> str:
    user, at, _ = netloc.rpartition("@")
    is_v6 = isinstance(ipaddress.ip_address(address.partition("%")[0]), ipaddress.IPv6Address)
    place = f"[{address}]" if is_v6 else address
    return f"{user}{at}{place}" + (f":{port}" if port else "")


def _ascii(host: str) -> str:
    return host.encode("idna").decode("ascii") if not host.isascii() else host
