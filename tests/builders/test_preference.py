"""Preferences: which answers become a pair, and which prompts are given up."""

from __future__ import annotations

import json
from itertools import combinations

import fms_dgt
import pytest
from fms_dgt.errors import InputError, Rejected
from fms_dgt.testing import ModelServer, prompt_of

from fms_dgt.builders.preference.choice import by_comparisons, by_scores, pairs_of
from fms_dgt.core.row import Row

ROWS = [{"prompt": "What are tides?", "id": 1}, {"prompt": "What is moss?", "id": 2}]
OUTPUT = ["prompt", "chosen", "rejected", "chosen_role", "rejected_role", "chosen_score", "rejected_score"]


def row(*scores, **columns):
    answers = [
        {"role": "generator", "text": f"answer {at}"} for at in range(len(scores) or columns.pop("number"))
    ]
    return Row("0", {"prompt": "p", "answers": answers, "scores": list(scores), **columns})


@pytest.mark.parametrize(
    ("scores", "best", "worst"),
    [((3, 8), 1, 0), ((8, 3), 0, 1), ((5, 9, 1), 1, 2), ((9, 9, 2, 2), 0, 2), ((4.5, 4.0), 0, 1)],
)
def test_the_most_and_the_fewest_points_make_the_pair(scores, best, worst):
    chosen, rejected = by_scores(row(*scores))
    assert (chosen.text, rejected.text) == (f"answer {best}", f"answer {worst}")
    assert (chosen.score, rejected.score) == (scores[best], scores[worst])


def test_one_answer_that_could_be_judged_is_no_pair():
    with pytest.raises(Rejected, match="fewer than two answers could be judged"):
        by_scores(row(3))


def compared(number, *verdicts):
    return by_comparisons(row(number=number, verdicts=list(verdicts)))


A, NEITHER, B = 1, 2, 3


@pytest.mark.parametrize(("verdicts", "winner"), [((A, B), "answer 0"), ((B, A), "answer 1")])
def test_of_two_answers_the_one_that_both_orders_prefer_is_chosen(verdicts, winner):
    chosen, rejected = compared(2, *verdicts)
    assert chosen.text == winner != rejected.text
    assert (chosen.score, rejected.score) == (1, 0)


def test_of_those_that_won_the_fewest_the_one_that_the_best_has_beaten_is_rejected():
    chosen, rejected = compared(3, A, A, A, B, NEITHER, NEITHER)
    assert (chosen.text, rejected.text) == ("answer 0", "answer 2")


@pytest.mark.parametrize(
    "verdicts",
    [(A, A), (B, B), (NEITHER, NEITHER), (A, NEITHER), (NEITHER, A), (B, NEITHER), (NEITHER, B)],
)
def test_a_verdict_that_changes_with_the_order_is_a_tie(verdicts):
    with pytest.raises(Rejected, match="a tie"):
        compared(2, *verdicts)


def test_of_several_the_one_with_the_most_comparisons_won_is_chosen():
    # 0-1, 0-2, 1-2: the last beats both, the first beats the second
    chosen, rejected = compared(3, A, B, B, A, B, A)
    assert (chosen.text, chosen.score, rejected.text, rejected.score) == ("answer 2", 2, "answer 1", 0)


def test_the_two_must_have_a_verdict_between_themselves():
    # 0 beats 1, 1 beats 2, and between 0 and 2 it is a tie
    with pytest.raises(Rejected, match="a tie"):
        compared(3, A, B, A, A, A, B)


@pytest.mark.parametrize("number", [2, 3, 5])
def test_each_two_answers_are_shown_in_both_orders(number):
    shown = [(pair["a"], pair["b"]) for pair in pairs_of(row(number=number))["pairs"]]
    texts = [f"answer {at}" for at in range(number)]
    assert set(shown) == {order for a, b in combinations(texts, 2) for order in ((a, b), (b, a))}
    assert len(shown) == number * (number - 1)


def task(**said):
    return {
        "task_name": "pairs",
        "task_description": "Pairs.",
        "created_by": "us",
        "data_builder": "preference",
        "input": ROWS,
        **said,
    }


def run(folder, generator="simulated", said=None, blocks=(), **options):
    config = {"databuilders": {"preference": {**options, **({"blocks": list(blocks)} if blocks else {})}}}
    return fms_dgt.run(task(**(said or {})), config=config, generator=generator, output_dir=folder)


def score(text):
    return f"<reason>So it is.</reason><score>{text}</score>"


def by_length(body):
    """Answers by seed; a judge that prefers the longer answer, by the text alone."""
    prompt = prompt_of(body)
    if "Judge this answer by itself" in prompt:
        return score(min(10, len(prompt.split("<answer>")[1].split("</answer>")[0].strip())))
    if "Compare the two answers" in prompt:
        a = prompt.split("<answer_a>")[1].split("</answer_a>")[0]
        b = prompt.split("<answer_b>")[1].split("</answer_b>")[0]
        return score(NEITHER if len(a) == len(b) else A if len(a) > len(b) else B)
    return "x" * (1 + body["seed"] % 9)


def teacher(server, model="m"):
    return {"type": "openai", "model": model, "base_url": server.base_url, "api_key": "k"}


@pytest.mark.parametrize("judge", ["scores", "pairwise"])
def test_the_better_answer_is_chosen_whatever_judges(tmp_path, judge):
    with ModelServer(answer=by_length).in_thread() as server:
        outcome = run(tmp_path, teacher(server), judge=judge, answers=3)
    records = list(outcome.records)
    assert records
    for record in records:
        assert list(record) == OUTPUT
        assert len(record["chosen"]) > len(record["rejected"])
        assert record["chosen_score"] > record["rejected_score"]


