"""`Check(known=...)`: values that count as if records had them from the beginning."""

from __future__ import annotations

import fms_dgt
import pytest
from fms_dgt import Check, Flow, Map

ROWS = [{"text": text} for text in ("One rainy day", "one RAINY day", "A dry day", "a dry day", "Snow")]


def run(folder, check, **settings):
    flow = Flow(Map(lambda row: {}, name="as_it_is"), check)
    return fms_dgt.run(flow, data=ROWS, output_dir=folder, generator="simulated", **settings)


@pytest.mark.parametrize("validator", ["rouge", "exact"])
def test_they_are_refused_with_a_reason_of_their_own(tmp_path, validator):
    outcome = run(tmp_path, Check(validator, on="text", known=["One rainy day"]))
    assert [record["text"] for record in outcome.records] == ["A dry day", "Snow"]
    about = [(line["reason"], line["evidence"].get("record")) for line in outcome.rejections]
    assert about == [
        ("like a known text", None),
        ("like a known text", None),
        ("like an earlier record", 1),
    ]


def test_rouge_shows_which_one(tmp_path):
    first = run(tmp_path, Check("rouge", on="text", known=["Nothing", "One rainy day"])).rejections[0]
    assert first["evidence"] == {"score": 1.0, "text": "One rainy day"}


def test_each_group_knows_them(tmp_path):
    rows = [{"text": "Snow", "on": "hills"}, {"text": "Snow", "on": "roofs"}, {"text": "Rain", "on": "hills"}]
    check = Check("exact", on="text", within="on", known=["snow"])
    outcome = fms_dgt.run(Flow(check), data=rows, output_dir=tmp_path, generator="simulated")
    assert [record["text"] for record in outcome.records] == ["Rain"]


def test_a_run_that_goes_on_decides_the_same(tmp_path):
    check = Check("rouge", on="text", known=["One rainy day"])
    first = run(tmp_path, check, num_outputs_to_generate=1)
    assert first.counts["records"] == 1
    assert [record["text"] for record in run(tmp_path, check).records] == ["A dry day", "Snow"]


def test_other_known_values_are_a_change_of_the_task(tmp_path):
    run(tmp_path, Check("exact", on="text"))
    with pytest.raises(fms_dgt.UserError, match="the stage exact changed"):
        run(tmp_path, Check("exact", on="text", known=["Snow"]))
