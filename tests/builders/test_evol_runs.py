"""evol_instruct end to end, against a stand-in server whose answers are said here."""

from __future__ import annotations

import json
import re
from collections import Counter

import fms_dgt
import pytest
from instruct_samples import run, said, wanted_tags

from fms_dgt.builders.evol_instruct.builder import IN_DEPTH, OF_ANSWERS
from fms_dgt.testing import Fault, ModelServer, prompt_of

ROWS = {"seed_examples": [{"instruction": "Why is the sky blue?", "id": 7}]}


def evolver(evolve, *, judge=lambda first, second: 1, answer=lambda text: f"Because of {text}"):
    """Answers each step; `evolve(text)` is the next generation, `judge` 0 or 1."""

    def reply(body):
        prompt, tags = prompt_of(body), wanted_tags(body)
        given = re.search(r"<instruction>\n(.*?)\n</instruction>", prompt, re.DOTALL)
        if tags == ["reason", "score"]:
            first, second = re.findall(r"<(?:first|second)>\n(.*?)\n</", prompt, re.DOTALL)
            return f"<reason>Seen.</reason><score>{judge(first, second)}</score>"
        if tags == ["instruction"]:
            return f"<instruction>{evolve(given[1])}</instruction>"
        if tags == ["response"]:
            before = re.search(r"<response>\n(.*?)\n</response>", prompt, re.DOTALL)
            return f"<response>{evolve(before[1])}</response>"
        return answer(prompt.rpartition("as the user will read it:\n\n")[2])

    return reply


def longer(text):
    return f"{text} And then?"


def go(folder, answer, *, rows=ROWS, **options):
    return run("evol_instruct", answer, folder, task=rows, options={"num_evolutions": 2, **options})


def ends(outcome) -> list[tuple[int, str]]:
    return [(line["evidence"].get("generation"), line["reason"]) for line in outcome.rejections]


def test_each_generation_is_a_record_with_its_line(tmp_path):
    outcome = go(tmp_path, evolver(longer))
    first, second = outcome.records
    assert first == {
        "instruction": "Why is the sky blue? And then?",
        "id": 7,
        "parent_instruction": "Why is the sky blue?",
        "original_instruction": "Why is the sky blue?",
        "generation": 1,
        "mutation": first["mutation"],
        "response": "Because of Why is the sky blue? And then?",
    }
    assert second["parent_instruction"] == first["instruction"]
    assert second["original_instruction"] == "Why is the sky blue?"
    assert second["generation"] == 2
    assert outcome.counts["calls"] == 6


@pytest.mark.parametrize(
    ("options", "generations", "calls"),
    [
        ({"keep": "last"}, [2], 6),
        ({"include_original": True}, [0, 1, 2], 7),
        ({"keep": "last", "include_original": True}, [0, 2], 7),
        ({"answers": False}, [1, 2], 4),
        ({"num_evolutions": 1, "answers": False}, [1], 2),
    ],
)
def test_what_is_kept_and_what_it_costs(tmp_path, options, generations, calls):
    outcome = go(tmp_path, evolver(longer), **options)
    records = list(outcome.records)
    assert [record["generation"] for record in records] == generations
    assert all(("response" in record) == options.get("answers", True) for record in records)
    assert outcome.counts["calls"] == calls


def test_the_original_keeps_an_answer_that_it_has(tmp_path):
    rows = {"seed_examples": [{"instruction": "Why rain?", "response": "Wind."}]}
    original, evolved = go(
        tmp_path, evolver(longer), rows=rows, include_original=True, num_evolutions=1
    ).records
    assert (original["instruction"], original["response"]) == ("Why rain?", "Wind.")
    assert evolved["response"] == "Because of Why rain? And then?"


def test_an_answer_to_the_parent_is_never_the_evolved_ones(tmp_path):
    rows = {"seed_examples": [{"instruction": "Why rain?", "response": "Wind."}]}
    records = go(tmp_path, evolver(longer), rows=rows, answers=False).records
    assert [record["response"] for record in records] == ["", ""]


def test_answers_evolve_and_instructions_stay(tmp_path):
    rows = {"seed_examples": [{"instruction": "Why rain?", "response": "Wind."}]}
    outcome = go(tmp_path, evolver(lambda text: f"{text} And so."), rows=rows, variant="quality")
    first, second = outcome.records
    assert {first["instruction"], second["instruction"]} == {"Why rain?"}
    assert (first["response"], second["response"]) == ("Wind. And so.", "Wind. And so. And so.")
    assert (second["parent_response"], second["original_response"]) == ("Wind. And so.", "Wind.")
    assert {first["mutation"], second["mutation"]} <= set(OF_ANSWERS)
    assert outcome.counts["calls"] == 4


