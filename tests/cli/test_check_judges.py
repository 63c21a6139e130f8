"""`fms_dgt check-teachers --judge`: a blind judge is told from one that looks at the rows."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from fms_dgt.testing import Fault, ModelServer, prompt_of

sys.path.insert(0, str(Path(__file__).parents[1] / "runner"))

from judge_answers import always_low, always_top, judge, scale_of, seeing  # noqa: E402

JARGON = {
    "Say this plainly: circle back.": "Let's talk about this again when we have more time and know a bit more.",
    "Say this plainly: no bandwidth.": "We have too much to do already, so somebody else has to take this on.",
    "Say this plainly: low-hanging fruit.": "What is done quickly and helps at once, so we should begin with it.",
}
FERRY = "The ferry to Marrow leaves at nine and at noon. A ticket is 3 euros."
MARINA = "Wrenhaven marina has forty berths. A night is 14 euros, power is 4 euros more."
FACTS = {
    FERRY: {
        "When does the ferry to Marrow leave?": "It leaves twice, at nine in the morning and at noon each day.",
        "What does the ferry to Marrow cost?": "A ticket for the ferry to Marrow costs 3 euros for a passenger.",
        "How often does the ferry to Marrow go?": "The ferry goes to Marrow two times, in the morning and at noon.",
    },
    MARINA: {
        "How many berths has Wrenhaven marina?": "There are forty berths for boats in the marina of Wrenhaven.",
        "What is a night in Wrenhaven marina?": "A night costs 14 euros, and 18 euros with power at the berth.",
        "What is power in Wrenhaven marina?": "Power costs 4 euros a night on top of the price of the berth.",
    },
}
PROMPTS = ["Why does basil die?", "How do I sleep on a plane?"]
FIRST = {"created_by": "me", "task_description": "Plain words."}
TASKS = {
    "skills_sdg": {
        "task_name": "plain",
        "data_builder": "skills_sdg",
        "seed_examples": [{"question": q, "answer": a} for q, a in JARGON.items()],
        **FIRST,
    },
    "knowledge_sdg": {
        "task_name": "harbour",
        "data_builder": "knowledge_sdg",
        "include": {"documents": {"harbour": "harbour.md"}},
        "seed_examples": [
            {
                "context": context,
                "questions_and_answers": [{"question": q, "answer": a} for q, a in pairs.items()],
            }
            for context, pairs in FACTS.items()
        ],
        **FIRST,
    },
    "preference": {
        "task_name": "pairs",
        "data_builder": "preference",
        "input": [{"prompt": prompt} for prompt in PROMPTS],
        **FIRST,
    },
}
FLAGS = ("check-teachers", "--judge", "--config-path", "c.yaml", "--task-paths", "task.yaml")


def config(url: str, builder: str, **options: object) -> str:
    model = {"type": "openai", "model": "m", "base_url": url, "api_key": "none", "enforce_schema": True}
    blocks = [{"name": "generator", **model}, {"name": "validator", "lm_config": model}]
    return yaml.safe_dump({"databuilders": {builder: {"blocks": blocks, **options}}})


def checked(project, answer, builder, *flags, task=None, code=None, **options):
    """What `--json` says of each judge: its name, the conclusion, pairs and told apart; and the server."""
    made = project({"task.yaml": yaml.safe_dump({**TASKS[builder], **(task or {})}), "harbour.md": MARINA})
    with ModelServer(answer).in_thread() as server:
        made.write({"c.yaml": config(server.base_url, builder, **options)})
        result = made.run(*FLAGS, *flags)
    if code is not None:
        assert result.code == code, result.stdout + result.stderr
    return result, server


def judges(result) -> dict[str, dict]:
    said = json.loads(result.stdout)
    assert result.code == said["exit_code"]
    return {f"{one['judge']} {one['origin']}": one for one in said["judges"]}


def answered(prompt: str) -> str:
    """What the stand-in answers to a preference task's prompt."""
    return judge(lambda *_: 0)({"messages": [{"content": prompt}]})


def known() -> list[tuple[str, str]]:
    facts = [pair for pairs in FACTS.values() for pair in pairs.items()]
    own = [(context, answer) for context, pairs in FACTS.items() for answer in pairs.values()]
    return [*JARGON.items(), *facts, *own, *((prompt, answered(prompt)) for prompt in PROMPTS)]


def looks(body):
    """A judge that knows the right answers; where a question alone is judged, the right questions."""
    scale = scale_of(body)
    prompt = prompt_of(body)
    if scale and _question_alone(prompt):
        name, low, high = scale
        good = any(question in prompt for question, _ in known())
        return json.dumps({"reason": "Seen.", name: high if good else low})
    return seeing(known())(body)


def _question_alone(prompt: str) -> bool:
    return "<response>" not in prompt and "<answer" not in prompt and "<claim" not in prompt


CASES = [("skills_sdg", {}), ("knowledge_sdg", {}), ("preference", {}), ("preference", {"judge": "pairwise"})]


@pytest.mark.parametrize(("builder", "options"), CASES)
def test_a_seeing_judge_is_trusted(project, builder, options):
    result, _ = checked(project, looks, builder, "--json", code=0, **options)
    found = judges(result)
    assert {one["conclusion"] for one in found.values()} == {"sees"}, found
    assert all(one["told_apart"] == one["pairs"] for one in found.values())


@pytest.mark.parametrize("answer", [always_top, always_low], ids=["always the highest", "always the lowest"])
@pytest.mark.parametrize(("builder", "options"), CASES)
def test_a_blind_judge_is_found_out(project, builder, options, answer):
    """Of two answers, the lowest score is the first one, the highest the second."""
    result, _ = checked(project, answer, builder, "--json", code=1, **options)
    found = judges(result)
    assert {one["conclusion"] for one in found.values()} == {"blind"}, found
    assert all(one["told_apart"] == 0 for one in found.values())


