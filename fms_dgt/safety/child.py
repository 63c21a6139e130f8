"""How a child process is started: what it runs, and what it inherits.

A child never imports from the working folder and inherits no secret: of the environment it gets a list of
names, never the whole. No other module of the package starts a process.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TypeAlias

Child: TypeAlias = "subprocess.Popen[bytes]"

# What a program needs to find its libraries, its temporary folder and its language; nothing of it is secret.
INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TMPDIR",
    "TZ",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "XDG_CACHE_HOME",
)
# An empty entry in one of these means the working folder.
_FOLDERS = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


_PIECE = 1 << 16
# seconds between two calls of `watch`
_TICK = 0.2


class ChildFailed(Exception):
    """The child took too long or wrote too much, and was killed."""


def child_environment(*, also: Iterable[str] = (), extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: the listed names of ours, those in `also`, and `extra`."""
    names = {*INHERITED, *also}
    inherited = {name: os.environ[name] for name in sorted(names) if name in os.environ}
    for name in _FOLDERS:
        if name in inherited:
            inherited[name] = _absolute(inherited[name].split(os.pathsep))
    return inherited | dict(extra or {})


def python_command(*arguments: str) -> list[str]:
    """A command that runs this interpreter without the working folder on its import path."""
    return [sys.executable, "-P", *arguments]


def import_path() -> str:
    """This process's import path for a child's PYTHONPATH, without entries relative to the working folder."""
    return _absolute(sys.path)


def program(name: str) -> str | None:
    """Where a program is; one in the working folder is not looked for, even where PATH has it."""
    return shutil.which(name, path=_absolute(os.environ.get("PATH", os.defpath).split(os.pathsep)))


def start(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path | None = None,
    stdin: IO[bytes] | int = subprocess.PIPE,
    stderr: int | None = subprocess.PIPE,
) -> Child:
    """A running child in a session of its own, with pipes for all that it reads and writes.

    It has no terminal, so that it cannot ask anything, and Ctrl-C is not for it. With `stderr=None` its
    errors go where ours go. Whoever starts it calls `stop`.
    """
    return subprocess.Popen(  # noqa: S603 (no shell; the callers choose the program)
        command,
        cwd=folder,
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
    )


def stop(child: Child) -> None:
    """End a child and its own children, if it still runs, and close its pipes."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    # closing writes what was not written yet, to a child that may be gone
    with contextlib.suppress(BrokenPipeError), child:
        pass


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    seconds: float,
    largest: int,
    folder: Path | None = None,
    written: bytes = b"",
    watch: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Start a child, give it `written` to read, and wait for its end.

    `watch` is called a few times a second meanwhile; an exception of it ends the child. Raises ChildFailed
    where the child takes more than `seconds` or writes more than `largest` bytes, and OSError where it
    cannot be started.
    """
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryFile() as stdin:
        stdin.write(written)
        stdin.seek(0)
        child = start(command, environment=environment, folder=folder, stdin=stdin)
    try:
        out, err = _read(child, deadline, largest, watch)
        code = child.wait(timeout=max(0.0, deadline - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired) as error:
        raise ChildFailed(f"no answer within {seconds:g} seconds") from error
    finally:
        stop(child)
    return subprocess.CompletedProcess(command, code, out, err)


def _read(
    child: Child, deadline: float, largest: int, watch: Callable[[], None] | None
) -> tuple[bytes, bytes]:
    """What a child writes until it closes both of its outputs. Raises TimeoutError and ChildFailed."""
    assert child.stdout is not None
    assert child.stderr is not None
    outputs = {child.stdout.fileno(): bytearray(), child.stderr.fileno(): bytearray()}
    with selectors.DefaultSelector() as selector:
        for file in outputs:
            selector.register(file, selectors.EVENT_READ)
        while selector.get_map():
            left = max(0.0, deadline - time.monotonic())
            ready = selector.select(min(left, _TICK) if watch else left)
            if watch:
                watch()
            if not ready and time.monotonic() >= deadline:
                raise TimeoutError
            for key, _ in ready:
                piece = os.read(key.fd, _PIECE)
                outputs[key.fd] += piece
                if len(outputs[key.fd]) > largest:
                    raise ChildFailed(f"more than {largest:,} bytes were written")
                if not piece:
                    selector.unregister(key.fd)
    out, err = outputs.values()
    return bytes(out), bytes(err)


def _absolute(folders: Iterable[str]) -> str:
    return os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())
