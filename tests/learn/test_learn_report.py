"""The tables of results."""

from __future__ import annotations

from questions import load_questions
from report import joined, tables

QUESTIONS = load_questions()


def result(arm, teacher, seed, right, **used):
    answer = {"plain": right, "normalised": right, "probability": right / 2, "said": right}
    return {
        "arm": arm,
        "teacher": teacher,
        "seed": seed,
        "answers": {q.id: answer for q in QUESTIONS},
        **used,
    }


USED = {"rows": 4, "rows_tokens": 80, "tokens": 1000, "learned": 900, "steps": 2, "loss": 1.5}


def test_each_arm_stands_beside_chance_and_the_raw_documents():
    text = tables(
        [
            result("none", "", 0, 0),
            result("raw", "", 0, 0, **USED),
            result("phase1", "oracle", 0, 1, **USED),
            result("phase1", "oracle", 1, 0, **USED),
            {"arm": "phase1", "teacher": "local", "seed": 0, "rows": 0, "answers": {}},
        ],
        QUESTIONS,
    )
    assert "Multiple choice: 100 questions" in text
    assert "| chance | | | 25.0 | 25.0 | 25.0 | | |" in text
    assert "| none |  | 1 | 0.0 (0.0 to 0.0) | 0.0 (0.0 to 0.0) | 0.0 (0.0 to 0.0) |  |  |" in text
    half, quarter = "50.0 (0.0 to 100.0)", "25.0 (0.0 to 50.0)"
    less = "+50.0 (+0.0 to +100.0) | +25.0 (+0.0 to +50.0)"
    assert f"| phase1 | oracle | 2 | {half} | {half} | {quarter} | {less} |" in text
    assert "| phase1 | oracle | 4 | 80 | 1,000 | 900 | 12.5 | 2 | 1.50 |" in text
    assert "| phase1 | local | 0 | | | | | | |" in text


def test_with_no_results_there_is_chance_alone():
    assert "| chance | | | 20.0 | 20.0 | 20.0 | 0.0 | | |" in tables([], QUESTIONS)


def test_students_of_several_documents_are_asked_together_where_each_document_has_one():
    one = [{**result("raw", "", seed, 1, **USED), "answers": {"a": {}}} for seed in (0, 1)]
    other = [{**result("raw", "", 0, 1, **USED), "answers": {"b": {}}, "loss": 0.5}]
    (both,) = joined([one, other])
    assert both["answers"] == {"a": {}, "b": {}}
    assert (both["seed"], both["tokens"], both["loss"]) == (0, 2000, 1.0)
    assert len(joined([one])) == 2
