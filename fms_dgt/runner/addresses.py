"""Error texts without the addresses in them: data files are passed on, and an address may hold a token."""

from __future__ import annotations

import re

_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\])?[^\s'\"<>()\[\]]*", re.IGNORECASE)
_HOST = re.compile(r"://(?:[^/@\s]*@)?(\[[^\]]+\]|[^/:\s]+)", re.IGNORECASE)
# "host NAME:443", ('127.0.0.1', 443) and 127.0.0.1:443, as libraries for HTTP write them
_OTHERS = re.compile(
    r"(?<=\bhost )\S+:\d+"
    r"|\('[0-9a-f:.]+', \d+(?:, \d+, \d+)?\)"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b",
    re.IGNORECASE,
)
_SERVER, _ADDRESS = "the server", "(address)"


def without_addresses(text: str, endpoint: str = "") -> str:
    """The text, with words in place of URLs, hosts and ports; `endpoint` names the server that was called."""
    hosts = sorted({host for host in _HOST.findall(f"{text} {endpoint}") if len(host) > 1}, key=len)
    text = _URL.sub(_replaced, text)
    for host in reversed(hosts):
        text = re.sub(rf"(?<![\w.-]){re.escape(host)}(?::\d+)?(?![\w-])", _ADDRESS, text)
    return _OTHERS.sub(_ADDRESS, text)


def _replaced(match: re.Match[str]) -> str:
    punctuation = re.search(r"[.,:;]*$", match[0])
    return (_ADDRESS if match.start() else _SERVER) + (punctuation[0] if punctuation else "")
