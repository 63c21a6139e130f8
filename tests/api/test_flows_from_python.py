"""`fms_dgt.run(Flow(...), data=[...])`: flows without files."""

from __future__ import annotations

import json

import fms_dgt
import numpy as np
import pandas as pd
import pytest
from fms_dgt import Check, Flow, Generate, Judge, Map, Prompt, Rejected, Row, at_least, stage
from fms_dgt.errors import InputError
from fms_dgt.testing import ModelServer, prompt_of

TOPICS = [{"topic": "tides"}, {"topic": "moss"}]


def asked(body):
    """Says what it was asked, so that prompts can be seen in the data."""
    return f"re: {prompt_of(body)}"


@pytest.fixture
def teacher():
    with ModelServer(answer=asked).in_thread() as server:
        yield {"type": "openai", "model": "m", "base_url": server.base_url, "api_key": "k"}


def test_the_rows_go_through_the_prompts(tmp_path, teacher):
    flow = Flow(
        Generate("Write a short question about {{ topic }}.", into="instruction"),
        Generate("{{ instruction }}", into="response"),
    )
    outcome = fms_dgt.run(flow, data=TOPICS, generator=teacher, output_dir=tmp_path)
    assert list(outcome.records) == [
        {
            "topic": topic,
            "instruction": f"re: Write a short question about {topic}.",
            "response": f"re: re: Write a short question about {topic}.",
        }
        for topic in ("tides", "moss")
    ]


def test_it_goes_on_where_it_was_and_notices_a_changed_prompt(tmp_path, teacher):
    def go(text, **settings):
        flow = Flow(Generate(text, into="said"))
        return fms_dgt.run(flow, data=TOPICS, generator=teacher, output_dir=tmp_path, **settings)

    assert go("Of {{ topic }}.").counts["calls"] == 2
    assert go("Of {{ topic }}.").counts["calls"] == 0
    with pytest.raises(fms_dgt.UserError, match="the template said changed"):
        go("On {{ topic }}.")
    assert go("On {{ topic }}.", accept_changes=True).counts["calls"] == 2


def test_a_prompt_may_say_all_that_a_template_file_says(tmp_path):
    listed = Prompt("Three words on {{ topic }}. {{ reply_format }}", reply="list", system="Be brief.")
    flow = Flow(
        Generate(listed, into="word", count=3),
        Judge(
            Prompt("Is {{ word }} good? {{ reply_format }}", reply={"score": {"from": 0, "to": 2}}),
            at_least(0),
        ),
        Check("exact", on="word"),
        Map(lambda row: {"length": len(row["word"])}, needs=["word"], makes=["length"]),
    )
    outcome = fms_dgt.run(flow, data=TOPICS, generator="simulated", output_dir=tmp_path)
    records = list(outcome.records)
    assert records
    assert all(r["length"] == len(r["word"]) for r in records)
    assert [stage["stage"] for stage in report(tmp_path)["stages"]] == [
        "word",
        "validator",
        "exact",
        "lambda",
    ]


def report(folder):
    return json.loads((folder / "flow" / "run.json").read_text())


@stage(needs={"topic"}, makes={"size"})
async def split(row: Row, kit: fms_dgt.Kit):
    return [row.with_(size=1), Rejected("too large", {"size": 2}), row.with_(size=3)]


def test_a_stage_may_reject_some_of_its_rows(tmp_path):
    outcome = fms_dgt.run(Flow(split), data=TOPICS, generator="simulated", output_dir=tmp_path)
    assert [(r["topic"], r["size"]) for r in outcome.records] == [
        ("tides", 1), ("tides", 3), ("moss", 1), ("moss", 3),
    ]  # fmt: skip
    assert [(r["stage"], r["reason"], r["evidence"]) for r in outcome.rejections] == [
        ("split", "too large", {"size": 2})
    ] * 2


WRONG = [
    (Flow(Generate("Of {{ topik }}.", into="x")), {"data": TOPICS}, "uses 'topik', which is not there"),
    (Flow(Generate("Of {{ topic }.", into="x")), {"data": TOPICS}, "is not a valid template"),
    (Flow(Generate("Of {{ topic }}.", into="x")), {}, "a Flow needs rows to work on; pass data="),
    (Flow(Generate("Of it.", into="x")), {"data": TOPICS, "generator": None}, "a Flow needs a model to ask; pass generator="),
    (
        Flow(Generate("Of it.", into="x"), Generate("And it.", into="x")),
        {"data": TOPICS},
        "two stages named 'x'",
    ),
]


@pytest.mark.parametrize(("flow", "given", "says"), WRONG)
def test_what_is_wrong_is_said_before_the_first_call(tmp_path, flow, given, says):
    with pytest.raises(InputError) as caught:
        fms_dgt.run(flow, output_dir=tmp_path, **{"generator": "simulated", **given})
    assert says in str(caught.value)


def test_records_that_are_rows_can_be_formatted(tmp_path):
    task = {
        "task_name": "t",
        "task_description": "Generations.",
        "created_by": "the tests",
        "data_builder": "text_generation",
        "instruction_format": {"text": "{{ prompt }} -> {{ generation }}"},
        "save_formatted_output": True,
    }
    rows = [{"prompt": "Say tides."}]
    outcome = fms_dgt.run(task, data=rows, generator="simulated", output_dir=tmp_path)
    [record] = outcome.records
    [line] = (tmp_path / "t" / "formatted.jsonl").read_text().splitlines()
    assert json.loads(line) == {"text": f"Say tides. -> {record['generation']}"}


def test_a_frame_may_hold_times_and_numbers_of_numpy(tmp_path):
    days = pd.to_datetime(["2026-01-02", None])
    frame = pd.DataFrame({"topic": ["tides", "moss"], "day": days, "n": np.array([1, 2])})
    flow = Flow(Generate("Why {{ topic }}?", into="response"))
    outcome = fms_dgt.run(flow, data=frame, generator="simulated", output_dir=tmp_path)
    assert [(record["day"], record["n"]) for record in outcome.records] == [
        ("2026-01-02T00:00:00", 1),
        (None, 2),
    ]


def test_of_rows_that_cannot_be_read_nothing_else_is_said(tmp_path):
    flow = Flow(Generate("Why {{ topic }}?", into="response"))
    with pytest.raises(fms_dgt.UserError) as caught:
        fms_dgt.run(flow, data=[{"topic": {1, 2}}], generator="simulated", output_dir=tmp_path)
    assert "set is not JSON serializable" in str(caught.value)
    assert "which is not there" not in str(caught.value)
