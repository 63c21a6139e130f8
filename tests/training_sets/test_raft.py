from __future__ import annotations

import math
import re
from collections import Counter

import pytest
from knowledge_made import about, record, records, said

from fms_dgt.datasets import create_knowledge_regular_ds
from fms_dgt.datasets.columns import knowledge_rows
from fms_dgt.datasets.raft import Documents, RaftSettings, _in_random_order
from fms_dgt.datasets.tables import tables
from fms_dgt.errors import InputError

PLACE = re.compile(r"<(\S+)/(\d+)> as (\w+)")


def shown(row):
    """The texts of a context: document, chunk, variant."""
    return PLACE.findall(said(row)[0])


def raft(given, **settings):
    return list(create_knowledge_regular_ds(given, add_auxiliary_dataset=False, **settings))


def golden(row):
    return about(row)["sdg_document"] in said(row)[0]


def test_the_form_of_a_context():
    rows = raft(records(documents=6, chunks=1))
    asked, answer = said(rows[0])
    assert asked.startswith("Document:\n<d")
    assert asked.count("\n\n\nDocument:\n") == 3
    assert asked.endswith("\n\n\n\nWhat does d0.md/0/document/0 cost?")
    assert answer == "d0.md/0/document/0 costs nothing."
    assert about(rows[0])["dataset"] == "document_knowledge_qa_raft_p0.4"


@pytest.mark.parametrize("p", [0.0, 0.1, 0.4, 0.9, 1.0])
def test_the_golden_document_is_there_with_probability_p(p):
    rows = raft(records(documents=20, chunks=5, pairs=10), p=p)
    there = sum(golden(row) for row in rows)
    # five standard deviations: by chance, once in two million runs with other seeds
    assert abs(there - p * len(rows)) <= 5 * math.sqrt(len(rows) * p * (1 - p))
    assert [about(row)["golden_in_context"] for row in rows] == [golden(row) for row in rows]


@pytest.mark.parametrize("seed", range(3))
def test_no_distractor_shares_the_goldens_document(seed):
    for row in raft(records(documents=5, chunks=4, pairs=3), seed=seed):
        document = about(row)["document_name"]
        from_it = [place for place in shown(row) if place[0] == document]
        assert len(from_it) == about(row)["golden_in_context"]


def cut(task, size):
    """The rows of a task that cuts four documents into chunks of `size` sentences."""
    for number in range(4):
        text = [f"Document {number} says in its sentence {at} what it says." for at in range(12)]
        for at in range(0, 12, size):
            part = " ".join(text[at : at + size])
            row = {"question": "What?", "response": "It.", "document": part, "raw_document": part}
            yield {**row, "document_name": f"docs/{number}.md", "task_name": task}


def test_a_document_that_two_tasks_cut_differently_is_one():
    given = [*cut("one", 4), *cut("two", 6)]
    for row, made in zip(given, raft(given), strict=True):
        own = row["document"].split(" says")[0]
        there = [own in text for text in said(made)[0].split("Document:\n")[1:]]
        assert sum(there) == about(made)["golden_in_context"]


def test_distractors_may_be_other_chunks_of_the_document():
    rows = raft(records(documents=1, chunks=9, pairs=5), distractors="chunks")
    for row in rows:
        chunks = [chunk for _, chunk, _ in shown(row)]
        own = PLACE.search(about(row)["raw_document"])[2]
        assert len(set(chunks)) == 4
        assert (own in chunks) == golden(row)


def test_the_golden_document_stands_anywhere():
    rows = [row for row in raft(records(documents=20, chunks=2, pairs=10)) if golden(row)]
    at = Counter(
        [about(row)["document_name"] == place[0] for place in shown(row)].index(True) for row in rows
    )
    assert all(count > len(rows) / 4 * 0.7 for count in at.values())
    assert len(at) == 4


