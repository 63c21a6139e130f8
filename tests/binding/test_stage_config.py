"""What a config says of stages is laid on the flow; what fits no stage is reported."""

from __future__ import annotations

from typing import Any

import pytest

from fms_dgt.binding.stage_config import StageConfigs
from fms_dgt.core.composed import Branch, Flow, Together
from fms_dgt.core.node import Node
from fms_dgt.core.stages import Check, Generate, Judge, Map, Stage
from fms_dgt.core.validator import Keep, at_least
from fms_dgt.errors import Problem


def noop(_row: Any) -> dict[str, Any]:
    return {}


WRITE = Generate("write", into="text", params={"temperature": 0.5, "top_p": 0.9})
RATE = Judge("rate", at_least(2))
FLOW = Flow(WRITE, RATE, Map(noop))


def applied(config: Any, flow: Flow = FLOW, elsewhere: tuple[str, ...] = ()) -> tuple[Flow, list[Problem]]:
    problems: list[Problem] = []
    configs = StageConfigs.read(Node.of(config, "config.yaml"), problems)
    return configs.applied(flow, elsewhere, problems), problems


def changed(name: str, config: Any) -> Any:
    flow, problems = applied({name: config})
    assert problems == []
    return next(stage for stage in flow.walk() if stage.name == name)


def names(flow: Flow) -> list[str]:
    return [stage.name for stage in flow.walk()]


def test_no_config_changes_nothing() -> None:
    assert applied({})[0].stages == FLOW.stages


def test_a_stage_is_switched_off() -> None:
    assert names(applied({"rate": {"enabled": False}})[0]) == ["write", "noop"]


def test_params_are_laid_on_those_of_the_stage() -> None:
    assert changed("write", {"params": {"temperature": 0}}).params == {"temperature": 0, "top_p": 0.9}


def test_another_template_leaves_the_name_of_the_stage() -> None:
    stage = changed("write", {"template": "other", "role": "teacher"})
    assert (stage.name, stage.template, stage.role) == ("write", "other", "teacher")


def test_the_role_of_a_check_is_its_validator() -> None:
    assert changed("rate", {"role": "strict"}).validator == "strict"


@pytest.mark.parametrize(("keep", "result"), [(3, Keep("at_least", 3)), ({"below": 0.5}, Keep("below", 0.5))])
def test_a_number_keeps_the_relation_and_a_mapping_sets_it(keep: Any, result: Keep) -> None:
    assert changed("rate", {"keep": keep}).keep == result


@pytest.mark.parametrize("keep", [True, "3", {"over": 1}, {"below": True}, {"below": 1, "equal": 2}, []])
def test_a_keep_that_cannot_be_read_is_reported(keep: Any) -> None:
    _, problems = applied({"rate": {"keep": keep}})
    assert [str(problem).partition(":")[0] for problem in problems] == ["config.yaml"]


def test_a_key_that_has_no_effect_on_the_stage_is_reported() -> None:
    _, problems = applied({"noop": {"keep": 1}, "write": {"keep": 2}})
    assert len(problems) == 2
    assert all("'keep'" in str(problem) for problem in problems)


def test_an_unknown_stage_is_reported_with_the_nearest_name() -> None:
    flow, problems = applied({"wrote": {"enabled": False}})
    assert flow.stages == FLOW.stages
    assert "'wrote'" in str(problems[0])
    assert "'write'" in str(problems[0])


def test_a_stage_of_another_task_is_no_mistake() -> None:
    assert applied({"wrote": {"enabled": False}}, elsewhere=("wrote",))[1] == []


@pytest.mark.parametrize(
    "outer",
    [
        Together(Map(noop, name="other"), RATE),
        Branch("kind", {"a": Flow(RATE), "b": Flow(Map(noop, name="other"))}),
    ],
    ids=["together", "branch"],
)
def test_stages_inside_others_are_reached(outer: Stage) -> None:
    flow, problems = applied({"rate": {"keep": 9}}, Flow(outer))
    assert problems == []
    (check,) = (stage for stage in flow.walk() if isinstance(stage, Check))
    assert check.keep == Keep("at_least", 9)
    assert "rate" not in names(applied({"rate": {"enabled": False}}, Flow(outer))[0])
