"""Every snippet of the documents is loaded or run, in an empty folder that has the document's files."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doc_snippets import DOCUMENTS, Snippet, name_of, snippets

from fms_dgt.config import Flags, PlanRequest, load_plan
from fms_dgt.config.blocks import block_problems
from fms_dgt.core.template import Template
from fms_dgt.core.yaml_file import parse_yaml
from fms_dgt.plugins import Plugins
from fms_dgt.runner import check
from fms_dgt.testing import ModelServer

DEBATE = "instructlab/skills/writing/freeform/debate"
CONFIG_KEYS = {"databuilders", "tasks", "task_files", "runner_config"}
LANGUAGES = {"", "text", "yaml", "json", "toml", "python", "sh"}
# its examples have a test of their own, tests/cli/test_configuration_docs.py
BOUND_ELSEWHERE = {"docs/configuration.md"}
# what a snippet takes for granted, beside the files that the document shows
THERE = {"tasks/writing/plain_words/notes/a.md": "a note\n"}
ALL = [snippet for document in DOCUMENTS for snippet in snippets(document)]


def of(*languages: str) -> pytest.MarkDecorator:
    found = [snippet for snippet in ALL if snippet.language in languages and snippet.is_run]
    return pytest.mark.parametrize("snippet", found, ids=str)


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer(remember=False).in_thread() as running:
        yield running


@pytest.fixture
def folder(project: Callable, monkeypatch: pytest.MonkeyPatch, server: ModelServer) -> Callable:
    """A folder with the files of a document, and a model server in place of OpenAI's."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-tests")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.port}/v1")
    monkeypatch.setenv("JUDGE_KEY", "another-key")

    def make(document: Path):
        return project({**THERE, **{s.file: s.text for s in snippets(document) if s.file}})

    return make


def test_every_snippet_has_a_language_that_is_known() -> None:
    assert {snippet.language for snippet in ALL} <= LANGUAGES


@of("json")
def test_json_is_json(snippet: Snippet) -> None:
    json.loads(snippet.text)


@of("toml")
def test_toml_is_toml(snippet: Snippet) -> None:
    tomllib.loads(snippet.text)


@of("yaml")
def test_yaml_loads_as_what_it_is(snippet: Snippet, folder: Callable) -> None:
    made = folder(snippet.document)
    name = snippet.file or "snippet.yaml"
    made.write({name: snippet.text})
    node = parse_yaml(snippet.text, str(snippet))
    if "data_builder" in node.value:
        load_plan(PlanRequest(tasks=[name]))
    elif "prompt" in node.value:
        Template.from_node(node, Path(name).stem)
    elif CONFIG_KEYS & node.value.keys():
        tasks = [] if {"tasks", "task_files"} & node.value.keys() else [DEBATE]
        # where a snippet names no generator, the builder's own would want a key
        flags = Flags() if "type:" in snippet.text else Flags(teacher="simulated")
        plan = load_plan(PlanRequest(tasks=tasks, config=name, flags=flags))
        if name_of(snippet.document) not in BOUND_ELSEWHERE:
            check(plan, Plugins.discover())
    elif "blocks" in node.value:
        assert block_problems(node) == []
    else:
        pytest.fail(f"{snippet}: neither a task, a config, a template nor a builder's defaults")


@of("python")
def test_python_runs(snippet: Snippet, folder: Callable) -> None:
    made = folder(snippet.document)
    path = made.path / (snippet.file or "snippet.py")
    path.write_text(snippet.text, encoding="utf-8")
    if path.name.startswith("test_"):
        ran = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path.name]
        done = subprocess.run(ran, cwd=made.path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    else:
        runpy.run_path(str(path), run_name="snippet")


def with_shell() -> list[Path]:
    return [d for d in DOCUMENTS if any(s.language == "sh" and s.is_run for s in snippets(d))]


@pytest.mark.parametrize("document", with_shell(), ids=name_of)
def test_commands_run_one_after_the_other(document: Path, folder: Callable) -> None:
    made = folder(document)
    for snippet in snippets(document):
        if snippet.language != "sh" or not snippet.is_run:
            continue
        for words in snippet.commands():
            argv = words[3:] if words[:3] == ["python", "-m", "fms_dgt"] else words[1:]
            assert words[0] == "fms_dgt" or len(argv) < len(words) - 1, f"{snippet}: mark it as not run"
            result = made.run(*argv)
            assert result.code == 0, f"{snippet}: {' '.join(words)}\n{result.stderr}"
    assert os.listdir(made.path / "output")