# --- elimination: the parent goes on ----------------------------------------------------------

ONCE = "Why is the sky blue?"


def once_bad(bad):
    """Evolves badly whatever came of the first try, and well from then on."""
    tries = Counter()

    def evolve(text):
        tries[text] += 1
        return bad(text) if tries[text] == 1 else longer(text)

    return evolve


FIRST_FAILS = [
    ({"evolve": once_bad(lambda text: "Sorry, no.")}, "a refusal"),
    ({"evolve": once_bad(lambda text: text.upper())}, "same as its parent"),
    ({"evolve": once_bad(lambda text: "The #Rewritten Prompt#: Why?")}, "copies words of the prompt"),
    ({"evolve": once_bad(lambda text: "...?")}, "only stop words and punctuation"),
    ({"evolve": once_bad(lambda text: "Why so blue?"), "judge": lambda a, b: int("so" not in b)}, "no gain over its parent"),
    ({"evolve": once_bad(lambda text: "Why so blue?"), "answer": lambda text: "Sorry." if "so" in text else "Light."}, "says 'sorry' and is short"),
    ({"evolve": once_bad(lambda text: "Why so blue?"), "answer": lambda text: "Of the." if "so" in text else "Light."}, "only stop words and punctuation"),
    ({"evolve": once_bad(lambda text: "")}, "unreadable reply"),
]  # fmt: skip


@pytest.mark.parametrize(("how", "reason"), FIRST_FAILS, ids=[reason for _, reason in FIRST_FAILS])
def test_what_is_eliminated_has_a_reason_and_its_parent_goes_on(tmp_path, how, reason):
    if reason == "unreadable reply":
        # it is asked for once more
        how = {
            "evolve": lambda text, tries=Counter(): (
                tries.update("x"),
                "" if tries["x"] < 3 else longer(text),
            )[1]
        }
    outcome = go(tmp_path, evolver(**how))
    (record,) = outcome.records
    assert record["generation"] == 2
    assert record["parent_instruction"] == record["original_instruction"] == ONCE
    assert ends(outcome) == [(1, reason)]
    (line,) = outcome.rejections
    assert line["stage"] == "evolve"
    assert {"mutation", "generation"} < line["evidence"].keys()


def test_the_evidence_of_the_judge_is_kept(tmp_path):
    outcome = go(tmp_path, evolver(longer, judge=lambda a, b: 0), num_evolutions=1)
    (line,) = outcome.rejections
    assert line["evidence"]["judge"] == {"score": 0, "reason": "Seen."}
    assert line["evidence"]["text"] == longer(ONCE)


@pytest.mark.parametrize("keep", ["all", "last"])
def test_a_row_of_which_nothing_comes_is_in_the_rejections(tmp_path, keep):
    outcome = go(tmp_path, evolver(lambda text: "Sorry"), keep=keep)
    assert not list(outcome.records)
    assert ends(outcome) == [(1, "a refusal"), (2, "a refusal")]


def test_judge_and_mutations_can_be_switched_off(tmp_path):
    off = {"judge_instruction": {"enabled": False}, **{name: {"enabled": False} for name in IN_DEPTH}}
    outcome = go(tmp_path, evolver(longer, judge=lambda a, b: 0), stages=off)
    assert [record["mutation"] for record in outcome.records] == ["breadth", "breadth"]
    assert outcome.counts["calls"] == 4


def test_a_run_without_a_mutation_is_refused(tmp_path):
    with pytest.raises(fms_dgt.UserError, match="the stage 'evolve' has no mutation left"):
        go(tmp_path, evolver(longer), mutations=["deepen"], stages={"deepen": {"enabled": False}})


# --- the faults of the one in use -------------------------------------------------------------

MANY = {"seed_examples": [{"instruction": f"Why is number {n} odd?"} for n in range(40)]}


def mutations_of(outcome):
    return {(r["original_instruction"], r["generation"]): r["mutation"] for r in outcome.records}