def test_the_screen(project):
    result, server = checked(project, always_top, "skills_sdg", code=1)
    assert (
        result.stdout
        == """\
plain: filter_questions_template (validator, openai:m, keeps equal 1)
  row       scores  kept
  right     1 1 1   3 of 3
  nonsense  1 1 1   3 of 3
  copied    1 1 1   3 of 3
  empty     1 1 1   3 of 3
  cannot tell good from bad: 0 of 9 pairs told apart, 70 % wanted

plain: filter_qa_template (validator, openai:m, keeps at least 2)
  row       scores  kept
  right     3 3 3   3 of 3
  swapped   3 3 3   3 of 3
  cut       3 3 3   3 of 3
  nonsense  3 3 3   3 of 3
  copied    3 3 3   3 of 3
  empty     3 3 3   3 of 3
  cannot tell good from bad: 0 of 15 pairs told apart, 70 % wanted
"""
    )
    assert len(server.requests) == 30
    assert not (Path.cwd() / "output").exists()


def test_of_one_seed_nothing_is_concluded(project):
    task = {"seed_examples": TASKS["skills_sdg"]["seed_examples"][:1]}
    result, _ = checked(project, always_top, "skills_sdg", task=task, code=0)
    assert result.stdout.count("too few rows to tell; add seed examples or 'calibrate'") == 2
    assert "swapped" not in result.stdout


def test_a_judge_that_gives_no_score_is_not_trusted(project):
    def mute(body):
        return "I would rather not say."

    result, _ = checked(project, mute, "skills_sdg", code=1)
    assert "gave no score: 0 of 9 pairs told apart" in result.stdout
    assert "no score: unreadable reply" in result.stdout


def test_a_wrong_key_ends_with_2(project):
    made = project({"task.yaml": yaml.safe_dump(TASKS["skills_sdg"])})
    with ModelServer(faults=lambda body, index: Fault(status=401)).in_thread() as server:
        made.write({"c.yaml": config(server.base_url, "skills_sdg")})
        result = made.run(*FLAGS)
    assert result.code == 2
    assert "401" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_task_must_be_named(project):
    result = project({}).run("check-teachers", "--judge", "--teacher", "simulated")
    assert result.code == 2
    assert "no task is named whose judges are meant; name one: fms_dgt check-teachers --judge TASK" in result.stderr


# --- calibrate --------------------------------------------------------------------------------------

GOOD = {"instruction": "Say this plainly: synergy.", "response": "Working together brings more."}
OWN = [
    {"judge": "filter_qa_template", "row": GOOD, "expect": "good"},
    {"judge": "filter_qa_template", "row": {**GOOD, "response": "Synergy."}, "expect": "bad"},
    {"row": {**GOOD, "response": "Purple."}, "expect": 1, "judge": "filter_qa_template"},
    {"row": {**GOOD, "response": "Working."}, "expect": 2, "judge": "filter_qa_template"},
]


def test_a_tasks_own_rows_are_shown(project):
    right = [(GOOD["instruction"], GOOD["response"])]

    def own(prompt, low, high):
        return high if right[0][1] in prompt else low + ("Working." in prompt)

    result, _ = checked(project, judge(own), "skills_sdg", "--json", task={"calibrate": OWN})
    (mine,) = [one for one in judges(result).values() if one["origin"] == "calibrate"]
    assert mine["scores"] == {
        "expected good": [3.0],
        "expected bad": [1.0],
        "expected 1": [1.0],
        "expected 2": [2.0],
    }
    assert (mine["conclusion"], mine["pairs"], mine["told_apart"]) == ("sees", 6, 5)


def test_a_blind_judge_fails_a_tasks_own_rows(project):
    result, _ = checked(project, always_top, "skills_sdg", "--json", task={"calibrate": OWN}, code=1)
    assert judges(result)["filter_qa_template calibrate"]["conclusion"] == "blind"


WRONG = {
    "a key": ({"row": GOOD, "expects": "good"}, "unknown key 'expects'; did you mean 'expect'?"),
    "a word": ({"row": GOOD, "expect": "goood"}, "cannot be 'goood'; did you mean 'good'?"),
    "a value": ({"row": GOOD, "expect": True}, "expect: must be 'good', 'bad' or a score"),
    "no row": ({"row": {}, "expect": "bad"}, "is empty"),
    "a judge": (
        {"row": GOOD, "expect": "good", "judge": "filter_qa_templat"},
        "there is no judge 'filter_qa_templat'; did you mean 'filter_qa_template'?",
    ),
    "a column": (
        {"row": {"instruction": "x"}, "expect": "good", "judge": "filter_qa_template"},
        "shows what the row does not have: response",
    ),
    "any judge": ({"row": {"instruktion": "x"}, "expect": "good"}, "calibrate[0]: fits none of the judges"),
    "a scale": (
        {"row": GOOD, "expect": 9, "judge": "filter_qa_template"},
        "expects 9; the scale of 'filter_qa_template' is from 1 to 3",
    ),
    "a long row": ({"row": {"response": "x" * 200_000}, "expect": "bad"}, "100,000 is the most"),
}


@pytest.mark.parametrize(("row", "says"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_own_rows_is_said_before_a_call(project, row, says):
    result, server = checked(project, always_top, "skills_sdg", task={"calibrate": [row]}, code=2)
    assert says in result.stderr
    assert not server.requests


def test_own_rows_are_bounded(project):
    rows = [{"row": GOOD, "expect": "good"}] * 201
    result, _ = checked(project, always_top, "skills_sdg", task={"calibrate": rows}, code=2)
    assert "calibrate: has 201 rows; leave 200 of them" in result.stderr
