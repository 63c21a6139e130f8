"""Running git so that nothing in an address or a repository can run anything else.

Nothing is ever checked out, so no hook, filter, LFS or submodule has its turn; objects are read from a
bare repository. Only harmless protocols are allowed, which also holds after redirects and the user's
own `insteadOf`. Nobody is asked for a password: stored credentials and ssh agents serve.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from fms_dgt.errors import SetupError

_SECONDS = 900
_CONFIG = {
    "core.askPass": "",
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
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
# certificates are the only thing that git's own variables may say
_KEPT = ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH")
_SSH = "ssh -oBatchMode=yes -oConnectTimeout=20 -oPermitLocalCommand=no -oClearAllForwardings=yes"


class GitFailed(Exception):
    """git said no; the message is its last words."""


def git(arguments: Sequence[str], *, folder: Path, allow: Sequence[str] = ()) -> bytes:
    """What git writes. Raises GitFailed, and SetupError where there is no git."""
    process = start(arguments, folder=folder, allow=allow)
    try:
        out, err = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise GitFailed(f"no answer within {_SECONDS // 60} minutes") from error
    finally:
        stop(process)
    if process.returncode:
        raise GitFailed(_words(err))
    return out


def start(arguments: Sequence[str], *, folder: Path, allow: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """A running git with pipes for all it reads and writes."""
    program = shutil.which("git")
    if program is None:
        raise SetupError("documents of a repository need git: install it")
    settings = _CONFIG | {f"protocol.{name}.allow": "always" for name in allow}
    config = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return subprocess.Popen(  # noqa: S603 (the arguments are ours; what is the user's stands behind "--")
        [program, *config, *arguments],
        cwd=folder,
        env=_environment(allow),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # no terminal, so that not even ssh can ask
        start_new_session=True,
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it and its children, if it still runs, and close its pipes."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    with process:
        pass


def _environment(allow: Sequence[str]) -> dict[str, str]:
    # what a hook or a shell has set (GIT_DIR, GIT_CONFIG_..., GIT_SSH) is meant for something else
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "SSH_ASKPASS")) or k in _KEPT}
    ours = {
        "GIT_ALLOW_PROTOCOL": ":".join(allow),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_SSH_COMMAND": _SSH,
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GCM_INTERACTIVE": "never",
        "LC_ALL": "C",
    }
    return kept | ours


def _words(err: bytes) -> str:
    lines = [line.strip() for line in err.decode("utf-8", "replace").splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR"))] or lines[-1:]
    return "; ".join(line.partition(": ")[2] or line for line in told[:2]) or "git failed without a word"