def test_a_judge_that_prefers_a_place_makes_no_pair(tmp_path):
    """A judge with a taste for the first answer says nothing about the answers."""

    def first(body):
        return score(A) if "Compare the two answers" in prompt_of(body) else f"answer {body['seed']}"

    with ModelServer(answer=first).in_thread() as server:
        outcome = run(tmp_path, teacher(server), judge="pairwise")
    assert not list(outcome.records)
    assert all(
        rejection["reason"].startswith("a tie: the verdict changes") for rejection in outcome.rejections
    )


def test_answers_that_are_the_same_are_not_judged(tmp_path):
    with ModelServer(answer=lambda body: "the same").in_thread() as server:
        outcome = run(tmp_path, teacher(server))
    assert outcome.counts["calls"] == 4
    assert {rejection["reason"] for rejection in outcome.rejections} == {"fewer than two different answers"}


@pytest.mark.parametrize(("margin", "kept"), [(1, 2), (3, 2), (4, 0)])
def test_the_chosen_answer_must_lead_by_the_margin(tmp_path, margin, kept):
    def judged(body):
        prompt = prompt_of(body)
        if "Judge this answer" in prompt:
            return score(8 if "fine" in prompt else 5)
        return "It is fine." if body["temperature"] else "It is bad."

    with ModelServer(answer=judged).in_thread() as server:
        outcome = run(tmp_path, teacher(server), temperatures=[0.0, 1.0], min_margin=margin)
    assert len(list(outcome.records)) == kept
    assert [rejection["reason"] for rejection in outcome.rejections] == ["no clear preference"] * (2 - kept)


def test_several_teachers_answer_and_the_record_says_who(tmp_path):
    def by_model(body):
        prompt = prompt_of(body)
        if "Judge this answer" in prompt:
            return score(9 if "a strong answer" in prompt else 4)
        return f"a {body['model']} answer"

    with ModelServer(answer=by_model).in_thread() as server:
        blocks = [
            {"name": "generator", **teacher(server, "strong")},
            {"name": "small", **teacher(server, "weak")},
            {"name": "validator", "lm_config": teacher(server)},
        ]
        outcome = run(tmp_path, None, blocks=blocks, roles=["small", "generator"], answers=1)
    assert [(r["chosen_role"], r["rejected_role"]) for r in outcome.records] == [("generator", "small")] * 2


def test_one_answer_that_cannot_be_read_leaves_the_others(tmp_path):
    def one_is_empty(body):
        return "" if body["temperature"] == 0 else by_length({**body, "seed": int(body["temperature"] * 8)})

    with ModelServer(answer=one_is_empty).in_thread() as server:
        blocks = [
            {"name": "generator", **teacher(server)},
            {"name": "validator", "lm_config": {"type": "simulated"}},
        ]
        outcome = run(tmp_path, None, blocks=blocks, answers=3, temperatures=[0.0, 0.5, 1.0], min_margin=0)
    assert {rejection["reason"] for rejection in outcome.rejections} <= {"no clear preference"}
    assert outcome.counts["records"] + outcome.counts["rejected"] == 2


def test_the_prompt_may_be_made_of_columns_and_stands_in_the_record(tmp_path):
    said = {"input": [{"topic": "tides"}], "prompt": "Explain {{ topic }} {{ '{' }}briefly}."}
    with ModelServer(answer=by_length).in_thread() as server:
        outcome = run(tmp_path, teacher(server), said=said, answers=5)
        asked = [one.prompt for one in server.requests]
    assert outcome.records[0]["prompt"] == "Explain tides {briefly}."
    assert asked.count("Explain tides {briefly}.") == 5


def test_rows_without_a_prompt_are_rejected_and_the_others_go_on(tmp_path):
    rows = [ROWS[0], {"id": 3, "prompt": None}, {"id": 4, "prompt": " "}]
    outcome = run(tmp_path, said={"input": rows}, min_margin=0)
    assert [r["reason"] for r in outcome.rejections if r["stage"] == "prompt"] == [
        "no value in the column 'prompt'",
        "nothing to ask about",
    ]


@pytest.mark.parametrize(
    ("options", "said", "words"),
    [
        ({"answers": 1}, {}, "one answer to a prompt leaves nothing to compare"),
        ({"roles": ["generator", "generator"]}, {}, "names one of them twice"),
        ({"temperatures": [3.0]}, {}, "each must be from 0 to 2"),
        ({"judge": "points"}, {}, "it may be: pairwise, scores"),
        ({"min_margin": -1}, {}, "it must be 0 or more"),
        ({}, {"input": "none.jsonl"}, "there is no file 'none.jsonl'"),
        ({}, {"prompt": "{{ promt }}"}, "needs the column 'promt'"),
        ({}, {"prompt": "{{ prompt"}, "is not a template"),
    ],
)
def test_what_is_wrong_is_said_before_the_first_call(tmp_path, options, said, words):
    with pytest.raises(InputError) as caught:
        run(tmp_path, said=said, **options)
    assert words in str(caught.value)


def test_the_shipped_task_runs_offline(project):
    here = project({})
    assert here.run("--task-paths", "preference", "--config-path", "offline", "--output-dir", "out").code == 0
    records = [json.loads(line) for line in here.read("out/preference/data.jsonl").splitlines()]
    assert records
    assert all(list(record) == OUTPUT for record in records)
