from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fms_dgt.cli.plugins import main
from fms_dgt.errors import PluginError

from plugin_sources import GENERATOR, Package

BAD = "print('I print on import')\nraise RuntimeError('[/red] brackets')\n"


@pytest.fixture
def mixed(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    package(
        "mixed",
        {"generators": {"x_echo": "m_good:Echo", "x_bad": "m_bad:A", "x_off": "m_good:Echo"}},
        m_good=GENERATOR,
        m_bad=BAD,
    )
    monkeypatch.setenv("FMS_DGT_DISABLE_PLUGINS", "x_off")


def test_json_is_json_whatever_plugins_print(mixed: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    out, err = capsys.readouterr()
    listed = {entry["name"]: entry for entry in json.loads(out)}
    assert listed["x_echo"] == {
        "group": "generators",
        "name": "x_echo",
        "distribution": "mixed",
        "version": "1.0",
        "status": "ok",
        "reason": "",
    }
    assert (listed["x_bad"]["status"], listed["x_off"]["status"]) == ("broken", "disabled")
    assert "I print on import" in err


def test_a_plain_table(mixed: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["group", "name", "distribution", "version", "status", "reason"]
    (bad,) = [row for row in rows if "x_bad" in row]
    assert bad.split()[:5] == ["generators", "x_bad", "mixed", "1.0", "broken"]
    assert bad.index("broken") == header.index("status")
    assert "RuntimeError: [/red] brackets (" in bad


def test_a_terminal_gets_a_table_with_the_whole_reason(mixed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "400")
    assert main([]) == 0
    assert "RuntimeError: [/red] brackets" in terminal.getvalue()
    assert "┃" in terminal.getvalue()


def test_strict_counts_what_is_broken(mixed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["--strict", "--json"]) == 1


def test_includes_are_listed(
    site: Path, python_file: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = python_file("mine.py", GENERATOR)
    assert main(["--include", str(path), "--json"]) == 0
    (mine,) = [e for e in json.loads(capsys.readouterr().out) if e["distribution"] == "mine.py"]
    assert (mine["name"], mine["status"]) == ("echo", "include")


def test_an_include_that_is_missing_is_the_users_mistake(site: Path) -> None:
    with pytest.raises(PluginError, match="no such file"):
        main(["--include", "nosuch.py"])


def test_a_misspelt_switch_is_noted(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FMS_DGT_DISABLE_PLUGINS", "nosuch_xyz")
    main(["--json"])
    assert "note: FMS_DGT_DISABLE_PLUGINS names 'nosuch_xyz'" in capsys.readouterr().err


def test_the_converters_of_documents_are_listed_too(project):
    said = json.loads(project({}).run("plugins", "--json").stdout)
    found = {info["name"]: info["status"] for info in said if info["group"] == "converters"}
    assert found == dict.fromkeys(("docx", "html", "pdf", "pptx", "text"), "ok")
