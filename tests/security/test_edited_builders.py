"""Folders that were begun before built-in builders were bounded go on unasked."""

from __future__ import annotations

import asyncio
import importlib
import json
from pathlib import Path

import pytest

from fms_dgt.binding.fingerprint import _text_digest, changes
from fms_dgt.journal import Journal
from fms_dgt.binding.same_data import EDITS, texts_before

EARLIER = Path(__file__).parent / "earlier"
TASK = """
task_name: t
task_description: Rows.
created_by: the tests
data_builder: pipeline
seed_examples: [{topic: tides, html: "<a>x</a> <a>y</a>"}, {topic: winds, html: "<a>z</a>"}]
flow:
  - text: {said: "{{ topic }} and more"}
  - extract: {on: html, into: part, pattern: '<a>(\\w+)</a>'}
  - generate: {prompt: "Say a word on {{ said }} {{ part }}", into: word}
"""


LATER = sorted((EARLIER / "later").glob("*.txt"))


def text_before(name: str) -> str:
    """A module's text as it was, kept with these tests; as it was later, where there is no other."""
    file = name.removeprefix("the code of fms_dgt.").removeprefix("builders.")
    first = EARLIER / f"{file}.txt"
    return (first if first.is_file() else EARLIER / "later" / first.name).read_text("utf-8")


@pytest.mark.parametrize("name", EDITS)
def test_a_module_less_its_edits_is_the_one_of_before(name) -> None:
    module = importlib.import_module(name.removeprefix("the code of "))
    now = Path(str(module.__file__)).read_text("utf-8")
    *_, undone = texts_before(name, now)
    assert _text_digest(undone) == _text_digest(text_before(name)) != _text_digest(now)
    assert changes({name: _text_digest(text_before(name))}, {name: _text_digest(now)}) == []
    assert changes({name: "another"}, {name: _text_digest(now)}) == [f"{name} changed"]


@pytest.mark.parametrize("file", LATER, ids=lambda file: file.stem)
def test_a_folder_from_between_two_edits_goes_on_too(file) -> None:
    in_builders = file.stem if file.stem.startswith("validators.") else f"builders.{file.stem}"
    name = f"the code of fms_dgt.{in_builders}"
    now = Path(str(importlib.import_module(f"fms_dgt.{in_builders}").__file__)).read_text("utf-8")
    kept = _text_digest(file.read_text("utf-8"))
    assert kept != _text_digest(now)
    assert changes({name: kept}, {name: _text_digest(now)}) == []


async def note_earlier_code(folder: Path) -> None:
    """Have a folder's journal say that its task was begun with the earlier modules."""
    journal = Journal(folder)
    entry = journal.task("t")
    edited = entry.fingerprint.keys() & EDITS.keys()
    assert len(edited) == 7
    earlier = {name: _text_digest(text_before(name)) for name in edited}
    journal.begin(entry.id, {**entry.fingerprint, **earlier}, None)
    await journal.close()


def test_a_folder_goes_on_with_the_answers_it_has(project) -> None:
    made = project({"task.yaml": TASK})
    argv = ("--task-paths", "task.yaml", "--config-path", "offline", "--json")
    first = json.loads(made.run(*argv, "--max-calls", "2").stdout)
    assert first["calls"] == 2
    asyncio.run(note_earlier_code(made.path / "output"))
    result = made.run(*argv)
    assert result.code == 0, result.stderr
    then = json.loads(result.stdout)
    assert (then["calls"], then["tasks"][0]["kept"]) == (1, 3)
