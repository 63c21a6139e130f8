from __future__ import annotations

import pytest

from fms_dgt.core.generator import Completion
from fms_dgt.core.kit import Reply
from fms_dgt.core.node import Node
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check, Judge
from fms_dgt.core.template import Template
from fms_dgt.core.typed import decode
from fms_dgt.core.validator import Verdict, at_least, equal
from fms_dgt.validators.lm_judge import LMJudge, LMJudgeOptions


class FakeKit:
    """Answers with one score; notes what it was asked."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.asked: list[tuple] = []

    async def ask(self, role, template, *, count=None, params=None, **values):
        self.asked.append((role, template, dict(params or {})))
        return Reply({"score": 2, "reason": "Right, but long."}, "2", Completion("2"))


def judge(**options) -> LMJudge:
    problems: list = []
    said = {"lm_config": {"type": "simulated"}, **options}
    value = decode(LMJudgeOptions, Node.of(said, "config.yaml"), problems)
    assert not problems
    return LMJudge(value)


async def test_the_reply_becomes_the_verdict():
    kit = FakeKit(Judge("is_good", keep=at_least(2)))
    verdict = await judge().validate(Row("0", {}), kit)
    assert verdict == Verdict(score=2, reason="Right, but long.")
    assert kit.asked == [("lm", "is_good", {})]


async def test_the_stages_params_go_along():
    kit = FakeKit(Check("validator", template="is_good", params={"temperature": 1}))
    await judge().validate(Row("0", {}), kit)
    assert kit.asked == [("lm", "is_good", {"temperature": 1})]


def test_a_threshold_is_the_lowest_score_kept():
    assert str(judge(threshold=3).keep()) == "at least 3"
    assert judge().keep() is None


def template(reply: object) -> Template:
    prompt = "Is it good? {{ reply_format }}"
    return Template.from_node(Node.of({"prompt": prompt, "reply": reply}, "is_good.yaml"), "is_good")


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


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, "config.yaml: the key 'lm_config' is missing; add 'lm_config: {type: ..., "),
        ({"lm_config": {"model": "x"}}, "config.yaml: lm_config: must be a mapping with a 'type'; add 'type"),
        (
            {"lm_config": "openai", "treshold": 2},
            "config.yaml: treshold: unknown key 'treshold'; did you mean",
        ),
    ],
)
def test_mistakes_in_its_options_are_named(said, problem):
    problems: list = []
    decode(LMJudgeOptions, Node.of(said, "config.yaml"), problems)
    assert str(problems[0]).startswith(problem)
