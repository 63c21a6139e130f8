from __future__ import annotations

import dataclasses

import pytest
from knowledge_made import about, record, said, skill

from fms_dgt.builders.skills_sdg.record import SkillsRecord
from fms_dgt.datasets import create_skills_ds
from fms_dgt.errors import InputError


def test_the_builders_records_have_the_columns():
    assert set(skill()) == {field.name for field in dataclasses.fields(SkillsRecord)}


def test_a_free_skill():
    (row,) = create_skills_ds([skill(1)])
    assert said(row) == ("Argue for number 1.", "Number 1 is best.")
    assert row["unmask"] is False
    assert about(row) == {
        "dataset": "skills_free",
        "task_name": "debate",
        "taxonomy_path": "compositional_skills/writing/debate",
        "task_description": "to argue",
        "question_score": 1.0,
        "pair_score": 3.0,
        "pair_reason": "clear",
    }


@pytest.mark.parametrize(
    ("row", "asked"),
    [
        (skill(context="A text."), "A text.\n\nArgue for number 0."),
        (skill(context=" "), "Argue for number 0."),
        ({"instruction": "I", "input": "X", "output": "O"}, "X\n\nI"),
        ({"question": "Q?", "answer": "A"}, "Q?"),
        ({"context": "C", "question": "C\n\nQ?", "response": "R"}, "C\n\nQ?"),
    ],
)
def test_the_context_stands_above_and_once(row, asked):
    assert said(next(iter(create_skills_ds([row]))))[0] == asked


def test_grounded_and_free_are_counted(tmp_path):
    written = create_skills_ds([skill(), skill(context="C"), skill(1)]).write(tmp_path / "a.jsonl")
    assert written.kinds == {"free": 2, "grounded": 1}


def test_knowledge_is_no_skill(tmp_path):
    with pytest.raises(InputError, match="its rows are knowledge rows: fms_dgt datasets knowledge"):
        create_skills_ds([record()])
