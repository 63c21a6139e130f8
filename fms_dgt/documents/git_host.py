"""Where git may go for a stranger's repository: to checked addresses, redirects included.

git looks names up by itself, so it is given the address that was checked (`http.curloptResolve`, from git
2.37 on), and no redirect: those are followed here first. ssh goes by the user's own configuration; its host
is looked at, and not held.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

import httpx

from fms_dgt.documents.git_address import Address
from fms_dgt.safety.addresses import HostUnknown, checked_addresses
from fms_dgt.safety.deadline import Deadline
from fms_dgt.safety.environment import proxy_for
from fms_dgt.safety.pinned import stream_from

_PROBE = "/info/refs?service=git-upload-pack"
_TIMEOUT = httpx.Timeout(15)
_HOPS = 5
_SECONDS = 60
_PORTS = {"http": 80, "https": 443, "ssh": 22}


def reached_url(address: Address, hosts: Collection[str]) -> str:
    """The URL that a repository's redirects end at. Raises HostRefused."""
    if address.protocol not in ("http", "https"):
        return address.url
    url = address.url.rstrip("/")
    with Deadline(_SECONDS) as deadline:
        for _ in range(_HOPS):
            try:
                with stream_from(url + _PROBE, {}, deadline, timeout=_TIMEOUT, allowed=hosts) as answer:
                    if not answer.is_redirect:
                        return url
                    target = urljoin(url + _PROBE, str(answer.headers.get("location", "")))
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError):
                # git itself says what is wrong
                return url
            base = target.removesuffix(_PROBE)
            if base == target or urlsplit(base).scheme not in _schemes(url):
                return url
            url = base
    return url


def settings_for(url: str, protocol: str, hosts: Collection[str]) -> list[str]:
    """What git is told so that it asks a checked address alone. Raises HostRefused."""
    if protocol == "file":
        return []
    parts = urlsplit(url if "://" in url else f"ssh://{url.replace(':', '/', 1)}")
    host = parts.hostname or ""
    port = parts.port or _PORTS[protocol]
    try:
        addresses = checked_addresses(host, port, hosts)
    except (HostUnknown, UnicodeError):
        # a name in ~/.ssh/config, or one that only a proxy knows
        addresses = []
    if protocol == "ssh":
        return []
    settings = ["-c", "http.followRedirects=false"]
    if addresses and not proxy_for(protocol, host):
        listed = ",".join(f"[{each}]" if ":" in each else each for each in addresses)
        settings += ["-c", f"http.curloptResolve={host}:{port}:{listed}"]
    return settings


def _schemes(url: str) -> tuple[str, ...]:
    """Where a redirect may lead: not from https to http, which anybody on the way can change."""
    return ("https",) if urlsplit(url).scheme == "https" else ("http", "https")