def test_every_other_text_is_drawn_about_as_often_as_any():
    rows = raft(records(documents=10, chunks=1, pairs=25), p=0.0)
    drawn = Counter(place for row in rows for place in shown(row))
    assert len(drawn) == 10 * 4
    mean = sum(drawn.values()) / len(drawn)
    assert all(0.6 * mean < count < 1.4 * mean for count in drawn.values())


def test_no_chunk_stands_twice_in_a_context():
    for row in raft(records(documents=3, chunks=4, pairs=5)):
        assert len({place[:2] for place in shown(row)}) == len(shown(row)) == 4


@pytest.mark.parametrize("size", [1, 2, 7])
def test_the_number_of_documents(size):
    rows = raft(records(documents=9, chunks=1), num_doc_in_context=size)
    assert {len(shown(row)) for row in rows} == {size}


def test_equal_seeds_give_equal_rows_and_others_do_not():
    given = records(documents=6, chunks=2)
    assert raft(given, seed=1) == raft(given, seed=1) != raft(given, seed=2)


def test_a_row_is_drawn_for_alike_whatever_stands_before_it():
    """Golden or not is the row's own matter; only the others to draw from change with the rest."""
    given = records(documents=6, chunks=2)
    both = raft(given), raft(given[::-1])[::-1]
    assert [golden(row) for row in both[0]] == [golden(row) for row in both[1]]


def test_few_documents_are_said():
    made = create_knowledge_regular_ds(records(documents=2, chunks=1), add_auxiliary_dataset=False)
    assert {len(shown(row)) for row in made} == {1, 2}
    assert made.notes[0].endswith(
        "there are 2 documents in all; merge runs over more, or let distractors be chunks"
    )


def test_a_document_alone_stands_alone():
    made = create_knowledge_regular_ds(records(documents=1, chunks=5), add_auxiliary_dataset=False)
    assert all(golden(row) and len(shown(row)) == 1 for row in made)
    assert made.notes[0].startswith("20 have one text alone")


def test_one_document_in_two_tasks_is_one_document():
    shop = [record("handbook.md", chunk, task_name="shop") for chunk in range(3)]
    desk = [record("handbook.md", chunk, task_name="desk") for chunk in range(2, 5)]
    other = [record("handbook.md", 9, task_name="hotel"), record("menu.md", task_name="hotel")]
    for row in raft([*shop, *desk, *other], p=0.0):
        own = about(row)["task_name"]
        if own != "hotel":
            assert {place[:2] for place in shown(row)} == {("handbook.md", "9"), ("menu.md", "0")}


def test_a_text_that_two_documents_have_is_no_distractor_to_itself():
    licence = [
        record(name, raw_document="<same/0> as document", document="<same/0> as document") for name in "abcde"
    ]
    for row in raft([*licence, *records(3, 1)], p=0.0):
        if row["metadata"].count("<same/0>"):
            assert ("same", "0", "document") not in shown(row)


@pytest.mark.parametrize(
    ("settings", "words"), [({"p": 1.1}, "is 1.1"), ({"num_doc_in_context": 0}, "of 0 documents")]
)
def test_settings_that_mean_nothing(settings, words):
    with pytest.raises(InputError, match=words):
        create_knowledge_regular_ds(records(), **settings)


def test_the_index_holds_places_not_texts():
    given = [record("d.md", chunk, document="x" * 10_000, raw_document=f"{chunk}") for chunk in range(50)]
    with Documents(knowledge_rows(tables(given)), "chunks") as documents:
        assert len(documents) == 50
        assert "x" * 100 not in repr(vars(documents))
        row = next(knowledge_rows(tables(given)))
        from random import Random

        assert documents.context(row, RaftSettings(p=0.0), Random(1)).texts == ["x" * 10_000] * 4


def test_numbers_in_random_order_are_all_of_them():
    from random import Random

    assert sorted(_in_random_order(50, Random(3))) == list(range(50))
    firsts = Counter(next(_in_random_order(3, Random(seed))) for seed in range(300))
    assert min(firsts.values()) > 60
