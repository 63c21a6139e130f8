"""Ctrl-C and SIGTERM at any moment of a command: 130, and no traceback."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(sysconfig.get_path("scripts")) / "fms_dgt"
TASK = "instructlab/skills/writing/freeform/debate"
RUN = ("--task-paths", TASK, "--config-path", "offline", "--num-outputs-to-generate", "5")
MOMENTS = 9

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux has it")


def started(folder: Path, *command: str | Path) -> subprocess.Popen[str]:
    """A command that has just begun to handle signals: the interpreter's own start is not ours.

    A short one may have ended before that is seen.
    """
    process = subprocess.Popen(
        [*map(str, command)], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not catches(process.pid, signal.SIGTERM) and time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.returncode == 0, process.communicate()
            break
        time.sleep(0.0005)
    return process


def catches(pid: int, number: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def lasts(folder: Path, *command: str | Path) -> float:
    """How long a command takes from its first moment on."""
    process = started(folder, *command)
    begun = time.monotonic()
    assert process.wait(60) == 0, process.communicate()
    process.communicate()
    return time.monotonic() - begun


@pytest.mark.parametrize(
    "command",
    [
        (SCRIPT, *RUN, "--check"),
        (SCRIPT, *RUN),
        (sys.executable, "-m", "fms_dgt", "plugins"),
        (SCRIPT, "--help"),
    ],
    ids=["check", "run", "plugins", "help"],
)
def test_at_any_moment(tmp_path: Path, command: tuple[str | Path, ...]) -> None:
    whole = lasts(tmp_path, *command)
    moments = random.Random(0)
    codes = set()
    for number in range(MOMENTS):
        shutil.rmtree(tmp_path / "output", ignore_errors=True)
        process = started(tmp_path, *command)
        # more of them early, where the imports are
        time.sleep(whole * moments.random() ** 2)
        for _ in range(1 + number % 3):
            process.send_signal(signal.SIGINT if number % 4 else signal.SIGTERM)
            time.sleep(moments.random() * 0.02)
        _, err = process.communicate(timeout=60)
        assert "Traceback" not in err
        assert "Exception ignored" not in err
        assert "fault in fms_dgt" not in err
        # a command that had ended already has a code of its own
        assert process.returncode in (130, 0), err
        codes.add(process.returncode)
    assert 130 in codes or whole < 0.5


def test_while_a_plugin_is_imported(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)\n")
    process = started(tmp_path, SCRIPT, *RUN, "--include", "slow.py")
    assert process.stdout is not None
    while "importing" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")


SWALLOWING = """
import time
class Part:
    def __set_name__(self, owner, name):
        print("importing", flush=True)
        {waits}
class Whole:
    part = Part()
"""


@pytest.mark.parametrize(
    "waits",
    [
        # Python makes a RuntimeError of what is raised in `__set_name__`
        "time.sleep(60)",
        # what is raised in a destructor is printed and forgotten
        "Slow = type('Slow', (), {'__del__': lambda self: time.sleep(60)}); Slow()",
    ],
    ids=["wrapped", "in a destructor"],
)
def test_where_python_would_hide_it(tmp_path: Path, waits: str) -> None:
    (tmp_path / "slow.py").write_text(SWALLOWING.format(waits=waits))
    process = started(tmp_path, SCRIPT, *RUN, "--include", "slow.py")
    assert process.stdout is not None
    while "importing" not in process.stdout.readline():
        pass
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")


def test_a_signal_that_is_switched_off_stays_so(tmp_path: Path) -> None:
    """As for a command that a shell runs in the background."""
    code = "import signal, os, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    process = started(tmp_path, sys.executable, "-c", code, SCRIPT, "plugins")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
