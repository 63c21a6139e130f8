"""Which server gets a key: what the environment holds goes to the vendor, or to where the environment says.

A config is often a stranger's. Its URL alone does not get a key of whoever runs it: for any other host the
config has to say the key, so that a reader sees it. No key goes over plain http beyond this machine, unless
the block says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from yarl import URL

from fms_dgt.errors import Problem
from fms_dgt.safety.addresses import is_loopback
from fms_dgt.safety.environment import looks_secret

OVER_HTTP = "send_key_over_http"
# what people write where a server wants any text for a key
PLACEHOLDERS = frozenset(
    {"", "-", "dummy", "empty", "lm-studio", "no-key", "none", "not-needed", "null", "ollama", "x"}
    | {"sk-no-key-required"}
)


@dataclass(frozen=True, kw_only=True)
class KeyRule:
    """Who gets the keys that are in the environment.

    `vendor` are host names, or the ends of some that begin with a dot; `named` is the URL that the variable
    `variable` of the environment says. Without `straight` a proxy could read the keys, and nobody gets them.
    """

    kind: str
    vendor: Sequence[str]
    variable: str
    named: URL | None = None
    straight: bool = True

    def trusts(self, *bases: URL) -> bool:
        """Whether the keys go to each URL: the vendor's, or the one that the environment names."""
        return self.straight and all(map(self._is_known, bases))

    def problem(self, key: str, base: URL, field: str = "api_key") -> Problem:
        """What to add to a config, so that a host gets a key of the environment."""
        if not self.straight and self._is_known(base):
            what = f"the {self.kind} generator does not send {key} through a proxy that could read it"
            return Problem(
                what, f"leave 'ca_file' and 'verify' out, or 'proxy', or add '{field}: ${{{key}}}'"
            )
        host = base.host or str(base)
        what = f"the {self.kind} generator does not send {key} of the environment to '{host}'"
        vendor = " and ".join(f"*{name}" if name.startswith(".") else name for name in self.vendor[:2])
        why = f"it goes to {vendor}, and to the host that {self.variable} names"
        mend = f"add '{field}: ${{{key}}}' to the block if that host may have it"
        none = ", or 'api_key: none' if it wants none" if field == "api_key" else ""
        return Problem(f"{what}: {why}", mend + none)

    def _is_known(self, base: URL) -> bool:
        return self._is_vendor(base) or self._is_named(base)

    def _is_vendor(self, base: URL) -> bool:
        host = (base.host or "").rstrip(".")
        known = any(host.endswith(name) if name.startswith(".") else host == name for name in self.vendor)
        return known and base.scheme == "https" and base.port == 443

    def _is_named(self, base: URL) -> bool:
        return self.named is not None and bool(base.host) and base.origin() == self.named.origin()


def named_url(text: str) -> URL | None:
    """The URL that a variable holds; None where it is not one of a server."""
    try:
        url = URL(text.strip())
    except ValueError:
        return None
    return url.with_user(None) if url.scheme in ("http", "https") and url.host else None


def is_placeholder(key: str) -> bool:
    """Whether a key is only there because something has to be."""
    return key.strip().lower() in PLACEHOLDERS


def holds_secret(headers: Mapping[str, str]) -> bool:
    """Whether a header may sign somebody in."""
    return any(
        looks_secret(name.replace("-", "_")) or name.lower() in ("authorization", "proxy-authorization")
        for name, value in headers.items()
        if not is_placeholder(value)
    )


def plain_http_problem(kind: str, base: URL, secrets: Iterable[str], *, allowed: bool) -> Problem | None:
    """What is wrong with sending keys there, where anybody on the way could read them."""
    if allowed or base.scheme != "http" or is_loopback(base.host or ""):
        return None
    if all(is_placeholder(secret) for secret in secrets):
        return None
    what = f"the {kind} generator would send a key over plain http to '{base.host}', readable on the way"
    return Problem(what, f"use https, or add '{OVER_HTTP}: true' to the block in a network that you trust")
