from __future__ import annotations

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
        "about": "",
        "alias_of": "",
    }
    assert (listed["x_bad"]["status"], listed["x_off"]["status"]) == ("broken", "disabled")
    assert "I print on import" in err


def test_the_list_has_a_part_for_each_kind(mixed: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "builders",
        "generators",
        "validators",
        "hooks",
        "converters",
        "options and an example: fms_dgt plugins NAME",
    ]
    part = lines[lines.index("generators") : lines.index("validators")]
    assert [line.split()[0] for line in part if line.startswith("  ") and line[2] != " "] == [
        *("azure", "llama.cpp", "local", "openai", "rits", "simulated", "transformers", "watsonx"),
        *("x_bad", "x_echo", "x_off"),
    ]
    assert "server to start (also: llama_cpp)" in "\n".join(part)


def test_what_is_broken_says_why(mixed: None, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("  x_bad "))
    said = " ".join(" ".join(lines[at : at + 3]).split())
    assert said.startswith("x_bad broken: importing m_bad failed: RuntimeError: [/red] brackets (")
    assert any(
        "x_off" in line and "switched off by FMS_DGT_DISABLE_PLUGINS [mixed 1.0]" in line for line in lines
    )


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
