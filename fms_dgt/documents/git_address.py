"""Addresses of repositories: what may be fetched from, and how it is shown."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fms_dgt.core.typed import without_credentials
from fms_dgt.safety.git import Remote

_HELPER = re.compile(r"[A-Za-z][\w+.-]*::")
_SCHEME = re.compile(r"([A-Za-z][\w+.-]*)://")
# git@host:path, as ssh has it
_SHORT = re.compile(r"(?P<host>[^/:]+):(?P<path>.*)$", re.DOTALL)
_NAME = re.compile(r"(?![-/.@])[^\x00-\x20\x7f~^:?*\[\\]+$")
_HOST = re.compile(r"(?!-)[\w.:@%+~-]+")
_USER = re.compile(r"(?<=://)[^/?#]*@")
_FORMS = "write https://..., ssh://..., user@host:path, or a local path"


@dataclass(frozen=True)
class Address:
    """A repository that may be fetched from: by which of git's protocols, and as messages show it.

    The `url` of a web server is without the user and the password that were written in it.
    """

    url: str
    protocol: str
    shown: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def remote(self) -> Remote:
        """What git may reach to fetch it: the user's own `insteadOf` may turn https into ssh and back."""
        if self.protocol == "file":
            return Remote(protocols=("file",))
        protocols = ("https", "ssh", "http") if self.protocol == "http" else ("https", "ssh")
        origin = "/".join(self.url.split("/", 3)[:3])
        return Remote(protocols=protocols, origin=origin, user=self.user, password=self.password)


def address(repo: str, root: Path) -> Address:
    """The address that `repo` means; a relative path is one below `root`. Raises ValueError."""
    if not repo.strip() or repo != repo.strip():
        raise ValueError("has a space at its beginning or end" if repo.strip() else "is empty")
    if any(ord(char) < 32 or ord(char) == 127 for char in repo):
        raise ValueError("has a control character")
    if repo.startswith("-"):
        raise ValueError(f"is an option of git, not a repository; {_FORMS}")
    if _HELPER.match(repo):
        raise ValueError(f"names a remote helper, which runs commands; {_FORMS}")
    if found := _SCHEME.match(repo):
        return _of_url(repo, found[1].lower())
    if (short := _SHORT.match(repo)) and not os.path.exists(root / repo):  # noqa: PTH110 (no name is too long for it)
        _check_host(short["host"].rpartition("@")[2])
        _check_host(short["host"])
        if short["path"].startswith("-") or not short["path"]:
            raise ValueError(f"is not an address; {_FORMS}")
        return Address(repo, "ssh", short["host"].rpartition("@")[2] + ":" + short["path"])
    return _of_path(repo, root)


def _of_url(repo: str, scheme: str) -> Address:
    if scheme == "file":
        raise ValueError("is a file:// URL; write the path itself, so that a local folder is seen to be one")
    if scheme not in ("https", "http", "ssh"):
        raise ValueError(f"has the scheme '{scheme}://'; {_FORMS}")
    try:
        parts = urlsplit(repo)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"is not an address: {error}") from error
    _check_host(host)
    _check_host(parts.username or host)
    if scheme == "ssh":
        if parts.password:
            raise ValueError("has a password, which ssh does not take; use a key")
        return Address(repo, scheme, without_credentials(repo))
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not (user + password).isprintable():
        raise ValueError("has a control character in its user or password")
    return Address(_USER.sub("", repo, count=1), scheme, without_credentials(repo), user, password)


def _check_host(host: str) -> None:
    if not host:
        raise ValueError("has no host")
    # ssh may hand it to a shell, where the user's own configuration has a ProxyCommand
    if not _HOST.fullmatch(host):
        raise ValueError(f"has a host that is an option, or a command; {_FORMS}")


def _of_path(repo: str, root: Path) -> Address:
    # whether it is there is asked when something has to be fetched: a cached commit needs it no more
    # and neither an unknown user's "~name" nor a name of a thousand letters is a fault here
    return Address(os.path.realpath(root / os.path.expanduser(repo)), "file", repo)  # noqa: PTH111


def check_commit(name: str) -> None:
    """Refuse what is not a commit, branch or tag. Raises ValueError."""
    if (
        len(name) > 255
        or not _NAME.match(name)
        or ".." in name
        or "@{" in name
        or "//" in name
        or name.endswith((".lock", "/"))
    ):
        raise ValueError("is not a commit, branch or tag; name one")
