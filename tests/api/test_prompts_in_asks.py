"""A prompt in the code of a stage: declared in `asks`, and handed to `kit.ask`."""

from __future__ import annotations

from dataclasses import dataclass

import fms_dgt
import pytest
from fms_dgt import Check, Flow, Generate, Prompt, stage
from fms_dgt.errors import InputError

NAMES = Prompt("Names for {{ pet }}. {{ reply_format }}", reply="list")
PLAIN = "One word on {{ pet }}."
DATA = [{"pet": "a cat"}]


@stage(needs={"pet"}, makes={"names", "word"}, asks={"generator": [NAMES, PLAIN]})
async def named(row, kit):
    names = await kit.ask("generator", NAMES, count=2)
    word = await kit.ask("generator", PLAIN)
    return row.with_(names=names.value, word=word.value)


def run(flow, tmp_path, **settings):
    return fms_dgt.run(flow, data=DATA, generator="simulated", output_dir=tmp_path, **settings)


def test_a_stage_asks_with_its_prompts(tmp_path):
    [record] = run(Flow(named, named.named("again")), tmp_path).records
    assert len(record["names"]) == 2
    assert record["word"]
    assert run(Flow(named, named.named("again")), tmp_path).counts["calls"] == 0


def test_a_prompt_alone_needs_no_list(tmp_path):
    @stage(needs={"pet"}, makes={"names"}, asks={"generator": NAMES})
    async def alone(row, kit):
        return row.with_(names=(await kit.ask("generator", NAMES, count=1)).value)

    [record] = run(Flow(alone), tmp_path).records
    assert len(record["names"]) == 1


def test_a_changed_prompt_is_told_by_the_name_of_its_stage(tmp_path):
    def flow(text):
        prompt = Prompt(text)

        @stage(needs={"pet"}, makes={"word"}, asks={"generator": [prompt]})
        async def say(row, kit):
            return row.with_(word=(await kit.ask("generator", prompt)).value)

        return Flow(say)

    run(flow("Say {{ pet }}."), tmp_path)
    with pytest.raises(fms_dgt.UserError, match="the template say changed"):
        run(flow("Name {{ pet }}."), tmp_path)


BROKEN = Prompt("Say {{ pet ", reply="list")


@stage(needs={"pet"}, makes={"word"}, asks={"generator": [BROKEN]})
async def broken(row, kit):
    return row


@pytest.mark.parametrize(
    "flow",
    [
        Flow(broken),
        Flow(Generate(BROKEN, into="broken")),
        Flow(Check("lm_judge", template=BROKEN, name="broken")),
    ],
)
def test_a_faulty_prompt_is_one_error(tmp_path, flow):
    with pytest.raises(InputError) as error:
        run(flow, tmp_path)
    assert [str(problem) for problem in error.value.problems] == [
        "the prompt of the stage 'broken': prompt, line 1: is not a valid template: unexpected end of template, "
        "expected 'end of print statement'.; see the Jinja syntax"
    ]


def test_two_prompts_with_one_text_are_refused_where_they_are_declared():
    with pytest.raises(ValueError, match="two prompts have one text and differ in the rest"):
        stage(asks={"generator": [Prompt("Say it.", reply="list"), Prompt("Say it.")]})


@dataclass
class Fact:
    text: str
    year: int | None = None


def test_a_class_is_the_schema_of_a_reply(tmp_path):
    [record] = run(
        Flow(Generate(Prompt("On {{ pet }}. {{ reply_format }}", reply=Fact), into="fact")), tmp_path
    ).records
    assert set(record["fact"]) <= {"text", "year"}
    assert isinstance(record["fact"]["text"], str)


def test_a_pydantic_model_is_the_schema_of_a_reply(tmp_path):
    pydantic = pytest.importorskip("pydantic")

    class Pet(pydantic.BaseModel):
        name: str = pydantic.Field(pattern="^[A-Z][a-z]{1,9}$")
        legs: int = pydantic.Field(ge=0, le=8)
        friend: "Pet | None" = None

    Pet.model_rebuild(_types_namespace={"Pet": Pet})
    [record] = run(
        Flow(Generate(Prompt("{{ pet }} {{ reply_format }}", reply={"json": Pet}), into="made")), tmp_path
    ).records
    assert Pet.model_validate(record["made"]).legs <= 8


def test_options_of_a_check_from_python(tmp_path):
    flow = Flow(
        Generate("A word on {{ pet }}.", into="word"),
        Check("length", on="word", options={"high": 1, "unit": "characters"}, name="tiny"),
    )
    [rejection] = run(flow, tmp_path).rejections
    assert (rejection["stage"], rejection["reason"]) == ("tiny", "too long")
