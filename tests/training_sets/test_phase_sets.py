from __future__ import annotations

import dataclasses

import pytest
from knowledge_made import about, record, records, said

from fms_dgt.builders.knowledge_sdg.record import KnowledgeRecord
from fms_dgt.datasets import create_knowledge_pretraining_ds, create_knowledge_regular_ds
from fms_dgt.datasets.instructions import INSTRUCTIONS

COLUMNS = {"id", "messages", "metadata", "unmask"}


def kinds(rows):
    return [about(row)["dataset"] for row in rows]


def test_the_builders_records_have_the_columns():
    fields = {field.name for field in dataclasses.fields(KnowledgeRecord)}
    assert set(record()) <= fields


def test_phase_1_shows_the_document_and_asks():
    (row,) = create_knowledge_pretraining_ds([record()], add_auxiliary_dataset=False)
    assert row.keys() == COLUMNS
    assert said(row) == (
        "<a.md/0> as document\n\nWhat does a.md/0/document/0 cost?",
        "a.md/0/document/0 costs nothing.",
    )
    assert about(row) == {
        "sdg_document": "<a.md/0> as document",
        "domain": "retail",
        "dataset": "document_knowledge_qa",
        "raw_document": "<a.md/0> as document",
        "dataset_type": "base_document",
        "document_name": "a.md",
        "task_name": "prices",
    }


def test_the_outline_can_stand_above_the_document():
    (row,) = create_knowledge_pretraining_ds([record()], keep_document_outline=True)
    assert said(row)[0].startswith("The price list\n<a.md/0>")


@pytest.mark.parametrize(
    ("make", "unmask"), [(create_knowledge_pretraining_ds, True), (create_knowledge_regular_ds, False)]
)
def test_each_summary_is_a_task_once(make, unmask):
    rows = list(make(records(documents=2, chunks=1, pairs=3)))
    summaries = [row for row in rows if about(row)["dataset"].startswith("document_summary")]
    assert len(rows) == 2 * 4 * 3 + 2 * 3
    assert rows[-6:] == summaries, "they come after the questions"
    assert {row["unmask"] for row in rows} == {unmask}
    for row in summaries:
        asked, answer = said(row)
        kind = about(row)["dataset_type"]
        raw, instruction = asked.split("\n\n")
        assert raw == about(row)["raw_document"]
        assert instruction in INSTRUCTIONS[kind]
        assert answer.endswith({"summary_atomic_facts": "atomic_facts"}.get(kind, "_summary"))


def test_the_instructions_vary_and_each_is_only_for_its_kind():
    rows = create_knowledge_pretraining_ds(records(documents=40, chunks=1))
    asked = {said(row)[0].split("\n\n")[1] for row in rows if "summary" in about(row)["dataset"]}
    every = [one for some in INSTRUCTIONS.values() for one in some]
    assert len(asked) > 20
    assert len(set(every)) == len(every) == 30


def test_without_auxiliary_rows():
    assert len(list(create_knowledge_regular_ds(records(2, 1), add_auxiliary_dataset=False))) == 8


def test_what_is_no_summary_has_none():
    made = create_knowledge_pretraining_ds([record(variant="key_fact"), record()])
    assert kinds(made) == ["document_knowledge_qa"] * 2
    assert made.notes == ["1 rows about 'key_fact' have no summary to learn"]


def test_rows_as_sdg_hub_leaves_them():
    row = {
        "question": "Q?",
        "response": "It says [END] in the middle.\n[END]\n",
        "document": "D",
        "raw_document": "R",
        "dataset_type": "summary_detailed",
        "document_outline": "O",
        "domain": "x",
        "icl_document": "I",
    }
    pair, summary = create_knowledge_pretraining_ds([row])
    assert said(pair) == ("D\n\nQ?", "It says [END] in the middle.")
    assert said(summary)[0].startswith("R\n\n")
    assert "document_name" not in about(pair)


def test_a_document_alone_is_its_own_raw_document():
    row = {"question": "Q?", "answer": "A.", "document": "D"}
    (made,) = create_knowledge_pretraining_ds([row])
    assert about(made)["raw_document"] == "D"
    assert about(made)["dataset_type"] == "base_document"


def test_an_id_follows_from_the_content():
    one, other = (
        list(create_knowledge_pretraining_ds(given)) for given in ([record()], [record(), record(pair=1)])
    )
    assert one[0]["id"] == other[0]["id"] != other[1]["id"]
