"""`judge_check`: before a run, judges are shown rows of known quality; a blind one is told, or ends the run."""

from __future__ import annotations

import json
from pathlib import Path

import fms_dgt
import fms_dgt.testing
import pytest
from judge_answers import always_top, scale_of, seeing

SEEDS = {
    "Say this plainly: circle back.": "Let's talk about this again when we have more time and know a bit more.",
    "Say this plainly: no bandwidth.": "We have too much to do already, so somebody else has to take this on.",
}
TASK = {
    "task_name": "plain",
    "task_description": "Plain words.",
    "created_by": "the tests",
    "data_builder": "skills_sdg",
    "seed_examples": [{"question": question, "answer": answer} for question, answer in SEEDS.items()],
}
# of the judge of questions and that of pairs: 2 seeds each, as they are, and made wrong in 3 and 5 ways
ASKED = 2 * (1 + 3) + 2 * (1 + 5)


def run(url: str, folder: Path, task: dict = TASK, **settings: object) -> fms_dgt.Outcome:
    model = {"type": "openai", "model": "m", "base_url": url, "api_key": "none", "enforce_schema": True}
    settings = {"num_outputs_to_generate": 1, "max_stalled_requests": 2, **settings}
    simple = {"databuilders": {"skills_sdg": {"simple": False}}}
    return fms_dgt.run(task, config=simple, generator=model, output_dir=folder, progress=False, **settings)


def report(folder: Path) -> dict:
    return json.loads((folder / "plain" / "run.json").read_text())


def test_by_default_nothing_is_asked(tmp_path):
    with fms_dgt.testing.ModelServer(always_top).in_thread() as server:
        run(server.base_url, tmp_path)
    assert report(tmp_path)["judge_check"] == []


def test_a_blind_judge_ends_the_run_before_it_begins(tmp_path):
    with fms_dgt.testing.ModelServer(always_top).in_thread() as server:
        with pytest.raises(fms_dgt.UserError, match="the judge 'filter_qa_template' .* told 0 of 10 pairs"):
            run(server.base_url, tmp_path, judge_check="refuse")
        assert len(server.requests) == ASKED
        # what was paid for is kept, and is not asked for again
        with pytest.raises(fms_dgt.UserError, match="told 0 of 6 pairs"):
            run(server.base_url, tmp_path, judge_check="refuse")
        assert len(server.requests) == ASKED
        # a bound of 0 trusts anybody
        outcome = run(server.base_url, tmp_path, judge_check="refuse", judge_bound=0.0)
    found = report(tmp_path)["judge_check"]
    assert {one["conclusion"] for one in found} == {"sees"}
    assert outcome.counts["replayed"] == ASKED


def test_rows_that_a_task_adds_are_all_that_is_asked(tmp_path):
    question = {"row": {"instruction": "Say this plainly: leverage."}, "judge": "filter_questions_template"}
    own = [{**question, "expect": "good"}, {**question, "expect": "bad"}]
    with fms_dgt.testing.ModelServer(always_top).in_thread() as server:
        for task, calls in ((TASK, ASKED), ({**TASK, "calibrate": own}, ASKED + len(own))):
            with pytest.raises(fms_dgt.UserError, match="told 0 of 10 pairs"):
                run(server.base_url, tmp_path, task, judge_check="refuse")
            assert len(server.requests) == calls


def test_a_blind_judge_is_told(tmp_path):
    with fms_dgt.testing.ModelServer(always_top).in_thread() as server:
        outcome = run(server.base_url, tmp_path, judge_check="warn")
    notes = [note for note in outcome.finished.notes if "pairs of a good and a bad row" in note]
    assert len(notes) == 2
    assert "fms_dgt check-teachers --judge" in notes[0]
    assert [one["conclusion"] for one in report(tmp_path)["judge_check"]] == ["blind", "blind"]


def test_a_judge_whose_replies_have_no_score_is_not_relied_on(tmp_path):
    def no_score(body):
        return "I would rather not say." if scale_of(body) else always_top(body)

    with fms_dgt.testing.ModelServer(no_score).in_thread() as server:
        outcome = run(server.base_url, tmp_path / "warned", judge_check="warn")
        with pytest.raises(
            fms_dgt.UserError, match="gave no score .* any of 12 rows .* has no score; it must"
        ):
            run(server.base_url, tmp_path / "refused", judge_check="refuse")
    assert len([note for note in outcome.finished.notes if "no score that can be read" in note]) == 2


def test_a_judge_that_is_cut_off_in_its_thoughts_is_told_its_limit(tmp_path):
    thoughts = fms_dgt.testing.Answer("<think>Let me see what it asks for.", "length")

    def thinking(body):
        return thoughts if scale_of(body) else fms_dgt.testing.echo_answers(body)

    with fms_dgt.testing.ModelServer(thinking).in_thread() as server:
        with pytest.raises(fms_dgt.UserError, match="cut off at 4396 tokens; raise max_tokens"):
            run(server.base_url, tmp_path / "refused", judge_check="refuse")
        outcome = run(server.base_url, tmp_path / "unchecked")
    unread = [row["evidence"] for row in outcome.rejections if row["reason"] == "unreadable reply"]
    assert {evidence["cut_off_at"] for evidence in unread} == {4396}


def test_a_seeing_judge_lets_the_run_begin(tmp_path):
    pairs, questions = seeing(SEEDS.items()), seeing([(f"{q}\n", f"{q}\n") for q in SEEDS])

    def answer(body):
        return pairs(body) if "<response>" in fms_dgt.testing.prompt_of(body) else questions(body)

    with fms_dgt.testing.ModelServer(answer).in_thread() as server:
        run(server.base_url, tmp_path, judge_check="refuse")
    assert {one["conclusion"] for one in report(tmp_path)["judge_check"]} == {"sees"}


def test_the_check_changes_nothing_in_the_data(tmp_path):
    with fms_dgt.testing.ModelServer(always_top).in_thread() as server:
        without = run(server.base_url, tmp_path / "without")
        checked = run(server.base_url, tmp_path / "with", judge_check="warn")
        # turned on for a folder that was begun without it
        own = {"row": {"instruction": "Say this plainly: x.", "response": "y"}, "expect": "bad"}
        later = run(
            server.base_url, tmp_path / "without", judge_check="warn", task={**TASK, "calibrate": [own, own]}
        )
    files = [(tmp_path / name / "plain" / "data.jsonl").read_bytes() for name in ("without", "with")]
    assert files[0] == files[1]
    assert list(without.records) == list(checked.records) == list(later.records)


def test_a_budget_holds_for_the_check(tmp_path):
    with fms_dgt.testing.ModelServer(always_top).in_thread() as server:
        outcome = run(server.base_url, tmp_path, judge_check="refuse", max_calls=5)
    assert len(server.requests) == 5
    assert outcome.tasks["plain"].end == "spent"


def test_a_word_that_is_none_is_an_error(tmp_path):
    with pytest.raises(fms_dgt.UserError, match="'warning'.*did you mean 'warn'"):
        run("http://127.0.0.1:9/v1", tmp_path, judge_check="warning")
