"""Running git so that nothing in an address, a repository or its settings can run anything else.

Only commands that read objects, the index and names, or fetch objects, are run by it: nothing is ever
checked out and no file of a working tree is read, so no hook, filter, textconv, LFS or submodule has its
turn. Without a `Remote` no protocol is allowed, so a partial clone cannot fetch what it lacks. Nobody is
asked for a password: stored credentials and ssh agents serve.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fms_dgt.errors import SetupError
from fms_dgt.safety.child import Child, ChildFailed, child_environment, program, run, start

_SECONDS = 900  # a large repository over a slow line
_LOCAL_SECONDS = 120  # nothing but the disk is waited for
_LARGEST = 1 << 27
_CONFIG = {
    "core.askPass": "",
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.quotePath": "false",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "credential.interactive": "never",
    "protocol.allow": "never",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "init.defaultBranch": "main",
}
# where the user's own settings are, such as safe.directory
_SETTINGS = ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
# what a fetch needs besides: certificates, proxies, and where ssh and credential helpers find their agents
_NETWORK = (
    *("USER", "LOGNAME", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
    *("GNUPGHOME", "PASSWORD_STORE_DIR", "KRB5CCNAME", "KRB5_CONFIG"),
    *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)
_SSH = "ssh -oBatchMode=yes -oConnectTimeout=20 -oPermitLocalCommand=no -oClearAllForwardings=yes"
# a function, since git appends the name of an operation
_HELPER = """!f() { printf 'username=%s\\npassword=%s\\n' "$FMS_DGT_GIT_USER" "$FMS_DGT_GIT_PASSWORD"; }; f"""


class GitFailed(Exception):
    """git ended with an error; the message is its last words."""


@dataclass(frozen=True, kw_only=True)
class Remote:
    """What git may reach: `protocols`, and who it is to the server at `origin` (scheme, host and port).

    User and password go to git by its environment: a command line can be read by everybody on the machine.
    """

    protocols: tuple[str, ...]
    origin: str = ""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def _settings(self) -> list[tuple[str, str]]:
        key = f"credential.{self.origin}"
        if self.password:
            # first no helper at all, so that none of the user's own is given the password to keep
            return [(f"{key}.helper", ""), (f"{key}.helper", _HELPER)]
        return [(f"{key}.username", self.user)] if self.user else []

    @property
    def variables(self) -> dict[str, str]:
        """The part of git's environment that says so."""
        settings = self._settings
        variables = {"GIT_CONFIG_COUNT": str(len(settings))} if settings else {}
        for number, (key, value) in enumerate(settings):
            variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        if self.password:
            variables |= {"FMS_DGT_GIT_USER": self.user, "FMS_DGT_GIT_PASSWORD": self.password}
        return variables


def git(
    arguments: Sequence[str], *, folder: Path, remote: Remote | None = None, written: bytes = b""
) -> bytes:
    """What git writes after it read `written`. Raises GitFailed, and SetupError where there is no git."""
    try:
        done = run(
            _command(arguments, remote),
            environment=_environment(remote),
            seconds=_SECONDS if remote and remote.protocols != ("file",) else _LOCAL_SECONDS,
            largest=_LARGEST,
            folder=folder,
            written=written,
        )
    except ChildFailed as error:
        raise GitFailed(str(error)) from error
    except OSError as error:
        raise GitFailed(f"cannot be started in {folder}: {error.strerror}") from error
    if done.returncode:
        raise GitFailed(_words(done.stderr))
    return done.stdout


def start_git(arguments: Sequence[str], *, folder: Path) -> Child:
    """A running git with pipes for all it reads and writes; whoever starts it calls `child.stop`."""
    return start(_command(arguments, None), environment=_environment(None), folder=folder)


def _command(arguments: Sequence[str], remote: Remote | None) -> list[str]:
    path = program("git")
    if path is None:
        raise SetupError("the program 'git' is missing; install it")
    settings = _CONFIG | {f"protocol.{name}.allow": "always" for name in (remote.protocols if remote else ())}
    config = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return [path, "--no-pager", "--literal-pathspecs", *config, *arguments]


def _environment(remote: Remote | None) -> dict[str, str]:
    # what a hook or a shell has set (GIT_DIR, GIT_CONFIG_COUNT, GIT_SSH) is meant for something else
    extra = {
        # an empty list would do, but not be seen by people who look
        "GIT_ALLOW_PROTOCOL": ":".join(remote.protocols) if remote else "none",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_SSH_COMMAND": _SSH,
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GCM_INTERACTIVE": "never",
        "LC_ALL": "C",
    }
    also = (*_SETTINGS, *_NETWORK) if remote else _SETTINGS
    return child_environment(also=also, extra=extra | (remote.variables if remote else {}))


def _words(err: bytes) -> str:
    lines = [line.strip() for line in err.decode("utf-8", "replace").splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR"))] or lines[-1:]
    return "; ".join(line.partition(": ")[2] or line for line in told[:2]) or "git failed without a word"
