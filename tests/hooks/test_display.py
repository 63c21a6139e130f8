from __future__ import annotations

import io
import logging
import os
import pty
import re
import subprocess
import sys
from itertools import islice

import pytest
from driven import OUT, begin, work
from scripted_run import AT_START, NOTE, WHY, events, tell

from fms_dgt.core.events import (
    RunFinished,
    RunStarted,
)
from fms_dgt.hooks.display import Display
from fms_dgt.plugins.hooks import Hooks

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class BrokenPipe(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.fixture
def terminal(monkeypatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return Terminal()


@pytest.mark.parametrize("display", ["live", "plain"])
def test_after_an_interruption_the_summary_says_how_to_go_on(display, terminal):
    view = Display(terminal)
    for event in events(2, display=display, end="interrupted"):
        tell(view, event)
    shown = terminal.getvalue()
    assert shown.count("interrupted: run the same command to continue") == 1


def test_live_keeps_the_indent_of_what_wraps_and_cuts_the_rows_of_tables(terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "52")
    monkeypatch.setenv("NO_COLOR", "1")
    view = Display(terminal)
    for event in events(1, display="live", end="stalled"):
        tell(view, event)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    summary = shown[shown.rindex("instructlab/skills/writing/freeform/debate\n") :].splitlines()
    assert summary[1].strip() == "10 of 20 kept, 12 rejected: stalled"
    why = summary[2 : next(n for n, line in enumerate(summary) if line.lstrip().startswith("stage"))]
    assert len(why) > 5
    assert all(line.startswith("  ") and not line.startswith("   ") for line in why)
    assert " ".join(" ".join(why).split()) == WHY["stalled"]
    assert any(line.startswith("  filter_questions_template") and line.endswith("…") for line in summary)
    assert "  out/instructlab/skills/writing/freeform/debate/rejected.jsonl" in summary


def test_none_writes_nothing(capsys):
    view = Display()
    for event in events(2, display="none"):
        tell(view, event)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("display", ["plain", "live", "none"])
def test_nothing_is_ever_written_to_stdout(display, capsys):
    view = Display()
    for event in events(2, display=display):
        tell(view, event)
    out, err = capsys.readouterr()
    assert out == ""
    assert (f"note: {NOTE}\n" in err) == (display != "none")


def test_live_leaves_the_notes_of_the_start_above_itself(terminal):
    view = Display(terminal)
    script = list(events(1, display="live"))
    tell(view, script[0])
    assert terminal.getvalue().index(f"note: {AT_START}") < terminal.getvalue().index(HIDE)
    for event in script[1:]:
        tell(view, event)
    shown = terminal.getvalue()
    assert (shown.count(AT_START), shown.count(NOTE)) == (1, 1)


def test_live_on_what_is_no_terminal_is_plain():
    stream = io.StringIO()
    view, clock = begin(stream, "a", display="live")
    clock.now += 10.0
    work(view, "a", calls=1, kept=0, rejected=0)
    assert stream.getvalue().startswith("a 0/20 kept")


def test_live_draws_over_itself_and_gives_the_terminal_back(terminal, capsys):
    view = Display(terminal)
    stderr = sys.stderr
    script = list(events(1, display="live"))
    for event in script[:-1]:
        tell(view, event)
    assert HIDE in terminal.getvalue()
    assert SHOW not in terminal.getvalue()
    tell(view, script[-1])
    shown = terminal.getvalue()
    assert shown.rindex(SHOW) < shown.index("target reached")
    assert "dedup_questions" in shown
    assert sys.stderr is stderr
    assert capsys.readouterr() == ("", "")


def test_what_others_write_to_stderr_meanwhile_is_not_lost(terminal):
    view, _ = begin(terminal, "a", display="live")
    print("a warning of somebody else", file=sys.stderr)
    view.run_finished(RunFinished(OUT, [], {}, 1.0, 0, 0))
    assert "a warning of somebody else" in terminal.getvalue()


def test_a_new_run_takes_the_view_of_an_unfinished_one_away(terminal):
    view, _ = begin(terminal, "a", display="live")
    view.run_started(RunStarted(OUT, ["b"], "none"))
    assert terminal.getvalue().index(HIDE) < terminal.getvalue().index(SHOW)


def test_a_program_that_dies_gives_the_terminal_back():
    program = """
from pathlib import Path
from fms_dgt.core.events import RunStarted
from fms_dgt.hooks.display import Display
Display().run_started(RunStarted(Path("out"), ["a"], "live"))
raise SystemExit("no run_finished")
"""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color"}
    subprocess.run([sys.executable, "-c", program], stderr=theirs, env=environment, check=False)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    os.close(theirs)
    assert shown.index(HIDE) < shown.index("no run_finished") < shown.index(SHOW)


def test_rich_is_not_imported_before_it_is_used():
    program = "import sys, fms_dgt.hooks.display, fms_dgt.hooks.log; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_events_outside_a_run_are_passed_over():
    stream = io.StringIO()
    view = Display(stream)
    for event in islice(events(1), 1, None):
        tell(view, event)
    assert stream.getvalue() == ""


def test_a_reader_that_is_gone_does_not_stop_the_run():
    hooks = Hooks()
    hooks.add(Display(BrokenPipe()), name="display")
    for event in events(1, display="plain"):
        tell(hooks, event)
    assert hooks.warnings == []


def test_one_display_serves_several_runs():
    stream = io.StringIO()
    view = Display(stream)
    for _ in range(2):
        for event in events(1, display="plain"):
            tell(view, event)
    assert stream.getvalue().count(f"note: {AT_START}\n") == 2
    assert stream.getvalue().count(f"note: {NOTE}\n") == 2
    assert stream.getvalue().count("  20 of 20 kept, 24 rejected") == 2


def test_it_registers_as_a_strangers_plugin_would(caplog):
    hooks = Hooks()
    with caplog.at_level(logging.WARNING):
        hooks.add(Display, name="display")
    assert caplog.records == []
