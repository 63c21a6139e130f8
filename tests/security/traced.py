"""What a command did to the machine, as strace saw it: files, connections, processes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FILES = "open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,symlinkat,linkat,truncate"
WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")
OPENING = ("open", "openat", "openat2")
CALL = re.compile(r"^\d+ +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+|\?)")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
FOLDER = re.compile(r"^(?:AT_FDCWD|\d+)<([^>]*)>")


@dataclass(frozen=True, kw_only=True)
class Traced:
    """Absolute paths of files that were there; addresses that were connected to; programs that ran."""

    code: int
    output: str
    read: frozenset[str]
    written: frozenset[str]
    connected: tuple[str, ...]
    programs: tuple[str, ...]


def can_trace() -> bool:
    """Whether strace is there and may trace."""
    return shutil.which("strace") is not None and not subprocess.run(["strace", "true"], capture_output=True).returncode


def traced(arguments: Sequence[str], *, folder: Path, environment: dict[str, str], log: Path) -> Traced:
    """Run `fms_dgt ARGUMENTS` in a folder."""
    command = ["strace", "-f", "-y", "-qq", "-s", "4096", "-e", "signal=none", "-o", str(log)]
    command += ["-e", f"trace=execve,execveat,connect,{FILES}", sys.executable, "-P", "-m", "fms_dgt", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    read: set[str] = set()
    written: set[str] = set()
    connected: list[str] = []
    programs: list[str] = []
    for line in log.read_text(errors="replace").splitlines():
        match = CALL.match(line)
        if match is None:
            continue
        name, given, is_done = match["name"], match["arguments"], not match["result"].startswith("-")
        if name == "connect":
            # one that was refused was tried all the same
            connected += [given] if "AF_INET" in given else []
        elif name.startswith("execve") and is_done:
            programs.append(TEXT.findall(given)[0])
        elif is_done:
            is_written = name not in OPENING or WRITING.search(given) is not None
            (written if is_written else read).update(_absolute(path, given, folder) for path in TEXT.findall(given))
    return Traced(
        code=done.returncode,
        output=done.stdout + done.stderr,
        read=frozenset(read),
        written=frozenset(written),
        connected=tuple(connected),
        programs=tuple(programs),
    )


def _absolute(path: str, given: str, folder: Path) -> str:
    base = FOLDER.match(given)
    return os.path.normpath(os.path.join(base[1] if base else folder, path))
