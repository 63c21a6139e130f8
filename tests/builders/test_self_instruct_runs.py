"""self_instruct end to end, against a stand-in server whose answers are said here."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from instruct_samples import SEEDS, run, wanted_tags

from fms_dgt.testing import prompt_of

GROW = {"seed_examples": SEEDS}
TEXTS = {"seed_examples": [{"input": "Tides come twice a day."}, {"input": "Moss grows in the shade."}]}


def writer(instructions, *, kind="0"):
    """Answers each step; `instructions(prompt)` are those that are written."""

    def answer(body):
        prompt, tags = prompt_of(body), wanted_tags(body)
        if tags in (["instruction"], ["query"]):
            return instructions(prompt)
        if tags == ["reason", "score"]:
            return f"<reason>So it is.</reason><score>{kind}</score>"
        if not tags:
            return f"Result {len(prompt)} 0"
        number = int((re.search(r", (\d+) times,", prompt) or [0, 1])[1])
        texts = {"input": "Material", "output": f"Result {len(prompt)}"}
        return "".join(f"<{tag}>{texts[tag]} {at}</{tag}>" for at in range(number) for tag in tags)

    return answer


def fresh(prompt):
    """Five instructions that share no word with those of other prompts."""
    stem = f"w{abs(hash(prompt)) % 10**9}"
    return "\n".join(f"<instruction>{stem}a{n} {stem}b{n} {stem}c{n}</instruction>" for n in range(5))


def reasons(outcome) -> Counter:
    return Counter((line["stage"], line["reason"]) for line in outcome.rejections)


def test_a_pool_grows_and_later_prompts_show_it(tmp_path):
    prompts = []

    def instructions(prompt):
        prompts.append(prompt)
        return fresh(prompt)

    outcome = run(
        "self_instruct",
        writer(instructions),
        tmp_path,
        task=GROW,
        options={"lag": 2},
        num_outputs_to_generate=30,
    )
    assert outcome.complete
    ours = {seed["instruction"] for seed in SEEDS}
    shown = [re.findall(r"<instruction>\n(.+)\n</instruction>", prompt) for prompt in prompts]
    accepted = {record["instruction"] for record in outcome.records}
    assert all(len(texts) == 8 for texts in shown)
    assert [len(set(texts) - ours) for texts in shown[:2]] == [0, 0]
    assert [len(set(texts) - ours) for texts in shown[2:]] == [2] * len(shown[2:])
    assert {text for texts in shown for text in texts} <= ours | accepted


@pytest.mark.parametrize(
    ("kind", "template", "number", "first"),
    [("0", "input_first", 1, "input"), ("1", "output_first", 2, "output")],
)
def test_classifications_are_written_label_first_and_all_else_input_first(
    tmp_path, kind, template, number, first
):
    orders = []

    def answer(body):
        tags = wanted_tags(body)
        if set(tags) == {"input", "output"}:
            orders.append(tags[0])
        return writer(fresh, kind=kind)(body)

    outcome = run("self_instruct", answer, tmp_path, task=GROW, num_outputs_to_generate=10)
    records = list(outcome.records)
    assert set(orders) == {first}
    assert {record["is_classification"] for record in records} == {kind == "1"}
    assert set(Counter(record["instruction"] for record in records).values()) == {number}
    assert all(r["input"].startswith("Material") and r["output"].startswith("Result") for r in records)


def test_the_seeds_are_in_the_pool(tmp_path):
    seed = SEEDS[0]["instruction"]
    outcome = run(
        "self_instruct",
        writer(lambda prompt: f"<instruction>{seed.upper()}</instruction>{fresh(prompt)}"),
        tmp_path,
        task=GROW,
        num_outputs_to_generate=4,
    )
    assert outcome.complete
    refused = [line for line in outcome.rejections if line["stage"] == "instruction_copies"]
    assert {line["reason"] for line in refused} == {"same as a known text"}
    assert refused[0]["evidence"] == {"text": seed}


# --- the faults of the one in use -------------------------------------------------------------


def texts_run(folder, reply, **settings):
    settings.setdefault("options", {"answers": False, "num_instructions": 4})
    return run("self_instruct", writer(lambda _: reply), folder, task=TEXTS, **settings)


def test_numbering_bullets_blank_lines_and_repeats_do_not_reach_the_data(tmp_path):
    reply = (
        "1. Why are there two tides a day\n- Where does moss grow best\n\n   \nWhy are there two tides a day"
    )
    outcome = texts_run(tmp_path, reply)
    texts = [record["instruction"] for record in outcome.records]
    assert len(texts) == len(set(texts))
    assert all(re.match(r"[A-Z]", text) for text in texts)


def test_marks_before_an_item_are_no_part_of_it(tmp_path):
    for at, form in enumerate(("1. {}\n2. {}", "- {}\n- {}", "* {}\n\n   \n* {}", "1) {}\n\n2) {}")):
        outcome = texts_run(
            tmp_path / str(at), form.format("Why are there two tides", "Where does moss grow best")
        )
        assert [record["instruction"] for record in outcome.records] == [
            "Why are there two tides",
            "Where does moss grow best",
        ]


def test_more_than_was_asked_for_is_left_out(tmp_path):
    reply = "".join(f"<query>Quite another matter{n} {n}a {n}b {n}c</query>" for n in range(9))
    outcome = texts_run(tmp_path, reply)
    assert outcome.counts["records"] == 4


def test_an_answer_that_cannot_be_read_is_a_rejection_with_a_reason(tmp_path):
    outcome = texts_run(tmp_path, "")
    assert not list(outcome.records)
    assert reasons(outcome) == {("queries", "unreadable reply"): 2}


@pytest.mark.parametrize(
    ("answers", "dropped"),
    [
        # where a call follows, the items of a reply are compared before it is paid for
        (True, {"like another item of the same reply": 2, "like an earlier record": 1}),
        (False, {"like an earlier record": 3}),
    ],
)
def test_instructions_are_unlike_one_another(tmp_path, answers, dropped):
    same = "<query>Why are there two tides on each day</query><query>Why are there two tides on every day</query>"
    outcome = texts_run(tmp_path, same, options={"answers": answers})
    assert [record["instruction"] for record in outcome.records] == ["Why are there two tides on each day"]
    assert reasons(outcome) == {("dedup_instruction", reason): count for reason, count in dropped.items()}


def test_rejected_rows_say_the_rule(tmp_path):
    texts = ["Draw a map of it", "Too short", "(In round brackets)", "Why are there two tides"]
    reply = "".join(f"<query>{text}</query>" for text in texts)
    outcome = texts_run(tmp_path, reply)
    assert outcome.counts["records"] == 1
    assert {why for stage, why in reasons(outcome) if stage == "usable"} == {
        *("needs more than text", "under 3 words", "begins with a sign")
    }


# --- about texts ------------------------------------------------------------------------------


def test_texts_get_queries_and_answers(tmp_path):
    asked = []
    queries = {True: "<query>Who counts the tides</query>", False: "<query>Where does moss grow</query>"}

    def answer(body):
        asked.append(prompt_of(body))
        return writer(lambda prompt: queries["Tides" in prompt])(body)

    task = {**TEXTS, "application_description": "Coast guide", "criteria": ["Ask politely."]}
    outcome = run("self_instruct", answer, tmp_path, task=task)
    records = list(outcome.records)
    assert [(r["instruction"], r["input"]) for r in records] == [
        ("Who counts the tides", "Tides come twice a day."),
        ("Where does moss grow", "Moss grows in the shade."),
    ]
    assert all(r["output"].startswith("Result") for r in records)
    assert all("Coast guide" in prompt for prompt in asked)
    assert [("- Ask politely." in prompt) for prompt in asked].count(True) == 2


def test_a_blank_text_is_one_rejection(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"input": "Tides."}\n{"input": " "}\n{"input": 4}\n')
    outcome = run(
        "self_instruct",
        writer(lambda _: "<query>What is known of it</query>"),
        tmp_path / "out",
        task={"input": str(rows)},
    )
    assert [record["input"] for record in outcome.records] == ["Tides."]
    assert reasons(outcome) == {("has_text", "no text in the column 'input'"): 2}


def test_the_shipped_task_runs_offline(project):
    made = project({})
    result = made.run(
        "--task-paths", "self_instruct", "--config-path", "offline", "--num-outputs-to-generate", "12"
    )
    assert result.code == 0, result.stderr
    records = [json.loads(line) for line in made.read("output/self_instruct/data.jsonl").splitlines()]
    assert len(records) == 12
    assert all(record["instruction"] and record["output"] for record in records)
    assert {record["is_classification"] for record in records} == {True, False}
