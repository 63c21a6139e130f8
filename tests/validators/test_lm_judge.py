from __future__ import annotations

import asyncio

import pytest

from fms_dgt.core.generator import Completion
from fms_dgt.core.kit import Reply
from fms_dgt.core.node import Node
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check, Judge
from fms_dgt.core.template import Template
from fms_dgt.core.typed import decode
from fms_dgt.core.validator import Verdict, at_least, at_most, equal
from fms_dgt.errors import Rejected
from fms_dgt.validators.lm_judge import LMJudge, LMJudgeOptions


class FakeKit:
    """Answers with one score after the other; notes what it was asked."""

    def __init__(self, check: Check, scores=(2,)) -> None:
        self.check = check
        self.scores = iter(scores)
        self.asked: list[tuple] = []

    async def ask(self, role, template, *, count=None, params=None, **values):
        self.asked.append((role, template, dict(params or {})))
        score = next(self.scores)
        if score is None:
            raise Rejected("unreadable reply")
        return Reply(
            {"score": score, "reason": f"reason {len(self.asked)}"}, str(score), Completion(str(score))
        )

    async def together(self, *steps):
        results = await asyncio.gather(*steps, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result
        return results


def judge(**options) -> LMJudge:
    problems: list = []
    said = {"lm_config": {"type": "simulated"}, **options}
    value = decode(LMJudgeOptions, Node.of(said, "config.yaml"), problems)
    assert not problems
    return LMJudge(value)


async def test_the_reply_becomes_the_verdict():
    kit = FakeKit(Judge("is_good", keep=at_least(2)))
    verdict = await judge().validate(Row("0", {}), kit)
    assert verdict == Verdict(score=2, reason="reason 1")
    assert kit.asked == [("lm", "is_good", {})]


async def test_the_stages_params_go_along():
    kit = FakeKit(Check("validator", template="is_good", params={"temperature": 1}))
    await judge().validate(Row("0", {}), kit)
    assert kit.asked == [("lm", "is_good", {"temperature": 1})]


@pytest.mark.parametrize(
    ("how", "scores", "score", "reason"),
    [
        ("majority", (3, 2, 3), 3, "reason 1"),
        ("majority", (1, 3, 3), 3, "reason 2"),
        ("majority", (2, 2, 2), 2, "reason 1"),
        ("majority", (3, 1), 1, "reason 2"),
        ("majority", (3, 2, 1), 1, "reason 3"),
        ("majority", (3, 3, 2, 2, 1), 2, "reason 3"),
        ("mean", (3, 2, 3), 8 / 3, "reason 1"),
        ("mean", (1, 2, 3), 2, "reason 2"),
        ("mean", (3, 1), 2, "reason 2"),
        ("mean", (2,), 2, "reason 1"),
    ],
)
async def test_votes_become_one_score_and_a_reason_that_fits_it(how, scores, score, reason):
    kit = FakeKit(Judge("is_good", keep=at_least(2)), scores)
    verdict = await judge(votes=len(scores), vote=how).validate(Row("0", {}), kit)
    assert (verdict.score, verdict.reason) == (score, reason)
    assert kit.asked == [("lm", "is_good", {})] * len(scores)


@pytest.mark.parametrize(("keep", "score"), [(at_most(2), 3), (at_least(2), 1), (at_least(1), 1), (None, 1)])
async def test_in_a_tie_the_judge_rejects(keep, score):
    kit = FakeKit(Check("validator", template="is_good", keep=keep), (1, 3))
    assert (await judge(votes=2).validate(Row("0", {}), kit)).score == score


async def test_all_votes_are_evidence():
    kit = FakeKit(Judge("is_good", keep=at_least(2)), (3, 1))
    verdict = await judge(votes=2).validate(Row("0", {}), kit)
    assert verdict.evidence == {
        "votes": [{"score": 3, "reason": "reason 1"}, {"score": 1, "reason": "reason 2"}]
    }


async def test_a_vote_that_cannot_be_read_is_no_vote_and_rejects_the_row():
    kit = FakeKit(Judge("is_good", keep=at_least(2)), (3, None, 3))
    with pytest.raises(Rejected, match="unreadable reply"):
        await judge(votes=3).validate(Row("0", {}), kit)
    assert len(kit.asked) == 3


def test_a_threshold_is_the_lowest_score_kept():
    assert str(judge(threshold=3).keep()) == "at least 3"
    assert judge().keep() is None


def template(reply: object, **params) -> Template:
    said = {"prompt": "Is it good? {{ reply_format }}", "reply": reply, "params": params}
    return Template.from_node(Node.of(said, "is_good.yaml"), "is_good")


ONE_TO_THREE = {"score": {"from": 1, "to": 3}}


@pytest.mark.parametrize(
    ("check", "reply", "said"),
    [
        (
            Check("validator", on="answer", name="is_good"),
            None,
            "the check 'is_good': lm_judge needs a template to ask with; "
            "name one: Judge('template', ...) or Check('validator', template='...')",
        ),
        (
            Judge("is_good", keep=at_least(2)),
            "text",
            "is_good.yaml: lm_judge needs a template that asks for a score; "
            "write 'reply: {score: {from: 1, to: 3}}', say",
        ),
        (
            Judge("is_good", keep=at_least(4)),
            ONE_TO_THREE,
            "the check 'is_good': keeps scores at least 4, but the scale of its template is from 1 to 3; "
            "choose a threshold on the scale",
        ),
    ],
)
def test_what_cannot_be_judged_is_a_problem(check, reply, said):
    problems = judge().problems(check, template(reply) if reply else None)
    assert [str(problem) for problem in problems] == [said]


@pytest.mark.parametrize("keep", [at_least(2), at_least(3), equal(1), None])
def test_a_check_that_fits_is_no_problem(keep):
    check = Check("validator", template="is_good", keep=keep)
    assert judge().problems(check, template(ONE_TO_THREE)) == []
    assert judge().problems(check, None) == []


COLD = {"type": "openai", "temperature": 0}
WARM = {"type": "openai", "temperature": 0.7}
SAME = [
    "the check 'is_good': 3 votes at temperature 0 are the same vote, paid for each time; "
    "set a 'temperature' above 0 in 'lm_config', or 'votes: 1'"
]


@pytest.mark.parametrize(
    ("votes", "lm", "in_template", "in_stage", "said"),
    [
        (3, COLD, {}, {}, SAME),
        (1, COLD, {}, {}, []),
        (3, WARM, {}, {}, []),
        (3, "openai", {}, {}, []),
        (3, COLD, {"temperature": 0.5}, {}, []),
        (3, WARM, {"temperature": 0}, {}, SAME),
        (3, WARM, {"temperature": 0}, {"temperature": 1}, []),
    ],
)
def test_votes_that_must_be_alike_are_a_problem(votes, lm, in_template, in_stage, said):
    check = Check("validator", template="is_good", params=in_stage)
    asked_with = template(ONE_TO_THREE, **in_template)
    problems = judge(votes=votes, lm_config=lm).problems(check, asked_with)
    assert [str(problem) for problem in problems] == said


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, "config.yaml: the key 'lm_config' is missing; add 'lm_config: {type: ..., "),
        ({"lm_config": {"model": "x"}}, "config.yaml: lm_config: must be a mapping with a 'type'; add 'type"),
        (
            {"lm_config": "openai", "treshold": 2},
            "config.yaml: treshold: unknown key 'treshold'; did you mean",
        ),
        ({"lm_config": "openai", "votes": 0}, "config.yaml: votes: is 0; it must be 1 or more"),
        (
            {"lm_config": "openai", "vote": "median"},
            "config.yaml: vote: cannot be the text 'median'; did you mean 'mean'? it may be",
        ),
    ],
)
def test_mistakes_in_its_options_are_named(said, problem):
    problems: list = []
    decode(LMJudgeOptions, Node.of(said, "config.yaml"), problems)
    assert str(problems[0]).startswith(problem)
