"""The checks as postprocessors of a config, and in a flow from Python."""

from __future__ import annotations

import pytest

import fms_dgt
from fms_dgt import Check, Flow, Generate, Map
from fms_dgt.errors import InputError

ANSWERS = {
    "fine": "The tide rises twice a day, and the fishermen know its hours by heart.",
    "short": "Yes.",
    "loop": "and so on " * 60,
    "todo": "The tide rises twice a day. TODO: say why it does, and where.",
    "sorry": "I'm sorry, but I can't help with questions about the tides.",
    "mail": "Ask the harbour master, ada@harbour.org, who knows the tides best.",
    "word": "The moon, that heavy smuggler, pulls the water up twice a day.",
    "again": "The tide rises twice a day, and the fishermen know its hours by heart!",
}
CHECKS = [
    {"name": "length", "on": "answer", "low": 3, "high": 200},
    {"name": "repetition", "on": "answer"},
    {"name": "no_notes", "type": "pattern", "on": "answer", "must_not_match": [r"\bTODO\b"]},
    {"name": "refusal", "on": "answer"},
    {"name": "prohibited", "on": "answer", "words": "words.txt"},
    {"name": "rouge", "on": "answer", "threshold": 0.7},
]
WHY = {
    "short": ("length", "too short"),
    "loop": ("repetition", "repeated words"),
    "todo": ("no_notes", "has a pattern it must not have"),
    "sorry": ("refusal", "refusal"),
    "mail": ("prohibited", "personal data: email"),
    "word": ("prohibited", "prohibited word"),
    "again": ("rouge", "like an earlier record"),
}


def answered(*more: Check) -> Flow:
    return Flow(Map(lambda row: {"answer": ANSWERS[row["kind"]]}, ["kind"], ["answer"], name="answer"), *more)


def run(folder, flow=None, postprocessors=(), **said):
    config = {"databuilders": {"given_flow": {"postprocessors": list(postprocessors), **said}}}
    return fms_dgt.run(
        flow or answered(),
        data=[{"kind": kind} for kind in ANSWERS],
        config=config,
        generator="simulated",
        output_dir=folder / "out",
    )


def ends(outcome):
    kinds = list(ANSWERS)
    return {
        kinds[rejection["unit"]]: (rejection["stage"], rejection["reason"])
        for rejection in outcome.rejections
    }


@pytest.fixture
def words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("smuggler\n", encoding="utf-8")


def test_each_check_of_a_config_drops_what_it_is_for(tmp_path, words):
    outcome = run(tmp_path, postprocessors=CHECKS)
    assert [record["kind"] for record in outcome.records] == ["fine"]
    assert ends(outcome) == WHY


def test_the_same_checks_in_a_flow_drop_the_same(tmp_path, words):
    checks = [Check(entry["name"], on="answer") for entry in CHECKS]
    blocks = [{"type": entry["name"], **entry} for entry in CHECKS]
    for block in blocks:
        del block["on"]
    outcome = run(tmp_path, answered(*checks), blocks=blocks)
    assert ends(outcome) == WHY


def test_json_is_checked_by_a_schema(tmp_path):
    entry = {"name": "valid_json", "on": "answer", "schema": {"type": "object"}}
    outcome = run(tmp_path, postprocessors=[entry])
    assert {reason for _, reason in ends(outcome).values()} == {"no valid JSON"}


def test_a_list_that_has_changed_is_a_change(tmp_path, words):
    run(tmp_path, postprocessors=CHECKS)
    (tmp_path / "words.txt").write_text("fishermen\n", encoding="utf-8")
    with pytest.raises(fms_dgt.UserError, match="the validator in the role prohibited"):
        run(tmp_path, postprocessors=CHECKS)


POLICY = """\
prompt: |
  Is this in keeping with the rules of the harbour? Nobody may be insulted.
  <text>{{ answer }}</text>
  {{ reply_format }}
reply: {score: {from: 0, to: 1}}
"""


def test_a_policy_is_a_template_that_a_judge_is_asked_with(tmp_path, words):
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    judge = {"name": "prohibited", "on": "answer", "lm_config": "simulated", "personal_data": []}
    outcome = run(tmp_path, postprocessors=[judge], stages={"prohibited": {"template": "policy.yaml"}})
    calls = outcome.finished.report["flow"]["stages"]
    assert [stage["stage"] for stage in calls][-1] == "prohibited"
    assert {reason for _, reason in ends(outcome).values()} <= {"against the policy"}
    assert outcome.counts["records"] + outcome.counts["rejected"] == len(ANSWERS)
    (tmp_path / "policy.yaml").write_text(POLICY.replace("insulted", "praised"), encoding="utf-8")
    with pytest.raises(fms_dgt.UserError, match=r"the template policy\.yaml changed"):
        run(tmp_path, postprocessors=[judge], stages={"prohibited": {"template": "policy.yaml"}})


@pytest.mark.parametrize("said", ["- Nobody is insulted. {{ no_template }} {% x %}", {"file": "rules.md"}])
def test_a_policy_is_rules_that_a_judge_is_asked_about(tmp_path, words, said, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.md").write_text("# Rules\n\n- Nobody is insulted.\n", encoding="utf-8")
    judge = {"name": "prohibited", "type": "prohibited", "on": "answer", "personal_data": [], "policy": said}
    judge["lm_config"] = {"type": "openai", "model": "m", "api_key": "k", "base_url": "http://127.0.0.1:9"}
    outcome = run(tmp_path, postprocessors=[judge])  # its teacher plays the judge, too
    assert {reason for _, reason in ends(outcome).values()} <= {"against the policy"}
    assert outcome.counts["records"] + outcome.counts["rejected"] == len(ANSWERS)
    with pytest.raises(fms_dgt.UserError, match="the template prohibited changed"):
        run(tmp_path, postprocessors=[{**judge, "policy": "- Everybody is praised."}])


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"name": "length"}, "the check 'length': looks at no column; say which: 'on: response'"),
        ({"name": "length", "on": "anwser"}, "needs the column 'anwser', which nothing makes"),
        ({"name": "length", "on": "answer", "threshold": 3}, "but its options say what goes on"),
        ({"name": "length", "on": "answer", "maximum": 3}, "unknown key 'maximum'"),
        ({"name": "pattern", "on": "answer", "must_match": ["("]}, "'(' is no pattern: missing )"),
        ({"name": "prohibited", "on": "answer", "words": "none.txt"}, "words: cannot read none.txt"),
    ],
)
def test_what_is_wrong_is_said_before_the_first_call(tmp_path, entry, says):
    flow = answered(Generate("Say more. {{ answer }}", into="more"))
    with pytest.raises(InputError) as caught:
        run(tmp_path, flow, postprocessors=[entry])
    assert says in str(caught.value)
