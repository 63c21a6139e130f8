"""`fms_dgt plugins NAME`: options, and examples that can be used as they stand."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from fms_dgt.binding.bind import bind
from fms_dgt.cli.plugins import main
from fms_dgt.config import PlanRequest, load_plan
from fms_dgt.plugins import About, Plugins

from plugin_sources import GENERATOR, Package

DEBATE = "instructlab/skills/writing/freeform/debate"
OURS = [
    (info.group, info.name)
    for info in Plugins.discover().listing()
    if info.distribution == "fms-dgt" and not info.alias_of
]
WITH_EXAMPLE = [(group, name) for group, name in OURS if group in ("builders", "generators", "validators")]


def shown(capsys: pytest.CaptureFixture[str], *argv: str) -> list[str]:
    capsys.readouterr()
    assert main(argv) == 0
    return capsys.readouterr().out.splitlines()


def block(lines: list[str], title: str) -> str:
    """What stands indented below a title."""
    at = next(n for n, line in enumerate(lines) if line.startswith(title))
    rest = lines[at + 1 :]
    end = next((n for n, line in enumerate(rest) if line and not line.startswith(" ")), len(rest))
    return textwrap.dedent("\n".join(rest[:end])).strip() + "\n"


def shipped_task(lines: list[str]) -> str:
    (line,) = [line for line in lines if line.startswith("a task that comes with the package")]
    return line.split()[-3]


@pytest.mark.parametrize(("group", "name"), WITH_EXAMPLE)
def test_the_example_of_every_built_in_plugin_binds(group, name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = shown(capsys, name)
    task = shipped_task(lines) if group == "builders" else DEBATE
    Path("c.yaml").write_text(block(lines, "in a config file"))
    plan = load_plan(PlanRequest(tasks=[task], config="c.yaml"))
    # keys of this machine are not what the example is about
    plan = replace(plan, settings=replace(plan.settings, replay=plan.settings.output_dir))
    (bound,) = bind(plan, Plugins.discover())
    played = [role.type for role in (*bound.generators.values(), *bound.validators.values())]
    assert name in [bound.builder_name, *played]


@pytest.mark.parametrize(("group", "name"), [entry for entry in OURS if entry[0] == "builders"])
def test_the_task_of_every_builder_is_shown_as_it_is(group, name, capsys):
    from fms_dgt.config.shipped import find_shipped

    lines = shown(capsys, name)
    (file,) = find_shipped("tasks", shipped_task(lines))
    assert (
        block(lines, "a task that comes with the package") == file.read_text(encoding="utf-8").strip() + "\n"
    )


@pytest.mark.parametrize(("group", "name"), OURS)
def test_every_built_in_plugin_has_a_description(group, name):
    thing = Plugins.discover().thing(group, name)
    assert 20 < len(About.of(thing).short) < 120


def test_the_page_of_a_validator(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert shown(capsys, "length") == [
        "length: validator of fms-dgt 0.1.0",
        "  Counts the words, characters or tokens of a column; the score is their number.",
        "  Words stand between white space; in scripts without spaces each character is",
        "  one. White space around a text does not count. Tokens are estimated, since",
        "  each model has its own: one for four ASCII characters, for two others, and for",
        "  each character of a script without spaces.",
        "",
        "options",
        "  unit  (`words` or `characters` or `tokens`, default words)",
        "      what is counted",
        "  low  (whole number, 0 or more, default 1)",
        "      the fewest that go on",
        "  high  (whole number, 0 or more)",
        "      the most that go on",
        "",
        "options of every validator",
        "  threshold  (number)",
        "",
        "in a config file",
        "  databuilders:",
        "    skills_sdg:",
        "      postprocessors:",
        "        - {name: length, on: response, low: 5, high: 600}",
    ]


def test_the_page_of_a_generator_says_how_to_use_it_for_one_run(capsys):
    lines = shown(capsys, "llama_cpp")
    assert lines[0] == "llama_cpp: generator of fms-dgt 0.1.0, also llama.cpp"
    assert lines[-1] == "  fms_dgt run TASK --teacher llama_cpp[:MODEL]"
    assert "  temperature  (number, 0 to 2)" in lines


def test_converters_and_hooks_have_no_options_and_say_what_they_do(capsys):
    assert shown(capsys, "pdf")[-1] == "  Reads .pdf."
    assert (
        shown(capsys, "log")[-1] == "  It listens to every run; FMS_DGT_DISABLE_PLUGINS=log switches it off."
    )


DESCRIBED = textwrap.dedent(GENERATOR).replace(
    "class Echo(Generator):",
    'class Echo(Generator):\n    """Says it again. And again.\n\n    In a config file:\n\n'
    '        databuilders: {"*": {blocks: [{name: generator, type: x_echo, temperature: 1}]}}\n    """\n',
)


def test_a_strangers_plugin_with_a_docstring_of_its_own(package: Package, capsys):
    assert DESCRIBED != GENERATOR
    package("echoes", {"generators": {"x_echo": "m_echo:Echo", "x_again": "m_echo:Echo"}}, m_echo=DESCRIBED)
    lines = shown(capsys, "x_echo")
    assert lines[:2] == ["x_echo: generator of echoes 1.0, also x_again", "  Says it again. And again."]
    assert block(lines, "in a config file").startswith('databuilders: {"*": {blocks:')
    (line,) = [line for line in shown(capsys) if " x_again" in line]
    assert line.split() == ["x_again", "Says", "it", "again", "(also:", "x_echo)", "[echoes", "1.0]"]


def test_a_strangers_plugin_without_one_has_the_example_of_its_kind(package: Package, capsys):
    package("mute", {"generators": {"x_mute": "m_mute:Echo"}}, m_mute=GENERATOR)
    assert "{name: generator, type: x_mute}" in block(shown(capsys, "x_mute"), "in a config file")
    (line,) = [line for line in shown(capsys) if " x_mute" in line]
    assert line.split() == ["x_mute", "(no", "description)", "[mute", "1.0]"]


def test_an_unknown_name_comes_with_the_nearest(project):
    result = project({}).run("plugins", "lengt")
    assert result.code == 2
    assert result.stderr.startswith("error: there is no plugin 'lengt'; did you mean 'length'?")