def test_the_seed_settles_the_mutations_whatever_else_differs(tmp_path):
    runs = [("a", 1, 1), ("b", 1, 16), ("c", 2, 16)]
    a, b, c = (
        mutations_of(
            run(
                "evol_instruct",
                evolver(longer),
                tmp_path / name,
                task=MANY,
                options={"num_evolutions": 2, "answers": False},
                seed=seed,
                max_concurrency=concurrency,
            )
        )
        for name, seed, concurrency in runs
    )
    assert a == b
    assert a != c
    counts = Counter(a.values())
    assert counts.keys() == {*IN_DEPTH, "breadth"}
    assert min(counts.values()) >= 5


@pytest.mark.parametrize(
    "text", ["Fill <PROMPT> in", "Prompt#: what is it?", "Say {{ x }} and {% y %}", "Close </b>"]
)
def test_an_instruction_may_hold_what_templates_are_made_of(tmp_path, text):
    (record,) = go(
        tmp_path, evolver(longer), rows={"seed_examples": [{"instruction": text}]}, num_evolutions=1
    ).records
    assert record["instruction"] == longer(text)


def test_a_failed_row_touches_no_other(tmp_path):
    bad = {"instruction": "Why is number 3 odd?"}

    def faults(body, index):
        return Fault(status=400) if bad["instruction"] in prompt_of(body) else None

    with ModelServer(answer=evolver(longer), faults=faults).in_thread() as server:
        lm = {"type": "openai", "model": "m", "base_url": server.base_url, "api_key": "k"}
        config = {"databuilders": {"evol_instruct": {"num_evolutions": 2, "answers": False}}}
        outcome = fms_dgt.run(said("evol_instruct", **MANY), config=config, generator=lm, output_dir=tmp_path)
    assert Counter(r["original_instruction"] for r in outcome.records) == {
        row["instruction"]: 2 for row in MANY["seed_examples"] if row != bad
    }
    assert ends(outcome) == [(1, "failed"), (2, "failed")]


def test_rows_without_text_are_rejected_alone(tmp_path):
    rows = tmp_path / "rows.jsonl"
    given = [{"instruction": "Why rain?"}, {"instruction": " "}, {"instruction": None}, {"other": 1}]
    rows.write_text("".join(json.dumps(row) + "\n" for row in given))
    outcome = go(tmp_path / "out", evolver(longer), rows={"input": str(rows)})
    assert outcome.counts["records"] == 2
    assert [line["reason"] for line in outcome.rejections] == ["no text in the column 'instruction'"] * 3


def test_nothing_of_one_row_stands_in_another(tmp_path):
    for record in go(tmp_path, evolver(longer), rows=MANY).records:
        assert record["instruction"].startswith(record["original_instruction"])
        assert record["response"] == f"Because of {record['instruction']}"


# --- a thousand rows --------------------------------------------------------------------------


@pytest.mark.parametrize(("keep", "number"), [("all", 1000), ("last", 200)])
def test_every_one_of_a_thousand_rows_is_kept_or_rejected_with_a_reason(tmp_path, keep, number):
    rows = [{"instruction": f"Explain the {n}th of all wonders.", "id": n} for n in range(number)]
    lm = {"type": "simulated", "error_rate": 0.05, "malformed_rate": 0.05}
    config = {
        "databuilders": {
            "evol_instruct": {
                "num_evolutions": 2,
                "keep": keep,
                "blocks": [{"name": "validator", "type": "lm_judge", "lm_config": lm}],
            }
        }
    }
    outcome = fms_dgt.run(
        said("evol_instruct"), data=rows, config=config, generator=lm, output_dir=tmp_path, max_concurrency=64
    )
    generations = Counter()
    for record in outcome.records:
        generations[record["id"], record["generation"]] += 1
    for line in outcome.rejections:
        assert line["reason"]
        assert line["stage"] == "evolve"
        generations[line["values"]["id"], line["evidence"]["generation"]] += 1
    assert set(generations.values()) == {1}
    assert {at for at, _ in generations} == set(range(number))
    assert outcome.tasks["t"].end == "exhausted"
    if keep == "all":
        assert generations.keys() == {(n, g) for n in range(number) for g in (1, 2)}
    reasons = Counter(line["reason"] for line in outcome.rejections)
    assert {"unreadable reply", "no gain over its parent"} <= reasons.keys()


def test_the_shipped_task_runs_offline(project):
    made = project({})
    result = made.run("--task-paths", "evol_instruct", "--config-path", "offline")
    assert result.code == 0, result.stderr
    records = [json.loads(line) for line in made.read("output/evol_instruct/data.jsonl").splitlines()]
    assert len(records) > 8
    assert all(record["instruction"] and record["response"] for record in records)
