"""The entry in a process of its own: what it imports, and its older spellings."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fms_dgt import __version__
from fms_dgt.cli.parser import COMMANDS, run_parser

NOT_FOR_HELP = (
    "asyncio",
    "importlib.metadata",
    "jinja2",
    "yaml",
    "dataclasses",
    "inspect",
    "rich",
    "logging",
    "shutil",
    "urllib.request",
)


def python(*argv: str, **settings) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *argv], capture_output=True, text=True, check=False, **settings)


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["--seed", "ten"], ["--data-dir", "a"]])
def test_help_imports_little(argv):
    code = (
        f"import sys; from fms_dgt.cli.main import main; main({argv!r}); print(*sys.modules, file=sys.stderr)"
    )
    imported = set(python("-c", code).stderr.split())
    assert "fms_dgt.cli.parser" in imported
    assert not imported & set(NOT_FOR_HELP)
    assert {name for name in imported if name.startswith("fms_dgt")} == {
        "fms_dgt",
        "fms_dgt.cli",
        "fms_dgt.cli.interrupts",
        "fms_dgt.cli.main",
        "fms_dgt.cli.parser",
        "fms_dgt.safety",
        "fms_dgt.safety.environment",
        "fms_dgt.safety.terminal",
    }


@pytest.mark.parametrize("columns", ["60", "200", "0", "-5", "wide", ""])
def test_help_is_as_wide_as_argparse_would_make_it(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    parser = run_parser()
    ours = parser.format_help()

    class Usual(parser.formatter_class):
        def __init__(self, prog):
            argparse.RawDescriptionHelpFormatter.__init__(self, prog)

    parser.formatter_class = Usual
    assert ours == parser.format_help()


def test_help_says_once_what_a_flag_takes():
    lines = [line.rstrip() for line in run_parser().format_help().splitlines()]
    assert "  -c, --config-path PATH" in lines
    assert "  --include, --include-builder-paths, --include-bp PATH [PATH ...]" in lines
    assert any(line.startswith("  -h, --help  ") for line in lines)


@pytest.mark.parametrize("module", ["fms_dgt", "fms_dgt.watsonx", "fms_dgt.research"])
def test_spellings_of_the_command(module):
    assert python("-m", module, "--version").stdout == f"fms_dgt {__version__}\n"


def test_the_exit_code_is_the_processs(tmp_path):
    result = python("-m", "fms_dgt", "--task-paths", "x.yaml", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("error: the command line: there is no file")


def test_help_names_every_command(project):
    stdout = project({}).run("--help").stdout
    assert all(f"  {name} " in stdout for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(project, command):
    result = project({}).run(command, "--help")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: fms_dgt")


def test_a_closed_pipe(tmp_path):
    code = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-m', 'fms_dgt', '--help'], stdout=subprocess.PIPE, stderr=subprocess.PIPE); p.stdout.close(); print(p.stderr.read().decode(), end=''); p.wait()"
    assert python("-c", code).stdout == ""


def test_a_program_without_stdout():
    code = (
        "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, '-m', 'fms_dgt', 'plugins'])"
    )
    assert python("-c", code).stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_a_full_disk_behind_stdout():
    code = (
        "import subprocess, sys; p = subprocess.run([sys.executable, '-m', 'fms_dgt', 'plugins'], "
        "stdout=open('/dev/full', 'w'), stderr=subprocess.PIPE, text=True); print(p.returncode, p.stderr)"
    )
    said = python("-c", code).stdout
    assert said == "1 error: No space left on device; free some space\n\n"


def test_a_terminal_that_cannot_write_every_letter(tmp_path):
    folder = tmp_path / "compositional_skills" / "日本"
    folder.mkdir(parents=True)
    (folder / "qna.yaml").write_text("version: 2\n", encoding="utf-8")
    argv = [sys.executable, "-m", "fms_dgt", "taxonomy", "tree", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert "fault in fms_dgt" not in done.stderr
    assert "\\u65e5" in done.stdout
