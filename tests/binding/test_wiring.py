"""Columns that a stage, a template or the record needs must have been made before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fms_dgt.binding.wiring import Wiring, matching, required_fields
from fms_dgt.core.composed import Branch, Flow, Together
from fms_dgt.core.node import Node
from fms_dgt.core.record import Record
from fms_dgt.core.stages import Check, Generate, Map, Stage, stage
from fms_dgt.core.template import Template
from fms_dgt.errors import Problem

SEED = frozenset({"topic"})


def template(name: str, prompt: str) -> Template:
    return Template.from_node(Node.of({"prompt": prompt}, f"{name}.yaml"), name)


TEMPLATES = {
    made.name: made
    for made in (template("ask", "On {{ topic }}."), template("check", "Is {{ answer }} right?"))
}


def wire(*stages: Stage, ordered: tuple[str, ...] = ()) -> tuple[frozenset[str], list[Problem]]:
    problems: list[Problem] = []
    wiring = Wiring("task.yaml", TEMPLATES, frozenset(ordered), problems)
    return wiring.flow(Flow(*stages), SEED), problems


def only(problems: list[Problem]) -> str:
    (problem,) = problems
    return str(problem)


def made(name: str, *, needs: str = "topic") -> Map:
    return Map(lambda _row: {name: 1}, [needs], [name], name=f"make_{name}")


def test_a_column_is_there_after_the_stage_that_makes_it() -> None:
    columns, problems = wire(Generate("ask", into="answer"), made("length", needs="answer"))
    assert problems == []
    assert columns == {"topic", "answer", "length"}


def test_a_column_is_not_there_before_it() -> None:
    _, problems = wire(made("length", needs="answer"), Generate("ask", into="answer"))
    assert "make_length" in only(problems)
    assert "'answer'" in only(problems)


def test_a_variable_of_a_template_is_looked_for_and_its_file_named() -> None:
    _, problems = wire(Generate("check", into="verdict"))
    assert only(problems).startswith("check.yaml: ")
    assert "'answer'" in only(problems)


def test_a_column_of_one_way_only_is_not_there_after_a_branch() -> None:
    ways = {"a": Flow(made("x"), made("both", needs="x")), "b": Flow(made("both"))}
    columns, problems = wire(Branch("topic", ways), made("after", needs="both"))
    assert problems == []
    assert "both" in columns
    assert "x" not in columns


def test_every_way_of_a_branch_is_checked() -> None:
    _, problems = wire(Branch("topic", {"a": Flow(made("x")), "b": Flow(made("y", needs="gone"))}))
    assert "'gone'" in only(problems)


def test_stages_at_the_same_time_do_not_see_each_other() -> None:
    columns, problems = wire(Together(made("x"), made("y", needs="x")))
    assert "'x'" in only(problems)
    assert {"x", "y"} <= columns


def test_a_branch_and_an_ordered_check_are_refused_inside_a_stage() -> None:
    inside = Together(made("x"), Check("dedup", on="topic", name="dedup"))
    _, problems = wire(inside, ordered=("dedup",))
    assert "dedup" in only(problems)
    _, problems = wire(Together(made("x"), Branch("topic", {"a": Flow()}, name="ways")))
    assert "ways" in only(problems)


def test_what_a_function_passes_to_its_asks_is_not_checked() -> None:
    @stage(makes={"answer"}, asks={"generator": ["check"]})
    async def asking(row: Any, _kit: Any) -> Any:
        return row

    assert wire(asking)[1] == []


@dataclass(frozen=True, kw_only=True)
class Answer(Record):
    topic: str
    answer: str
    notes: list[str] = field(default_factory=list)


def test_a_record_needs_its_fields_without_a_default() -> None:
    problems: list[Problem] = []
    Wiring("task.yaml", {}, frozenset(), problems).record(Answer, SEED)
    assert "'answer'" in only(problems)
    assert "notes" not in required_fields(Answer)


def test_chosen_columns_of_a_record_must_be_there() -> None:
    problems: list[Problem] = []
    Wiring("task.yaml", {}, frozenset(), problems).output(["topic", "topik"], SEED)
    assert "'topik'" in only(problems)
    assert "topic" in str(problems[0].mend)


def test_a_glob_stands_for_the_templates_that_match() -> None:
    names: Mapping[str, object] = dict.fromkeys(["ask_a", "ask_b", "other"])
    assert matching("ask_*", names) == ["ask_a", "ask_b"]
    assert matching("unknown", names) == ["unknown"]
